# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws rate against quality, a panel for each metric."""
from tables import mean_points

COLOURS = {"onedva": "#d62728", "x264": "#1f77b4", "x265": "#2ca02c", "SVT-AV1": "#9467bd", "libaom": "#8c564b"}
FAINT = "#f4a6a6"   # One-DVA with keyframes nearer
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1)   # that are labelled
STEPS = {"steps 0": ("--", 1.4, "s"), "steps 1": ("-", 2.2, "o")}   # others are dotted


def style(name):
    """-> colour, dashes, line width, marker of a curve"""
    colour = next((value for key, value in COLOURS.items() if name.startswith(key)), "black")
    if name.startswith("onedva"):
        dashes, width, marker = STEPS.get(name.split(", ")[-1], (":", 1.4, "^"))
        return (colour, dashes, width, marker) if "GOP 16" not in name else (FAINT, dashes, width, marker)
    return colour, "--" if name.endswith("GOP 16") else "-", 1.2, "."


def label_rates(axis):
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
    axis.xaxis.set_major_locator(FixedLocator(RATES))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())


def draw(measured, metrics, path):
    """measured: {curve name: {crf: [value of each clip]}}"""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    columns = min(len(metrics), 2)
    rows = -(-len(metrics) // columns)
    legend = 0.3 + 0.2 * -(-len(measured) // 3)   # inches
    height = 4 * rows + legend
    figure, axes = plt.subplots(rows, columns, figsize=(5.5 * columns, height), dpi=90, squeeze=False)
    for axis, metric in zip(axes.flat, metrics):
        for name, by_quality in measured.items():
            colour, dashes, width, marker = style(name)
            points = sorted(mean_points(by_quality, metric.key))
            axis.semilogx([r for r, _ in points], [q for _, q in points], color=colour, linestyle=dashes,
                          linewidth=width, marker=marker, markersize=4, label=name)
        label_rates(axis)
        axis.set_xlabel("bits per pixel")
        axis.set_ylabel(f"{metric.title}, {metric.unit}" if metric.unit else metric.title)
        axis.grid(alpha=0.3, which="both")
    for axis in axes.flat[len(metrics):]:
        axis.set_axis_off()
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="lower center", ncol=3, frameon=False)
    figure.tight_layout(rect=(0, legend / height, 1, 1))
    figure.savefig(path)
    plt.close(figure)
