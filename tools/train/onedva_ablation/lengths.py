# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lengths chosen for each tile against one length for all tiles of a clip, on the linear path."""
import bd_rate as curves
import torch

from . import measure, variants

SHARES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32)


class Fixed(variants.WithoutDecoder):
    """The same share of every tile's tokens is kept."""

    share = 1.0

    def lengths(self, y, hat, cost, d, scan):
        return torch.full((len(y),), max(1, round(self.share * scan.tokens)))


def linear_subject(linear, kind=variants.WithoutDecoder):
    return variants.Standard(kind(variants.config(encoder_layers=0, decoder_layers=0), linear))


def fixed_lengths(linear, clip):
    """Of every quantiser and share of tokens, the rows that no other one beats."""
    subject = linear_subject(linear, Fixed)
    rows = []
    for share in SHARES:
        subject.codec.share = share
        rows += measure.rates(subject, [clip])
    rows.sort(key=lambda r: r["bpp"])
    best = []
    for row in rows:
        if not best or row["psnr"] > best[-1]["psnr"]:
            best.append(row)
    return best


def gains(linear, clip):
    """-> BD-rate of chosen lengths, and at each of their rates where the best fixed length is known PSNR-Y's gain"""
    fixed, chosen = fixed_lengths(linear, clip), measure.rates(linear_subject(linear), [clip])
    curve = curves.Curve((r["bpp"], r["psnr"]) for r in fixed)
    better = [(r["bpp"], r["psnr"] - float(curve.quality_at(r["bpp"]))) for r in chosen]
    return measure.bd_rate(fixed, chosen), [(bpp, gain) for bpp, gain in better if gain == gain]


def write_table(linear, clips):
    """clips: {name: (patches, mask)}"""
    print("| clip | BD-rate | gain in dB (bits per pixel) |\n|---|---|---|")
    for name, clip in clips.items():
        change, better = gains(linear, clip)
        cells = ", ".join(f"{gain:+.2f} ({bpp:.4f})" for bpp, gain in better)
        print(f"| {name} | {100 * change:+.1f} % | {cells} |", flush=True)
