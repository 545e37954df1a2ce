# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rate and PSNR-Y of held-out clips; rates are those of the integer tables, contexts included."""
import math

import numpy as np
import torch

from . import entropy, pairs, perceptual, ssim, texture
from .deblocking import deblock
from . import geometry as geo


def clip_tensor(video, first, frames=16):
    """A clip of whole frames as tokens, edges and end repeated: [1, gt, gy, gx, 1536]."""
    planes = []
    for p, n in ((video.y, 16), (video.u, 8), (video.v, 8)):
        p = np.asarray(p[first:first + frames])
        pad = [(0, -len(p) % 4), (0, -p.shape[1] % n), (0, -p.shape[2] % n)]
        planes.append(torch.from_numpy(np.pad(p, pad, "edge"))[None])
    return geo.to_samples(geo.patchify(*planes))


def psnr_y(a, b, mask=None):
    """PSNR of luma after rounding, both [.., 1536] in the model's domain, where the mask [.., 64] is 1."""
    def luma(v):
        return v.reshape(*v.shape[:-1], 4, 384)[..., :256]

    def rounded(v):
        return ((luma(v) + 1) * 127.5 + 0.5).floor().clamp(0, 255)

    error = (rounded(a) - rounded(b)).pow(2)
    if mask is None:
        mse = error.mean().item()
    else:
        counts = luma(geo.expand_mask(mask)).to(error)
        mse = ((error * counts).sum() / counts.sum()).item()
    return 10 * math.log10(255 ** 2 / max(mse, 1e-3))


def exact_bits(codec, latents, qidx):
    """Bits of the symbols of one clip by the encoder's estimate, about 5 % above what a packet takes."""
    total = 0.0
    costs = entropy.cost_table(codec.linear["symbol.cdf"])
    for q, n, scan in zip(latents.q, latents.n, latents.scan):
        ctx = entropy.Contexts(scan)
        q = q.cpu().numpy().astype(np.int32)
        inside = np.arange(scan.count)[None] < n.cpu().numpy()[:, None] * scan.token
        q, inside = q[:, :inside.sum(1).max()], inside[:, :inside.sum(1).max()]
        cls = entropy.symbol_class(scan.b[:q.shape[1]].cpu().numpy(), int(qidx))
        total += entropy.coefficient_bits(q, ctx.run(q), cls, costs)[inside].sum()
    return total


def gain_of(row):
    """A row of quick or on_pairs in words; checkpoints of before 1 - SSIM was measured have bits there, 0 of pairs."""
    other = f"{row['dssim']:+.2f} dB SSIM" if "dssim" in row else f"{100 * row['dbits']:+.1f} % bits"
    return f"{row['dpsnr']:+.3f} dB, {other}"


@torch.no_grad()
def quick(codec, clips, qidxs=(-12, 0, 8, 16, 24)):
    """Mean gain of one decoder step over the linear path, both deblocked, by quantiser index (context-free bits).

    clips: pairs of patches and mask (or None)."""
    rows = []
    device = codec.mean.device
    for qidx in qidxs:
        gain, share, base = [], [], []
        for x, mask in clips:
            x, mask = x.to(device), mask if mask is None else mask.to(device)
            q = torch.tensor([qidx], device=device)
            plain = codec.quantise(codec.analyse(x, q, use_encoder=False), q)
            base.append(psnr_y(x, deblock(codec.reconstruct(plain, x.shape), q, exact=True), mask))
            latents = codec.quantise(codec.analyse(x, q), q)
            restored = codec.sample(latents, codec.reconstruct(latents, x.shape), q, 1)
            gain.append(psnr_y(x, deblock(restored, q, exact=True), mask) - base[-1])
            share.append(float(sum(latents.bits) / sum(plain.bits).clamp(min=1)) - 1)
        rows.append({"qidx": qidx, "psnr": float(np.mean(base)), "dpsnr": float(np.mean(gain)),
                     "dbits": float(np.mean(share)), "worst": float(np.min(gain))})
    return rows


@torch.no_grad()
def on_pairs(codec, clips, edges=(-24, -16, -8, 4)):
    """Mean gain of one decoder step over the linear reconstruction, both deblocked, of key and inter clips apart and by
    quantiser index, of which bands begin at the edges: dpsnr, and dssim in dB of 1 - SSIM. clips: of pairs.load"""
    found = {}
    for clip in clips:
        x, base, mask, shares, kept, qidx, smoothing = (v if v is None else v.to(codec.mean.device) for v in pairs.whole(clip))
        out = base + codec.correction(shares, base, qidx, torch.zeros(1).to(x))
        counts = None if mask is None else geo.expand_mask(mask).to(x)
        shown = [deblock(v, qidx, kept, smoothing, exact=True) for v in (base, out)]
        plain, mended = (psnr_y(x, v, mask) for v in shown)
        unlike = [float(ssim.difference(x, v, counts)) + ssim.FLOOR for v in shown]
        band = max([e for e in edges if e <= clip.qidx], default=edges[0] - 8)
        found.setdefault(("inter" if clip.inter else "key", band), []).append(
            (plain, mended - plain, 10 * math.log10(unlike[0] / unlike[1])))
    return [{"kind": f"{kind} ", "qidx": band, "psnr": float(np.mean([p for p, *_ in v])), "dbits": 0.0,
             "dpsnr": float(np.mean([g for _, g, _ in v])), "worst": float(np.min([g for _, g, _ in v])),
             "dssim": float(np.mean([s for *_, s in v])), "clips": len(v)}
            for (kind, band), v in sorted(found.items())]


@torch.no_grad()
def judged(codec, clips, nets, steps=(0, 1, 4)):
    """Of clips of pairs.load, by numbers of decoder steps (0: the linear reconstruction): means of PSNR-Y, of the texture's
    loss (texture.difference), and of the difference of features to each of nets (perceptual.network) in four frames."""
    found = {s: [] for s in steps}
    for clip in clips:
        x, base, mask, shares, kept, qidx, smoothing = pairs.whole(clip)
        frames = torch.arange(4) * (clip.frames - 1) // 3
        counts = mask if mask is None else geo.expand_mask(mask).to(x)
        noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
        for s in steps:
            out = codec.sample_shares(shares, base, qidx, s, noise) if s else base
            out = deblock(out, qidx, kept, smoothing, exact=True)
            found[s].append((psnr_y(x, out, mask), float(texture.difference(x, out, counts)[1]),
                             *(float(perceptual.difference(net, x, out, frames)) for net in nets)))
    return {s: np.mean(rows, 0).tolist() for s, rows in found.items()}


@torch.no_grad()
def exact(codec, clips, qidxs, steps=(0, 1, 8)):
    """Bits per pixel (symbols, real contexts), PSNR-Y and fine detail (texture.difference: mean difference of log
    energies from the source's) by qidx: linear path alone, and model."""
    for qidx in qidxs:
        q = torch.tensor([qidx])
        for name, use_encoder in (("linear", False), ("model", True)):
            rate, psnr, detail = [], {s: [] for s in steps}, {s: [] for s in steps}
            for x, mask in clips:
                latents = codec.quantise(codec.analyse(x, q, use_encoder), q)
                base = codec.reconstruct(latents, x.shape)
                rate.append(exact_bits(codec, latents, qidx) / (x[..., 0].numel() * 4 * 256))
                for s in steps:
                    out = base
                    if s and use_encoder and codec.decoder is not None:
                        out = codec.sample(latents, base, q, s, torch.randn(x.shape))
                    out = deblock(out, q, exact=True)
                    psnr[s].append(psnr_y(x, out, mask))
                    counts = mask if mask is None else geo.expand_mask(mask).to(x)
                    detail[s].append(float(texture.difference(x, out, counts)[1]))
            yield {"qidx": qidx, "latents": name, "bpp": round(float(np.mean(rate)), 5),
                   **{f"psnr_y_steps{s}": round(float(np.mean(v)), 3) for s, v in psnr.items()},
                   **{f"detail_steps{s}": round(float(np.mean(v)), 3) for s, v in detail.items()}}
