# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures encoders on clips; what was measured before is taken from a file."""
import concurrent.futures
import json
import os
import sys
import tempfile
import threading

import coding
import seams
from programs import identity


class Store:
    """Finished measurements, one JSON object a line: {"key": ..., "value": ...}. A key names everything that
    the value depends on, by content."""

    def __init__(self, path):
        self.path = path
        self.lock = threading.Lock()
        self.values = {}
        if path and os.path.exists(path):
            with open(path) as file:
                for line in file:
                    self.read(line)

    def read(self, line):
        try:
            entry = json.loads(line)
        except ValueError:   # the line at which a run was stopped
            return
        self.values[self.text(entry["key"])] = entry["value"]

    @staticmethod
    def text(key):
        return json.dumps(key, sort_keys=True)

    def get(self, key):
        return self.values.get(self.text(key))

    def put(self, key, value):
        with self.lock:
            self.values[self.text(key)] = value
            if self.path:
                os.makedirs(os.path.dirname(self.path) or ".", exist_ok=True)
                with open(self.path, "a") as file:
                    file.write(json.dumps({"key": key, "value": value}) + "\n")


class Bench:
    def __init__(self, ffprobe, comparison, store, jobs):
        self.ffprobe = ffprobe
        self.comparison = comparison
        self.store = store
        self.jobs = jobs

    def key(self, what, clip, encoder, quality, options):
        return {"what": what, "clip": clip.digest, "program": identity(encoder.program), "model": encoder.model,
                "encoder": [*encoder.options, "-crf", str(quality)], "decoder": list(options)}

    def quality_key(self, clip, encoder, quality, options):
        return {**self.key("quality", clip, encoder, quality, options), **self.comparison.key()}

    def seam_key(self, clip, encoder, quality, options):
        return {**self.key("seams", clip, encoder, quality, options), "values": [*seams.SPACE, *seams.TIME, seams.PSNR]}

    def measure_quality(self, clip, _encoder, coded, decoded):
        packets = coding.packets(self.ffprobe, coded, clip.rate)
        return {"bpp": coding.bits_per_pixel(packets, clip), **self.comparison.measure(clip, decoded)}

    def measure_seams(self, clip, encoder, coded, decoded):
        packets = coding.packets(self.ffprobe, coded, clip.rate)
        starts = sorted(packet.frame for packet in packets if packet.key or encoder.clip_packets)
        return {"bpp": coding.bits_per_pixel(packets, clip), **seams.measure(clip, decoded, starts)}

    def one(self, clip, encoder, quality, key_of, measure):
        """-> values in the order of the encoder's decoders"""
        keys = [key_of(clip, encoder, quality, options) for _, options in encoder.decoders]
        if any(self.store.get(key) is None for key in keys):
            with tempfile.TemporaryDirectory() as folder:
                coded = coding.encode(clip, encoder, quality, folder)
                for key, (_, options) in zip(keys, encoder.decoders):
                    if self.store.get(key) is None:
                        decoded = coding.decode(clip, encoder, options, coded, folder)
                        self.store.put(key, measure(clip, encoder, coded, decoded))
        return [self.store.get(key) for key in keys]

    def all(self, clips, encoders, key_of, measure):
        """-> {curve name: {quality: [value of each clip]}}"""
        found = {}
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            for encoder in encoders:
                for quality in encoder.qualities:
                    rows = list(pool.map(lambda clip: self.one(clip, encoder, quality, key_of, measure), clips))
                    for (decoder, _), values in zip(encoder.decoders, zip(*rows)):
                        found.setdefault(encoder.curve_name(decoder), {})[quality] = list(values)
                    print(f"{encoder.name}, crf {quality}", file=sys.stderr, flush=True)
        return found

    def quality(self, clip, encoder, quality):
        """Values of one clip in the order of the encoder's decoders."""
        return self.one(clip, encoder, quality, self.quality_key, self.measure_quality)

    def qualities(self, clips, encoders):
        """Rate and quality: values are {"bpp": ..., metric key: ...}."""
        return self.all(clips, encoders, self.quality_key, self.measure_quality)

    def seams(self, clips, encoders):
        """Values are those of seams.measure, and "bpp"."""
        return self.all(clips, encoders, self.seam_key, self.measure_seams)
