# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is kept of measurements, and the tables made of them."""
import collections
import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from unittest import mock

import coding
import lowest_rate
import peers
import report
import tables
from measurements import Bench, Store
from metrics import PSNR


def measured(rates, factor=1.0):
    """Two clips; six dB for each doubling of the rate."""
    return {crf: [{"bpp": factor * rate * scale, "psnr_y": 30.0 + 2 * i} for scale in (1, 3)]
            for i, (crf, rate) in enumerate(rates)}


Named = collections.namedtuple("Named", "name")


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


class Work(unittest.TestCase):
    """All clips with all encoders."""

    class Counting(Bench):
        """Values say what they are of."""

        def __init__(self, store, jobs=1):
            super().__init__("", None, store, jobs)
            self.made = []

        def of(self, clip, encoder, quality, options):
            return {"of": [clip.name, encoder.name, quality, *options]}

        def one(self, clip, encoder, quality, key_of, measure):
            for _, options in encoder.decoders:
                key = self.of(clip, encoder, quality, options)
                if self.store.get(key) is None:
                    self.made.append(key)
                    self.store.put(key, {"bpp": len(self.made)})
            return [self.of(clip, encoder, quality, options) for _, options in encoder.decoders]

    clips = [Named("a"), Named("b")]
    encoders = [peers.Encoder("x", "", (), (10, 20), (("one", ("1",)), ("two", ("2",)))), peers.Encoder("y", "", (), (30,))]

    def measure(self, bench):
        with contextlib.redirect_stderr(io.StringIO()):
            return bench.all(self.clips, self.encoders, bench.of, None, "measurements")

    def test_values_stand_in_the_order_of_clips_however_they_were_made(self):
        for jobs in (1, 3):
            bench = self.Counting(Store(""), jobs)
            found = self.measure(bench)
            self.assertEqual(list(found), ["x, one", "x, two", "y"])
            self.assertEqual(found["x, two"], {crf: [{"of": [name, "x", crf, "2"]} for name in "ab"] for crf in (10, 20)})
            self.assertEqual(found["y"], {30: [{"of": [name, "y", 30]} for name in "ab"]})
            self.assertEqual(len(bench.made), 10)

    def test_what_is_kept_is_not_made_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "store")
            first = self.Counting(Store(path))
            self.measure(first)
            with open(path) as file:
                lines = file.readlines()
            with open(path, "w") as file:
                file.writelines(lines[:-3])
            again = self.Counting(Store(path))
            self.assertEqual(self.measure(again), self.measure(first))
            self.assertEqual(again.made, first.made[-3:])

    def test_an_interruption_ends_programs_and_says_what_is_kept(self):
        script = ("import sys; sys.path[:0] = sys.argv[2:]\n"
                  "import measurements, peers, programs, test_measurements\n"
                  "class Slow(test_measurements.Work.Counting):\n"
                  "    def one(self, *arguments):\n"
                  "        if self.made:\n"
                  "            print('slow', flush=True)\n"
                  "            programs.run(['sleep', '60'])\n"
                  "        return super().one(*arguments)\n"
                  "with measurements.ends_in_one_line('report', sys.argv[1]):\n"
                  "    bench = Slow(measurements.Store(sys.argv[1]))\n"
                  "    bench.all(test_measurements.Work.clips, test_measurements.Work.encoders[1:], bench.of, None, 'measurements')\n")
        here = os.path.dirname(os.path.abspath(__file__))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "store")
            begin = time.monotonic()
            with subprocess.Popen([sys.executable, "-c", script, path, here, os.path.dirname(here)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as running:
                running.stdout.readline()
                running.send_signal(signal.SIGTERM)
                said = running.stderr.read()
            self.assertEqual((running.returncode, said), (1, "0/2 measurements\n"
                             f"report: interrupted: what is measured is kept in {path}; the same command goes on\n"))
            self.assertLess(time.monotonic() - begin, 30)
            with open(path) as file:
                self.assertEqual([json.loads(line)["key"]["of"] for line in file], [["a", "y", 30]])


class Page(unittest.TestCase):
    def test_pictures_come_first(self):
        sections = ("picture", "how", "steps", "peers", "clips", "seams")
        result = mock.Mock(onedva=mock.Mock(decoders=((), ())), others=[], measured={}, metrics=())
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            for name in sections:
                stack.enter_context(mock.patch.object(report, name if name == "how" else f"{name}_section", return_value=f"## {name}"))
            for name in ("plots.draw", "write_csv"):
                stack.enter_context(mock.patch(f"report.{name}"))
            out = os.path.join(folder, "page.md")
            report.write(mock.Mock(out=out), result)
            with open(out) as file:
                found = [line for line in file.read().splitlines() if line.startswith(("#", "!"))]
        self.assertEqual(found, ["# Rate and distortion", "![rate against quality](page.png)", *(f"## {name}" for name in sections), "## Measurements"])


class Seams(unittest.TestCase):
    def starts(self, clip_packets):
        coded = [coding.Packet(0, 9, True), coding.Packet(4, 3, False), coding.Packet(8, 9, True)]
        encoder = peers.Encoder("x", "", (), (), clip_packets=clip_packets)
        clip = collections.namedtuple("Clip", "rate samples")("25", 100)
        with mock.patch("coding.packets", return_value=coded), \
                mock.patch("seams.measure", side_effect=lambda clip, decoded, starts: {"starts": starts}):
            return Bench("", None, Store(""), 1).measure_seams(clip, encoder, "", "")["starts"]

    def test_a_clip_begins_at_a_packet_or_at_a_keyframe(self):
        self.assertEqual(self.starts(True), [0, 4, 8])
        self.assertEqual(self.starts(False), [0, 8])


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

    def test_clip_by_clip(self):
        """The clips' rates differ by 3; the first reaches up to 0.016, the second from 0.006."""
        text = tables.clip_gap_table([("peer", measured(self.rates))], measured(self.rates, 0.5), PSNR)
        self.assertEqual(text.splitlines()[2],
                         "| peer | +2.00 (1) | +2.00 (1) | +2.00 (2) | +2.00 (1) | +2.00 (1) | - | - |")
        text = tables.clip_lowest_table([Named("a"), Named("b")], measured(self.rates), measured(self.rates, 0.5))
        self.assertEqual(text.splitlines()[2:], ["| a | 0.0020 | +2.00 | everywhere |",
                                                 "| b | 0.0060 | +2.00 | everywhere |"])

    def test_ahead(self):
        curve = lambda *args: tables.mean_curve(measured(*args), PSNR)
        self.assertEqual(tables.ahead_text(curve(self.rates), curve(self.rates, 0.5)), "everywhere")
        self.assertEqual(tables.ahead_text(curve(self.rates), curve(self.rates, 2.0)), "nowhere")
        flat = [(crf, 0.008 * (rate / 0.008) ** 2) for crf, rate in self.rates]
        self.assertEqual(tables.ahead_text(curve(self.rates), curve(flat)), "below 0.0160")

    def test_csv_has_means_and_clips(self):
        text = tables.measurement_csv("made here", [Named("a"), Named("b")], {"x, steps 0": measured([(40, 0.01)])}, [PSNR])
        self.assertEqual(text.splitlines()[0], "# made here")
        self.assertEqual(list(csv.reader(text.splitlines()[1:])), [
            ["encoder", "clip", "crf", "bits_per_pixel", "psnr_y"], ["x, steps 0", "all", "40", "0.02000", "30.00"],
            ["x, steps 0", "a", "40", "0.01000", "30.00"], ["x, steps 0", "b", "40", "0.03000", "30.00"]])

    def test_seams_are_the_same_in_both_forms(self):
        places = ("tile", "near", "inside", "token", "clip", "clip_inside", "token_frames")
        sums = {name: i + 1.0 for i, name in enumerate(places)}
        seams_of = {"x": {30: [{"bpp": 0.01, "psnr_y": 33.336, **sums}]}, "y": {30: [{"bpp": 0.02, "psnr_y": 31, **sums}]}}
        on_grid = lambda name: name == "x"
        rows = list(csv.reader(tables.seam_csv("made here", seams_of, on_grid).splitlines()[2:]))
        self.assertEqual(["| " + " | ".join(row) + " |" for row in rows],
                         tables.seam_table(seams_of, on_grid).splitlines()[2:])
        self.assertEqual(rows[1][:7], ["y", "30", "0.0200", "31.00", "", "", ""])

    def test_mean_over_clips_says_how_many(self):
        self.assertEqual(tables.mean_over_clips([-0.1, float("nan")]), "-10.0 (1 clips)")


class Rates:
    """Stands for a Bench: an encoder's rate of each crf; the second decoder is 1 dB better."""

    def __init__(self, rates):
        self.rates = rates

    def quality(self, clip, encoder, crf):
        return [{"bpp": self.rates[encoder.name](crf), "psnr_y": 30.0 + i} for i in range(len(encoder.decoders))]


class Choice(unittest.TestCase):
    def choose(self, peer_rate):
        onedva, peer = peers.onedva("ffmpeg", "", (10, 40, 63), (0, 1)), peers.x264("ffmpeg", 16)
        bench = Rates({"onedva": lambda crf: 0.5 * 2 ** (-crf / 8), peer.name: lambda crf: peer_rate})
        (first, decoder, crf, value), (_, linear, same, _), (other, _, last, _) = lowest_rate.choose(
            bench, None, onedva, [peer])
        self.assertEqual((first, decoder[0], value["psnr_y"]), (onedva, "steps 1", 31.0))
        self.assertEqual((linear[0], same, other, last), ("steps 0", crf, peer, 51))
        return crf, value["bpp"]

    def test_onedva_stays_below_the_peer(self):
        crf, rate = self.choose(0.005)
        self.assertLessEqual(rate, 0.005)
        self.assertGreater(0.5 * 2 ** (-(crf - 1) / 8), 0.005)

    def test_onedva_stays_below_the_limit(self):
        self.assertLessEqual(self.choose(0.1)[1], lowest_rate.RATE)

    def test_the_last_crf_if_all_need_more(self):
        self.assertEqual(self.choose(0.0001)[0], 63)


if __name__ == "__main__":
    unittest.main()
