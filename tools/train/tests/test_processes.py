# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two processes in the environment that torchrun gives them train one model."""
import os
import socket
import subprocess
import sys
import tempfile
import unittest

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 3

# what each process runs: a few steps on batches of its own, then its weights to a file
WORKER = """
import sys
sys.path[:0] = [{here!r}, {package!r}]
import torch
from onedva_train import batches, codec, model, processes, train
from onedva_train.untrained import random_linear
from test_train import Noise
torch.manual_seed(1)
torch.set_num_threads(1)
both = processes.Processes("cpu")
cfg = model.Config(**model.PRESETS["test"])
trainer = train.Trainer(codec.Codec(cfg, random_linear()), Noise(3 + both.rank), {out!r}, both, patches=1)
for _ in range({steps}):
    trainer.one_step(batches.draw_batch(trainer.sampler, 1), 1, "train")
agreed = both.agree(both.rank + 5)
torch.save((trainer.codec.state_dict(), trainer.samples, agreed), f"{out}.{{both.rank}}")
trainer.check(1, [], print)
both.close()
"""


def run_both(script):
    """Not torchrun itself: PyTorch 1.13's fails under Python 3.11 (Std.NONE is not found)."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    common = {**os.environ, "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
              "MASTER_PORT": str(port)}
    started = [subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE, text=True,
                                env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)})
               for rank in range(2)]
    return [(p.communicate()[1], p.returncode) for p in started]


class TwoProcesses(unittest.TestCase):
    def test_weights_stay_the_same_in_both(self):
        with tempfile.TemporaryDirectory() as folder:
            script, out = os.path.join(folder, "worker.py"), os.path.join(folder, "out.pt")
            with open(script, "w") as f:
                f.write(WORKER.format(here=HERE, package=os.path.dirname(HERE), out=out, steps=STEPS))
            for errors, status in run_both(script):
                self.assertEqual(status, 0, errors)
            (a, samples, agreed), (b, _, other) = (torch.load(f"{out}.{r}") for r in range(2))
            self.assertTrue(os.path.exists(out))
        self.assertEqual(samples, 2 * STEPS)
        self.assertEqual((agreed, other), (5, 5))
        for name in a:
            self.assertTrue(torch.equal(a[name], b[name]), name)


if __name__ == "__main__":
    unittest.main()
