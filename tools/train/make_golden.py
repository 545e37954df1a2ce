#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes what the C engine's parity tests compare with: a small random model, single layers and whole clips.

usage: make_golden.py [DIRECTORY]    (default: engine/tests/golden)

Inputs that are large follow from integer formulas that the tests repeat (engine/tests/support/golden.h).
"""
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

from onedva_train import deblocking, entropy
from onedva_train import geometry as geo
from onedva_train import integers, model, model_file, untrained
from onedva_train.codec import Codec, Latents
from onedva_train.noise import gaussians

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SEED = 0x0123456789ABCDEF
SMOOTHING = 2  # of the deblocked picture
SAMPLES = slice(5, None, 48)  # of each patch's 1536 that are kept
CASES = [  # frames, width, height, qidx, detail, t of the noisy evaluation, splits of the superblocks
    (1, 7, 5, 24, 3, 0.6, [0]),
    (6, 150, 140, -16, 1, 0.4, [0x1F, 0b1001011, 0, -1]),  # some tiles of each size
    (16, 70, 40, 8, 0, 0.95, [0]),
    (9, 128, 128, -40, 2, 0.6, [0]),
    (16, 128, 70, 0, 3, 0.7, [0b100000000000001101]),
]
SAMPLER = [(0, "euler"), (1, "euler"), (2, "euler"), (4, "euler"), (4, "heun")]


def mix(v):
    """A hash of an array of 32-bit numbers."""
    v = np.asarray(v).astype(np.uint32)
    v = (v ^ (v >> 16)) * np.uint32(0x7FEB352D)
    v = (v ^ (v >> 15)) * np.uint32(0x846CA68B)
    return v ^ (v >> 16)


def uniform(stream, n):
    """n numbers in [0, 1), exact in float32."""
    h = mix(np.arange(n, dtype=np.uint64) + stream * 0x9E3779B9) >> 8
    return h.astype(np.float32) * np.float32(2.0 ** -24)


def plane(p, t, h, w):
    """Frame t of plane p: a slope that moves, with noise."""
    y, x = np.mgrid[:h, :w]
    v = (x * 3 + y * 2 + t * 9 + p * 50) % 510
    v = np.where(v > 255, 510 - v, v) * 3 // 4
    return (v + (mix(((p * 16 + t) * 1024 + y) * 1024 + x) >> 27)).astype(np.uint8)


def whole_tokens(planes, frames, width, height):
    """Planes [T, H, W] cropped to a picture of these luma samples, and grown to whole tokens by their last samples."""
    t, out = -frames % 4, []
    for p, n, w, h in zip(planes, (16, 8, 8), (width, (width + 1) // 2, (width + 1) // 2),
                          (height, (height + 1) // 2, (height + 1) // 2)):
        out.append(np.pad(p[:frames, :h, :w], ((0, t), (0, -h % n), (0, -w % n)), mode="edge"))
    return geo.patchify(*(geo.to_samples(torch.tensor(p))[None] for p in out))


def clip(frames, width, height):
    """Token buffer [1, gt, gy, gx, 1536] of a clip."""
    sizes = (height, width), *[((height + 1) // 2, (width + 1) // 2)] * 2
    planes = [np.stack([plane(p, t, *size) for t in range(frames)]) for p, size in enumerate(sizes)]
    return whole_tokens(planes, frames, width, height)


def cdfs(rng, rows, symbols):
    """Strictly increasing rows from 0 to 32768."""
    free = 32768 - symbols
    w = rng.random_sample((rows, symbols)) ** 2
    c = np.floor(w.cumsum(1) / w.sum(1, keepdims=True) * free).astype(np.int32)
    c[:, -1] = free
    return np.concatenate([np.zeros((rows, 1), np.int32), c + np.arange(1, symbols + 1)], 1)


def random_tables(rng, bands):
    other = np.random.RandomState(3)  # what these tables draw moves no other number
    bands = np.array(bands, np.int32)
    basis, _ = np.linalg.qr(rng.standard_normal((geo.FRAME, bands.max())))
    tables = {
        "linear.mean": rng.randint(700, 1400, geo.FRAME).astype(np.int16),
        "linear.basis": np.round(2 ** 14 * basis.T).astype(np.int16),
        "linear.bands": bands,
        "scan.size_shift": -np.arange(20)[::-1].astype(np.int8) // 3,
        "length.cdf": np.stack([cdfs(other, 15, 15) for _ in range(4)]).astype(np.int32),
        "symbol.weight": other.randint(-3000, 3001, (entropy.WEIGHTS, 3)).astype(np.int32),
        "large.cdf": cdfs(other, 32, 13).astype(np.int32),
        "symbol.cdf": cdfs(rng, 32 * 6 * 5, 16).reshape(32, 6, 5, 17).astype(np.int32),
        "dequant.delta": rng.randint(0, 64, (32, 3)).astype(np.uint8),
    }
    for size in range(4):
        shape = bands[3].sum(), 4, 1 << size, 1 << size
        tables[f"scan.scale.{size}"] = rng.randint(-14, 7, shape).astype(np.int8)
        # many are the same: scales and places decide
        tables[f"scan.key.{size}"] = rng.randint(100, 120, shape).astype(np.uint8)
    return tables


def random_network(rng, prefix, network):
    """Weights of which none is zero, so that every path shows."""
    tensors = {}
    for name, v in network.state_dict().items():
        a = rng.standard_normal(tuple(v.shape))
        if name.endswith("weight"):
            a *= (0.3 if name.startswith(("cond.mod", "final", "out")) else 1) / np.sqrt(v.shape[1])
        elif name.endswith("bias"):
            a *= 0.1
        elif name.endswith("table"):
            a = a * 0.1 + np.array([0, 0, 1, 0, 0, 1])[:, None]
        tensors[prefix + name] = a.astype(np.float32)
    return tensors


def make_model():
    """-> config, tensors, names of those that are stored as bfloat16"""
    rng = np.random.RandomState(1)
    cfg = model.Config(**dict(model.PRESETS["test"], name="golden", sampler_start=0.6))
    tensors = random_tables(rng, untrained.BANDS["test"])
    tensors.update(random_network(rng, "enc.", model.QueryEncoder(cfg)))
    decoder = random_network(rng, "dec.", model.Decoder(cfg))
    tensors.update(decoder)
    return cfg.to_dict(), tensors, list(decoder)


def make_layers():
    """Single operators on random numbers."""
    rng = np.random.RandomState(2)

    def draw(*shape):
        return torch.tensor(rng.standard_normal(shape).astype(np.float32))

    x, w, b = draw(37, 80), draw(48, 80) / 80 ** 0.5, draw(48)
    gate, add = draw(3, 48), draw(37, 48)
    row = torch.tensor(rng.randint(0, 3, 37).astype(np.int32))
    y = F.linear(x, w, b)
    out = {"linear.x": x, "linear.w": w, "linear.b": b, "linear.gate": gate, "linear.add": add,
           "linear.row": row, "linear.none": y, "linear.gelu": F.gelu(y, approximate="tanh"),
           "linear.silu": F.silu(y), "linear.gated": y * gate[row.long()] + add,
           "linear.indexed": y + gate[row.long()]}
    x, shift, scale = draw(37, 80) * 3 + 1, draw(3, 80), draw(3, 80)
    out.update({"norm.x": x, "norm.shift": shift, "norm.scale": scale, "norm.plain": model.norm(x),
                "norm.modulated": model.norm(x) * (1 + scale[row.long()]) + shift[row.long()]})
    out.update(attention_layer(draw))
    c = draw(1, 3, 5, 7, 8)
    out.update({"dct.x": c[0], "dct.y": geo.dct3(c)[0]})
    return {k: v.numpy() for k, v in out.items()}


def attention_layer(draw):
    """One window of 3 registers and 2 x 3 x 5 patches from (y, x) = (6, 1); 2 heads of 32."""
    qkv = draw(1, 33, 192)
    rows = model.tile_rows(2, 3, 5, 6, 1)
    cos, sin = model.with_unrotated(model.rope_tables(32), 3, rows)
    block = model.Block(64, 32)
    rope = np.concatenate([[-1] * 3, rows.numpy()]).astype(np.int32)
    return {"attention.qkv": qkv[0], "attention.rope": torch.tensor(rope),
            "attention.y": block.attend(qkv, cos, sin)[0]}


def latents(stream, b):
    """Integers of up to 8 times the scale 2^(b/8) that each one has, as dequantisation gives them."""
    drawn = (mix(np.arange(len(b), dtype=np.uint64) + stream * 0x9E3779B9) >> 16).astype(np.int64) - 32768
    octave = np.array([2048, 2233, 2435, 2656, 2896, 3158, 3444, 3756])[b & 7]
    return drawn * octave >> 11 - (b >> 3)


class Clip:
    """Random latents of a picture or clip of pictures, cut at random lengths, and what a decoder makes of them."""

    def __init__(self, codec, frames, width, height, qidx, detail, splits):
        grid = -(-frames // 4), -(-height // 16), -(-width // 16)
        self.codec, self.qidx = codec, torch.tensor([qidx])
        self.latents = Latents(geo.partition(*grid[1:], splits), detail)
        patches = np.zeros((*grid, geo.TOKEN_FRAMES, geo.FRAME), np.uint8)
        for i, (y0, y1, x0, x1, size) in enumerate(self.latents.tiles):
            scan = codec.scan(grid[0], y1 - y0, x1 - x0, size, detail)
            tokens = int(mix([7000 + i])[0]) % (scan.tokens + 1)
            y = latents(100 + i, scan.b.numpy())
            y[tokens * scan.token:] = 0
            c = integers.inverse_dct(y[scan.inverse.numpy()].reshape(-1, *scan.shape))
            patches[:, y0:y1, x0:x1] = integers.samples(np.moveaxis(c, 0, -1), codec.bands.counts[detail], codec.linear)
            self.latents.n.append(torch.tensor([tokens]))
            self.latents.scan.append(scan)
        planes = [p[0].numpy() for p in geo.unpatchify(torch.tensor(patches.reshape(1, *grid, -1)))]
        self.base = whole_tokens(planes, frames, width, height)

    def predict(self, t, z=None):
        return self.base + self.codec.restore(self.latents, self.base, self.qidx, torch.tensor([t]), z)


def levels(x):
    """Samples of 8 bits of the model's domain."""
    return np.clip(np.floor((x.numpy() + 1) * 127.5 + 0.5), 0, 255).astype(np.uint8)


def stored_order(v):
    """[1, gt, gy, gx, n] -> [patches, n], as the engine stores patches."""
    return torch.cat([v[0, :, y, x] for y, x in geo.places(*v.shape[2:4])])


def make_clips(codec):
    out = {}
    for i, (frames, width, height, qidx, detail, t, splits) in enumerate(CASES):
        x = clip(frames, width, height)
        q = torch.tensor([qidx])
        case = Clip(codec, frames, width, height, qidx, detail, splits)
        z = torch.tensor(uniform(99, x.numel()) * np.float32(4) - np.float32(2)).reshape(x.shape)
        out.update({
            f"{i}.size": np.array([frames, width, height, qidx, detail], np.int32),
            f"{i}.splits": np.array(splits, np.int32),
            f"{i}.t": np.array([t], np.float32),
            f"{i}.linear": torch.cat(codec.analyse(x, q, False, splits, detail).y, 1)[0],
            f"{i}.refined": torch.cat(codec.analyse(x, q, True, splits, detail).y, 1)[0],
            f"{i}.tokens": torch.cat(case.latents.n).int(),
            f"{i}.base": levels(stored_order(case.base)[:, SAMPLES]),
            f"{i}.mean": stored_order(case.predict(0.0))[:, SAMPLES],
            f"{i}.noisy": stored_order(case.predict(t, z))[:, SAMPLES],
        })
    return {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in out.items()}


def sample(case, steps, sampler):
    """doc/architecture.md, Sampler."""
    if steps == 0:
        return case.base
    x = case.predict(0.0)
    if steps == 1:
        return x
    start = case.codec.cfg.sampler_start
    time = [start + (1 - start) * k / (steps - 1) for k in range(steps)]
    z = start * x + (1 - start) * torch.tensor(gaussians(x.numel(), SEED)).reshape(x.shape)
    for k in range(steps - 1):
        v = (case.predict(time[k], z) - z) / (1 - time[k])
        dt = time[k + 1] - time[k]
        if sampler == "heun" and k < steps - 2:
            ahead = z + v * dt
            v = (v + (case.predict(time[k + 1], ahead) - ahead) / (1 - time[k + 1])) / 2
        z = z + v * dt
    return z


def make_pictures(codec):
    """A small clip through every sampler: the samples of its pictures, frame after frame, plane after plane."""
    frames, width, height, qidx, detail, splits = 5, 39, 24, 0, 3, [0b100010]
    case = Clip(codec, frames, width, height, qidx, detail, splits)
    out = {"pictures.size": np.array([frames, width, height, qidx, detail], np.int32),
           "pictures.splits": np.array(splits, np.int32),
           "pictures.noise": gaussians(4096, SEED)}
    for steps, sampler in SAMPLER:
        x = sample(case, steps, sampler)
        planes = [levels(p[0]) for p in geo.unpatchify(x)]
        crop = [p[:frames, :h, :w] for p, h, w in zip(planes, (height, height // 2, height // 2),
                                                      (width, width // 2 + 1, width // 2 + 1))]
        out[f"pictures.{sampler}{steps}"] = np.concatenate(
            [p[t].reshape(-1) for t in range(frames) for p in crop])
    return out


def make_deblocked():
    """Frame 0 of a picture of 2 x 2 tiles whose tokens differ by a few levels, deblocked."""
    width, height, qidx = 160, 144, 8
    planes = []
    for p, n in ((0, 16), (1, 8), (2, 8)):
        h, w = height * n // 16, width * n // 16
        y, x = np.mgrid[:h, :w]
        v = plane(p, 0, h, w) // 2 + (mix((((p << 8) + y // n) << 8) + x // n) >> 28)
        planes.append(geo.to_samples(torch.tensor(np.repeat(v[None, None], 4, 1).astype(np.uint8))))
    x = deblocking.deblock(geo.patchify(*planes), torch.tensor([qidx]), smoothing=torch.tensor([SMOOTHING]), exact=True)
    samples = [((v[0, 0].numpy() + 1) * 127.5).round().astype(np.uint8).reshape(-1) for v in geo.unpatchify(x)]
    return {"deblocked.size": np.array([1, width, height, qidx], np.int32), "deblocked.samples": np.concatenate(samples)}


def main(directory):
    os.makedirs(directory, exist_ok=True)
    torch.set_num_threads(1)
    path = os.path.join(directory, "model.safetensors")
    config, tensors, bf16 = make_model()
    model_file.write(path, config, tensors, bf16)
    codec = Codec.from_file(*model_file.read(path))
    with torch.no_grad():
        model_file.write(os.path.join(directory, "layers.safetensors"), {}, make_layers())
        clips = make_clips(codec)
        clips.update(make_pictures(codec))
        clips.update(make_deblocked())
        model_file.write(os.path.join(directory, "clips.safetensors"), {}, clips)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "engine/tests/golden"))
