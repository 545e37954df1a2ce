# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results of variants as Markdown."""
import json

from .measure import bd_rate


def gain(reference, rows, qidx):
    """Change of PSNR-Y and of bits at one quantiser index."""
    a, b = (next(r for r in c if r["qidx"] == qidx) for c in (reference, rows))
    return f"{b['psnr'] - a['psnr']:+.2f} dB, {100 * (b['bpp'] / a['bpp'] - 1):+.0f} %"


def write_table(path):
    with open(path) as f:
        results = json.load(f)
    linear = results["linear"]["rows"]
    print("| variant | parameters | steps | BD-rate PSNR-Y | BD-rate SSIM | qidx 0 | qidx 16 | seams, qidx 16 |")
    print("|---|---|---|---|---|---|---|---|")
    for name, result in results.items():
        rows = result["rows"]
        at = {r["qidx"]: r for r in rows}
        changes = ["", ""]
        if name != "fixed-length":
            changes = [gain(linear, rows, q) for q in (0, 16)]
        size = f"{result['parameters'] / 1e6:.2f} M" if "parameters" in result else ""
        print(f"| {name} | {size} | {result.get('steps', '')} | {100 * bd_rate(linear, rows):+.1f} % | "
              f"{100 * bd_rate(linear, rows, 'ssim'):+.1f} % | {changes[0]} | {changes[1]} | {at[16]['seam']:.3f} |")
    print("\n| variant | qidx | bits per pixel | PSNR-Y | SSIM |")
    print("|---|---|---|---|---|")
    for name in ("linear", "decoder", "no-linear-path", "cnn"):
        for r in results.get(name, {}).get("rows", ()):
            print(f"| {name} | {r['qidx']} | {r['bpp']:.4f} | {r['psnr']:.2f} | {r['ssim']:.4f} |")
