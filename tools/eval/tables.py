# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of a report, in Markdown and as CSV."""
import csv
import io
import math

import bd_rate
import seams
from metrics import PSNR

LOW_RATES = (0.002, 0.03)
RATES = (0.002, 0.003, 0.005, 0.008, 0.01, 0.015, 0.02, 0.03)
GAP_RATES = (0.003, 0.005, 0.008, 0.01, 0.02, 0.03, 0.1)
NONE = "-"   # in a cell: the curves do not reach there


def mean(values):
    return sum(values) / len(values)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" * len(header) + "|"]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def percent(share):
    return NONE if math.isnan(share) else f"{100 * share:+.1f}"


def signed(value, digits):
    return NONE if math.isnan(value) else f"{value:+.{digits}f}"


def mean_points(by_quality, key):
    """by_quality: {crf: [value of each clip]} -> [(mean rate, mean of a metric)]"""
    return [(mean([v["bpp"] for v in values]), mean([v[key] for v in values])) for values in by_quality.values()]


def mean_curve(by_quality, metric):
    return bd_rate.Curve(mean_points(by_quality, metric.key))


def clip_curves(by_quality, metric):
    rows = list(by_quality.values())
    return [bd_rate.Curve([(values[i]["bpp"], values[i][metric.key]) for values in rows])
            for i in range(len(rows[0]))]


def clip_bd_rates(reference, curve, metric, rates=None):
    pairs = zip(clip_curves(reference, metric), clip_curves(curve, metric))
    return [bd_rate.bd_rate(r, c, rates) for r, c in pairs]


def mean_over_clips(shares):
    """A cell; says of how many clips it is if not of all."""
    valid = [share for share in shares if not math.isnan(share)]
    if not valid:
        return NONE
    count = "" if len(valid) == len(shares) else f" ({len(valid)} clips)"
    return percent(mean(valid)) + count


def bd_rate_rows(name, reference, curve, metrics):
    """BD-rate over all rates and over the low ones, of the mean curves and in the mean over clips."""
    for text, rates in (("all", None), (f"{LOW_RATES[0]:g} to {LOW_RATES[1]:g}", LOW_RATES)):
        yield [name, text, "of the mean curve",
               *(percent(bd_rate.bd_rate(mean_curve(reference, m), mean_curve(curve, m), rates)) for m in metrics)]
        yield [name, text, "mean over clips",
               *(mean_over_clips(clip_bd_rates(reference, curve, m, rates)) for m in metrics)]


def bd_rate_table(pairs, metrics):
    """pairs: (name, reference, curve)"""
    rows = [row for pair in pairs for row in bd_rate_rows(*pair, metrics)]
    return table(["", "bits per pixel", "BD-rate, %", *(m.title for m in metrics)], rows)


def change_table(pairs, metrics):
    """Change of rate at the quality that the reference has at each of RATES, mean curves."""
    rows = [[name, m.title, *(percent(bd_rate.rate_change(mean_curve(reference, m), mean_curve(curve, m), rate))
                              for rate in RATES)] for name, reference, curve in pairs for m in metrics]
    return table(["change of rate, %", "at equal", *(f"{rate:g}" for rate in RATES)], rows)


def gap_table(peers, curve, metric):
    """Quality of curve less that of each peer at GAP_RATES, mean curves."""
    mine = mean_curve(curve, metric)
    rows = []
    for name, measured in peers:
        peer = mean_curve(measured, metric)
        rows.append([name, *(signed(bd_rate.gap(peer, mine, rate), metric.digits) for rate in GAP_RATES)])
    unit = f", {metric.unit}" if metric.unit else ""
    return table([f"{metric.title}{unit}, against", *(f"{rate:g}" for rate in GAP_RATES)], rows)


def clip_gap_table(peers, curve, metric):
    """As gap_table, in the mean over the clips that have both at a rate, which a cell counts."""
    mine = clip_curves(curve, metric)
    rows = []
    for name, measured in peers:
        others = clip_curves(measured, metric)
        row = [name]
        for rate in GAP_RATES:
            gaps = [float(bd_rate.gap(o, m, rate)) for o, m in zip(others, mine)]
            valid = [g for g in gaps if not math.isnan(g)]
            row.append(f"{signed(mean(valid), metric.digits)} ({len(valid)})" if valid else NONE)
        rows.append(row)
    unit = f", {metric.unit}" if metric.unit else ""
    return table([f"{metric.title}{unit}, against", *(f"{rate:g}" for rate in GAP_RATES)], rows)


def ahead_text(reference, curve):
    """At which rates curve is ahead of reference."""
    found = bd_rate.crossings(reference, curve)
    if not found:
        return NONE
    sign, rates = found
    bounds = [0.0, *rates, math.inf]
    parts = []
    for i, (low, high) in enumerate(zip(bounds, bounds[1:])):
        if sign * (-1) ** i > 0:
            limits = [f"above {low:.4f}"] * (low > 0) + [f"below {high:.4f}"] * (high < math.inf)
            parts.append(" and ".join(limits) or "everywhere")
    return "; ".join(parts) or "nowhere"


def lowest_table(peers, curve, metrics):
    """The lowest rate of each encoder, and where curve is ahead of it."""
    rows = []
    for name, measured in peers:
        lowest = min(mean_points(measured, PSNR.key))
        rows.append([name, f"{lowest[0]:.5f}", f"{lowest[1]:.2f}",
                     *(ahead_text(mean_curve(measured, m), mean_curve(curve, m)) for m in metrics)])
    return table(["", "lowest rate", "PSNR-Y there", *(f"ahead in {m.title}" for m in metrics)], rows)


def clip_table(clips, columns, rates=None):
    """columns: (title, reference, curve); BD-rate (PSNR-Y) of each clip"""
    shares = [clip_bd_rates(reference, curve, PSNR, rates) for _, reference, curve in columns]
    rows = [[clip.name, *(percent(share) for share in of_clip)] for clip, of_clip in zip(clips, zip(*shares))]
    return table(["clip", *(title for title, _, _ in columns)], rows)


def clip_lowest_table(clips, measured, curve):
    """For each clip the other encoder's lowest rate, the gap in PSNR-Y there, and where curve is ahead."""
    rows = []
    for clip, peer, mine in zip(clips, clip_curves(measured, PSNR), clip_curves(curve, PSNR)):
        gap = mine.quality_at(peer.lowest_rate) - peer.quality[0]
        rows.append([clip.name, f"{peer.lowest_rate:.4f}", signed(float(gap), 2), ahead_text(peer, mine)])
    return table(["clip", "lowest rate", "dB there", "ahead at bits per pixel"], rows)


def csv_text(comment, header, rows):
    """comment: what stands in the first line, behind #"""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return f"# {comment}\n{file.getvalue()}"


def measurement_csv(comment, clips, measured, metrics):
    """What measurement_tables shows, and each clip's own; the clip of means is "all"."""
    columns = [("bpp", 5), *((m.key, m.digits) for m in metrics)]
    rows = []
    for name, by_quality in measured.items():
        for crf, values in by_quality.items():
            means = {key: mean([v[key] for v in values]) for key, _ in columns}
            for clip, of_clip in zip(["all", *(clip.name for clip in clips)], [means, *values]):
                rows.append([name, clip, crf, *(f"{of_clip[key]:.{digits}f}" for key, digits in columns)])
    return csv_text(comment, ["encoder", "clip", "crf", "bits_per_pixel", *(m.key for m in metrics)], rows)


def measurement_tables(measured, metrics):
    parts = []
    for name, by_quality in measured.items():
        rows = [[crf, f"{mean([v['bpp'] for v in values]):.5f}",
                 *(f"{mean([v[m.key] for v in values]):.{m.digits}f}" for m in metrics)]
                for crf, values in by_quality.items()]
        parts.append(f"{name}:\n\n" + table(["crf", "bits per pixel", *(m.title for m in metrics)], rows))
    return "\n\n".join(parts)


SEAM_HEADER = ["", "crf", "bits per pixel", "PSNR-Y", "tile / near it", "tile / inside", "tile / 16-grid", "16-grid / inside",
               "clip / inside", "clip / 4-frame grid"]


def seam_rows(measured, with_tiles):
    """measured: of Bench.seams; with_tiles(name): whether tiles lie on the picture's own grid"""
    pairs = (("tile", "near"), ("tile", "inside"), ("tile", "token"), ("token", "inside"),
             ("clip", "clip_inside"), ("clip", "token_frames"))
    rows = []
    for name, by_quality in measured.items():
        for crf, values in by_quality.items():
            cells = [seams.ratio(values, *pair) for pair in pairs]
            cells = [f"{cell:.2f}" if cell is not None else NONE for cell in cells]
            if not with_tiles(name):
                cells[:4] = [""] * 4
            rows.append([name, crf, f"{mean([v['bpp'] for v in values]):.4f}",
                         f"{mean([v[seams.PSNR] for v in values]):.2f}", *cells])
    return rows


def seam_table(measured, with_tiles):
    return table(SEAM_HEADER, seam_rows(measured, with_tiles))


def seam_csv(comment, measured, with_tiles):
    return csv_text(comment, ["encoder", *SEAM_HEADER[1:]], seam_rows(measured, with_tiles))
