# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is kept of measurements, and the tables made of them."""
import os
import tempfile
import unittest

import lowest_rate
import peers
import tables
from measurements import Store
from metrics import PSNR


def measured(rates, factor=1.0):
    """Two clips; six dB for each doubling of the rate."""
    return {crf: [{"bpp": factor * rate * scale, "psnr_y": 30.0 + 2 * i} for scale in (1, 3)]
            for i, (crf, rate) in enumerate(rates)}


class Stores(unittest.TestCase):
    def test_values_are_found_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "new", "store")
            Store(path).put({"clip": "a", "decoder": ["-steps", "1"]}, {"bpp": 0.25})
            with open(path, "a") as file:
                file.write('{"key": {"clip": "b"}, "val')   # a run that was stopped
            again = Store(path)
        self.assertEqual(again.get({"decoder": ["-steps", "1"], "clip": "a"}), {"bpp": 0.25})
        self.assertIsNone(again.get({"decoder": ["-steps", "0"], "clip": "a"}))
        self.assertIsNone(again.get({"clip": "b"}))


class Tables(unittest.TestCase):
    rates = [(60, 0.002), (50, 0.004), (40, 0.008), (30, 0.016)]

    def test_bd_rate(self):
        text = tables.bd_rate_table([("half", measured(self.rates), measured(self.rates, 0.5))], [PSNR])
        self.assertEqual(text.splitlines()[2:], [
            "| half | all | of the mean curve | -50.0 |", "| half | all | mean over clips | -50.0 |",
            "| half | 0.002 to 0.03 | of the mean curve | -50.0 |",
            "| half | 0.002 to 0.03 | mean over clips | -50.0 |"])

    def test_gap(self):
        text = tables.gap_table([("peer", measured(self.rates))], measured(self.rates, 0.5), PSNR)
        self.assertEqual(text.splitlines()[2], "| peer | - | +2.00 | +2.00 | +2.00 | - | - | - |")

    def test_ahead(self):
        curve = lambda *args: tables.mean_curve(measured(*args), PSNR)
        self.assertEqual(tables.ahead_text(curve(self.rates), curve(self.rates, 0.5)), "everywhere")
        self.assertEqual(tables.ahead_text(curve(self.rates), curve(self.rates, 2.0)), "nowhere")
        flat = [(crf, 0.008 * (rate / 0.008) ** 2) for crf, rate in self.rates]
        self.assertEqual(tables.ahead_text(curve(self.rates), curve(flat)), "below 0.0160")

    def test_mean_over_clips_says_how_many(self):
        self.assertEqual(tables.mean_over_clips([-0.1, float("nan")]), "-10.0 (1 clips)")


class Choice(unittest.TestCase):
    def test_onedva_stays_below_all(self):
        onedva = peers.onedva("ffmpeg", "", (60, 50, 40, 30), (0, 1))
        peer = peers.x264("ffmpeg", 16)
        found = {"onedva, steps 0": measured(Tables.rates), "onedva, steps 1": measured(Tables.rates),
                 peer.name: measured([(51, 0.006), (44, 0.01)])}
        for index, expected in ((0, 0.004), (1, 0.006)):   # the second clip takes three times the rate
            (first, decoder, _, mine), *_, (_, _, crf, _) = lowest_rate.choose(onedva, [peer], found, index)
            self.assertEqual((first, decoder[0], crf), (onedva, "steps 1", 51))
            self.assertAlmostEqual(mine["bpp"], expected)


if __name__ == "__main__":
    unittest.main()
