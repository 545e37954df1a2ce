# SPDX-License-Identifier: LGPL-2.1-or-later
"""Model files: safetensors with JSON metadata (doc/bitstream.md, section 9)."""
import json
import struct

import numpy as np

from . import entropy

TYPES = {"F32": np.float32, "BF16": np.uint16, "I32": np.int32, "I16": np.int16, "I8": np.int8, "U8": np.uint8}
NAMES = {np.dtype(v): k for k, v in TYPES.items()}
TABLE_TYPES = {"linear.mean": np.int16, "linear.basis": np.int16, "linear.bands": np.int32,
               **{f"scan.key.{size}": np.uint8 for size in range(4)},
               **{f"scan.scale.{size}": np.int8 for size in range(4)}, "scan.size_shift": np.int8,
               "length.cdf": np.int32, "symbol.cdf": np.int32,
               "symbol.weight": np.int32, "large.cdf": np.int32, "dequant.delta": np.uint8}


def to_bf16(a):
    """float32 -> bfloat16 bits, round to nearest even."""
    bits = np.ascontiguousarray(a, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def write(path, config, tensors, bf16=(), key="onedva"):
    """tensors: name -> array; names in bf16 are stored as bfloat16; key: of config in the metadata."""
    header = {"__metadata__": {key: json.dumps(config)}}
    blobs, offset = [], 0
    for name in sorted(tensors):
        a = np.ascontiguousarray(np.asarray(tensors[name]))
        if name in bf16:
            a = to_bf16(a)
        blob = a.tobytes()
        header[name] = {"dtype": NAMES[a.dtype], "shape": list(a.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)  # tensors aligned for vector loads
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for blob in blobs:
            f.write(blob)


def read(path, key="onedva"):
    """-> config, {name: array}; bfloat16 comes back as float32."""
    with open(path, "rb") as f:
        data = f.read()
    size, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + size])
    config = json.loads(header.pop("__metadata__")[key])
    tensors = {}
    for name, t in header.items():
        a, b = t["data_offsets"]
        v = np.frombuffer(data[8 + size + a:8 + size + b], TYPES[t["dtype"]]).reshape(t["shape"]).copy()
        if t["dtype"] == "BF16":
            v = (v.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = v
    return config, tensors


def packet_id(path):
    """What packets of a model file name: the id that it says it shares, or XXH64 of it."""
    import xxhash  # nothing else needs it, and not every machine that trains has it
    config, _ = read(path)
    with open(path, "rb") as f:
        return config.get("id") or f"{xxhash.xxh64_intdigest(f.read()):016x}"


def stored_bf16(path):
    """Names of the tensors that a file has as bfloat16."""
    with open(path, "rb") as f:
        size, = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(size))
    return [name for name, t in header.items() if name != "__metadata__" and t["dtype"] == "BF16"]


def from_training(cfg, linear, encoder=None, decoder=None):
    """Tensors of a model file from the training side's state."""
    tensors = {name: np.asarray(v).astype(TABLE_TYPES[name])
               for name, v in {**entropy.prediction_prior(), **linear}.items()}
    config = cfg.to_dict()
    weights = []
    for prefix, state in (("enc.", encoder), ("dec.", decoder)):
        if state is None:
            config["encoder_layers" if prefix == "enc." else "decoder_layers"] = 0
            config["queries" if prefix == "enc." else "registers"] = 0
            continue
        for name, v in state.items():
            tensors[prefix + name] = v.detach().float().numpy()
            weights.append(prefix + name)
    return config, tensors, weights
