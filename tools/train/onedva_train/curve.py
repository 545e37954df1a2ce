# SPDX-License-Identifier: LGPL-2.1-or-later
"""The validation curve that a checkpoint carries, as a Markdown table and a plot."""


def rows(history):
    for check in history:
        yield [check["stage"], check["step"], check["samples"]] + [
            f"{r['dpsnr']:+.3f} dB, {100 * r['dbits']:+.1f} %" for r in check["rows"]]


def table(history):
    qidxs = [r["qidx"] for r in history[0]["rows"]]
    head = ["stage", "step", "samples"] + [f"qidx {q}" for q in qidxs]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(v) for v in row) + " |" for row in rows(history)]
    return "\n".join(lines)


def plot(history, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(6, 3.6), dpi=110)
    samples = [c["samples"] / 1000 for c in history]
    for i, first in enumerate(history[0]["rows"]):
        axes.plot(samples, [c["rows"][i]["dpsnr"] for c in history], marker="o", ms=3,
                  label=f"qidx {first['qidx']}")
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xlabel("thousand training clips seen")
    axes.set_ylabel("PSNR-Y over the linear path, dB")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
