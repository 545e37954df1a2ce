# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures encoders on clips; what was measured before is taken from a file."""
import concurrent.futures
import contextlib
import json
import os
import sys
import tempfile
import threading

import coding
import programs
import seams
from programs import identity

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "python"))
from onedva_progress import Progress, interrupt_at_sigterm, interrupted  # noqa: E402


@contextlib.contextmanager
def ends_in_one_line(program, store):
    """What goes wrong, or what is kept when it is interrupted; store: the path of that."""
    interrupt_at_sigterm()
    try:
        yield
    except programs.ProgramError as error:
        sys.exit(f"{program}: {error}")
    except KeyboardInterrupt:
        interrupted(program, f"what is measured is kept in {store}; the same command goes on")


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

    def is_stored(self, clip, encoder, quality, key_of):
        return all(self.store.get(key_of(clip, encoder, quality, options)) is not None for _, options in encoder.decoders)

    def all(self, clips, encoders, key_of, measure, unit):
        """-> {curve name: {quality: [value of each clip]}}; clip by clip, so that the time that is left can be told"""
        work = [(clip, encoder, quality) for clip in clips for encoder in encoders for quality in encoder.qualities]
        values, missing = {}, []
        for place, one in enumerate(work):
            if self.is_stored(*one, key_of):
                values[place] = self.one(*one, key_of, measure)
            else:
                missing.append(place)
        progress = Progress(unit, len(work), done=len(values))
        if missing:
            progress.show(len(values), now=True)
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            try:
                futures = {pool.submit(self.one, *work[place], key_of, measure): place for place in missing}
                for future in concurrent.futures.as_completed(futures):
                    values[futures[future]] = future.result()
                    clip, encoder, quality = work[futures[future]]
                    progress.show(len(values), f"{clip.name}, {encoder.name}, crf {quality}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                programs.end_all()
                raise
        progress.close(len(work))
        found = {}
        for place, (_, encoder, quality) in enumerate(work):
            for (decoder, _), value in zip(encoder.decoders, values[place]):
                found.setdefault(encoder.curve_name(decoder), {}).setdefault(quality, []).append(value)
        return found

    def quality(self, clip, encoder, quality):
        """Values of one clip in the order of the encoder's decoders."""
        return self.one(clip, encoder, quality, self.quality_key, self.measure_quality)

    def qualities(self, clips, encoders):
        """Rate and quality: values are {"bpp": ..., metric key: ...}."""
        return self.all(clips, encoders, self.quality_key, self.measure_quality, "measurements")

    def seams(self, clips, encoders):
        """Values are those of seams.measure, and "bpp"."""
        return self.all(clips, encoders, self.seam_key, self.measure_seams, "seams")
