# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/train/on-device.sh: a pack is small, complete and trains on; a folder of pairs can be packed in part."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import numpy as np
import torch

from onedva_train import codec, data, model, pairs, train
from onedva_train.untrained import random_linear
from test_pairs import clip_bytes

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "on-device.sh")


def write_pairs(folder):
    """Two videos of two and one clips."""
    index = []
    for name, sizes in (("a", ((4, 128, 144), (8, 64, 80))), ("b", ((4, 96, 128),))):
        index.append({"file": name + ".pairs", "name": name, "scale": 1.0})
        end = 0
        with open(os.path.join(folder, name + ".pairs"), "wb") as f, \
                open(os.path.join(folder, name + ".pairs.index"), "w") as lines:
            for size in sizes:
                bytes_, line = clip_bytes(*size, seed=end)
                f.write(bytes_.tobytes())
                lines.write(json.dumps({**line, "offset": end}) + "\n")
                end += len(bytes_)
    data.write_index(folder, index)


def load(path):
    return torch.load(path, map_location="cpu", weights_only=False)


class Packs(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.pairs, self.packed, self.checkpoints, self.pack, self.out = (
            os.path.join(self.work.name, name) for name in ("pairs", "packed", "checkpoints", "pack", "out"))
        self.written = os.path.join(self.out, "checkpoint.pt")
        os.mkdir(self.pairs)
        write_pairs(self.pairs)

    def tearDown(self):
        self.work.cleanup()

    def checkpoint(self, name, step):
        """A decoder's whole checkpoint of so many steps."""
        os.makedirs(self.checkpoints, exist_ok=True)
        torch.manual_seed(1)
        cfg = model.Config(**{**model.PRESETS["test"], "encoder_layers": 0})
        trainer = train.PairTrainer(codec.Codec(cfg, random_linear()), pairs.Sampler(pairs.load(self.pairs), 1),
                                    os.path.join(self.checkpoints, name))
        trainer.step = step
        trainer.save()

    def run_script(self, script, *arguments):
        return subprocess.run(["sh", script, *arguments], capture_output=True, text=True,
                              env={**os.environ, "PYTHON": sys.executable})

    def test_clips_of_a_pack_are_those_of_the_folder(self):
        have = {(c.name, c.frames, c.height): c for c in pairs.load(self.pairs)}
        self.assertEqual(pairs.pack(self.pairs, self.packed, 1e6, 1), 3)
        for clip in pairs.load(self.packed):
            same = have.pop((clip.name, clip.frames, clip.height))
            for a, b in zip((clip.y, clip.u, clip.v, clip.visible, *clip.linear),
                            (same.y, same.u, same.v, same.visible, *same.linear)):
                self.assertTrue(torch.equal(a, b))
            self.assertTrue(np.array_equal(clip.shares, same.shares))
        self.assertFalse(have)

    def test_a_pack_keeps_its_limit(self):
        whole = os.path.join(self.work.name, "whole")
        pairs.pack(self.pairs, whole, 1e6, 1)
        limit = sum(os.path.getsize(os.path.join(whole, name)) for name in os.listdir(whole)) - 1
        self.assertIn(pairs.pack(self.pairs, self.packed, limit, 1), (1, 2))
        self.assertLessEqual(sum(os.path.getsize(os.path.join(self.packed, n)) for n in os.listdir(self.packed)), limit)
        drawn = []
        for seed in range(6):
            target = os.path.join(self.work.name, str(seed))
            pairs.pack(self.pairs, target, limit, seed)
            drawn.append(sorted((c.name, c.frames) for c in pairs.load(target)))
        self.assertGreater(len({str(names) for names in drawn}), 1)

    def trained(self):
        """The checkpoint that came back, alone with its log."""
        self.assertEqual(sorted(os.listdir(self.out)), ["checkpoint.pt", "log"])
        return load(self.written)

    def test_training_goes_on_where_it_stood_until_its_time_or_a_signal(self):
        self.checkpoint("old.pt", 5), self.checkpoint("new.pt", 70), self.checkpoint("older.pt", 3)
        done = self.run_script(SCRIPT, "pack", self.checkpoints, self.pairs, self.pack)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("3 clips, step 70", done.stdout)
        command = [os.path.join(self.pack, "on-device.sh"), "train", self.pack, self.out,
                   "--patches", "32", "--device", "cpu"]
        done = self.run_script(*command, "--minutes", "0.01")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        first = self.trained()
        self.assertEqual(set(first), {"ema", "step", "samples", "history", "config", "linear"})
        self.assertGreater(first["step"], 70)

        running = subprocess.Popen(["sh", *command, "--check-minutes", "0"], stdout=subprocess.DEVNULL,
                                   env={**os.environ, "PYTHON": sys.executable})
        step = first["step"]
        while running.poll() is None and step == first["step"]:
            time.sleep(0.05)
            step = load(self.written)["step"]
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(60), 0)
        kept = self.trained()["step"]
        self.assertGreaterEqual(kept, step)
        with open(os.path.join(self.out, "log")) as log:
            self.assertIn(f"onedva_train: interrupted: step {kept} is kept in {self.out}/checkpoint.pt; --start", log.read())
        self.assertGreater(step, first["step"])

    def test_what_is_wrong_is_one_line(self):
        self.checkpoint("a.pt", 1)
        empty = os.path.join(self.work.name, "empty")
        os.mkdir(empty)
        for arguments, want in (
                (("pack", empty, self.pairs, self.pack), "has no checkpoint, whose name ends in .pt"),
                (("pack", self.checkpoints, empty, self.pack + "2"), "has no index.json of pairs"),
                (("pack", self.checkpoints, self.pairs, empty), "exists: remove it"),
                (("pack", self.checkpoints), "usage: "), (("train", self.pack), "usage: ")):
            done = self.run_script(SCRIPT, *arguments)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(want, done.stderr)
        self.assertFalse(os.path.exists(self.pack))


if __name__ == "__main__":
    unittest.main()
