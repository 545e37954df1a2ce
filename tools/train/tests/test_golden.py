# SPDX-License-Identifier: LGPL-2.1-or-later
"""The committed golden files are what make_golden.py writes today."""
import os
import sys
import tempfile
import unittest
import warnings

import numpy as np

TRAIN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TRAIN)

import make_golden  # noqa: E402
from onedva_train import model_file  # noqa: E402

COMMITTED = os.path.join(make_golden.ROOT, "engine", "tests", "golden")


class GoldenTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            make_golden.main(cls.directory.name)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def compare(self, name):
        """Integers are equal, samples but for a rounding step; floats differ by what libraries' sums may."""
        config, expected = model_file.read(os.path.join(COMMITTED, name))
        new_config, found = model_file.read(os.path.join(self.directory.name, name))
        self.assertEqual(config, new_config)
        self.assertEqual(sorted(expected), sorted(found))
        for key, a in expected.items():
            b = found[key]
            self.assertEqual((a.dtype, a.shape), (b.dtype, b.shape), key)
            if a.dtype == np.float32:
                np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5 * np.abs(a).max(), err_msg=key)
            elif key.startswith("pictures.") and a.dtype == np.uint8:
                self.assertLessEqual(np.abs(a.astype(int) - b).max(), 1, key)
            else:
                np.testing.assert_array_equal(b, a, err_msg=key)

    def test_model(self):
        self.compare("model.safetensors")

    def test_layers(self):
        self.compare("layers.safetensors")

    def test_clips(self):
        self.compare("clips.safetensors")

    def test_samplers_differ(self):
        """Else the parity test of one would pass with another."""
        _, clips = model_file.read(os.path.join(COMMITTED, "clips.safetensors"))
        names = [n for n in clips if n.startswith("pictures.euler") or n.startswith("pictures.heun")]
        for i, a in enumerate(names):
            for b in names[:i]:
                different = np.mean(np.abs(clips[a].astype(int) - clips[b]) > 1)
                self.assertGreater(different, 0.05, f"{a} {b}")


if __name__ == "__main__":
    unittest.main()
