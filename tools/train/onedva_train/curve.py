# SPDX-License-Identifier: LGPL-2.1-or-later
"""The validation curve that a checkpoint carries, as a Markdown table and a plot."""
from . import evaluate


def name_of(row):
    """Of pairs, key and inter clips are measured apart, in bands that begin at a qidx."""
    return f"{row.get('kind', '')}qidx {row['qidx']}"


def names_of(history):
    """All that was ever measured, in order: a curve may go on with others than it began with."""
    rows = [(r.get("kind", ""), r["qidx"], name_of(r)) for check in history for r in check["rows"]]
    return [name for _, _, name in sorted(set(rows))]


def gains(check):
    return {name_of(r): r for r in check["rows"]}


def table(history):
    names = names_of(history)
    lines = ["| " + " | ".join(["stage", "step", "samples"] + names) + " |",
             "|" + "---|" * (3 + len(names))]
    for check in history:
        at = gains(check)
        cells = [evaluate.gain_of(at[q]) if q in at else "" for q in names]
        lines.append("| " + " | ".join([str(check[k]) for k in ("stage", "step", "samples")] + cells) + " |")
    return "\n".join(lines)


def plot(history, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(6, 3.6), dpi=110)
    for name in names_of(history):
        points = [(c["samples"] / 1000, gains(c)[name]["dpsnr"]) for c in history if name in gains(c)]
        axes.plot(*zip(*points), marker="o", ms=3, label=name)
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xlabel("thousand training clips seen")
    axes.set_ylabel("PSNR-Y over the linear path, dB")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    figure.savefig(path)
