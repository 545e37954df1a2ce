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
        if name == "lengths":
            continue
        rows = result["rows"]
        at = {r["qidx"]: r for r in rows}
        changes = [gain(linear, rows, q) for q in (0, 16)]
        size = f"{result['parameters'] / 1e6:.2f} M" if "parameters" in result else ""
        print(f"| {name} | {size} | {result.get('steps', '')} | {100 * bd_rate(linear, rows):+.1f} % | "
              f"{100 * bd_rate(linear, rows, 'ssim'):+.1f} % | {changes[0]} | {changes[1]} | {at[16]['seam']:.3f} |")
    if gains := results.get("lengths", {}).get("gains"):
        print(f"\nLengths of tiles chosen by cost against one length for all tiles of a clip, linear path: BD-rate "
              f"{100 * sum(gains) / len(gains):+.1f} % in the mean over clips, {100 * min(gains):+.1f} % at best, "
              f"{100 * max(gains):+.1f} % at worst")
    halves = [(n, results[n]["half"], results[n]["rows"]) for n in results if "half" in results[n]]
    for name, half, rows in halves:
        at = {r["qidx"]: r for r in half}
        lost = ", ".join(f"{at[r['qidx']]['psnr']:.2f} dB at qidx {r['qidx']}" for r in rows)
        print(f"\nWith half of each tile's tokens cut off, {name}: {lost}")
    print("\n| variant | qidx | bits per pixel | PSNR-Y | SSIM |")
    print("|---|---|---|---|---|")
    for name in ("linear", "decoder", "cnn"):
        for r in results.get(name, {}).get("rows", ()):
            print(f"| {name} | {r['qidx']} | {r['bpp']:.4f} | {r['psnr']:.2f} | {r['ssim']:.4f} |")
