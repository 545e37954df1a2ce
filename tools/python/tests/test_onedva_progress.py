# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import io
import os
import signal
import subprocess
import sys
import unittest
from unittest import mock

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, FOLDER)
from onedva_progress import Progress, span, speed, watched


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Words(unittest.TestCase):
    def test_spans(self):
        for seconds, text in ((0, "0 s"), (99, "99 s"), (100, "2 min"), (5940, "99 min"), (11100, "3 h 5 min")):
            self.assertEqual(span(seconds), text)

    def test_speeds(self):
        for rate, text in ((250, "250 clips/s"), (12.3, "12.3 clips/s"), (1, "1.00 clips/s"), (0.5, "30.0 clips/min"),
                           (0.01, "36.0 clips/h"), (0.0001, "0.36 clips/h")):
            self.assertEqual(speed(rate, "clips"), text)


class Looks(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()

    def progress(self, stream, **settings):
        return Progress("clips", stream=stream, clock=self.clock, **settings)

    def at(self, seconds):
        self.clock.now = 100.0 + seconds

    def test_a_log_has_plain_lines_half_a_minute_apart(self):
        log = io.StringIO()
        progress = self.progress(log, total=40, done=10)
        for seconds in range(1, 65):
            self.at(seconds)
            progress.show(10 + seconds // 4, "more" if seconds < 40 else "")
        progress.close(26)
        self.assertEqual(log.getvalue(), "17/40 clips, 14.0 clips/min, 99 s left: more\n"
                                         "25/40 clips, 15.0 clips/min, 60 s left\n")

    def test_a_terminal_has_one_line_with_a_bar(self):
        terminal = Terminal()
        progress = self.progress(terminal, total=4)
        progress.show(0)                   # too early
        self.at(10)
        progress.show(1, "a long word")
        self.at(10.1)
        progress.show(2)                   # too early
        self.at(20)
        progress.show(2)
        self.at(30)
        progress.close(4)
        self.assertEqual(terminal.getvalue(), "\r[#####               ] 1/4 clips, 6.00 clips/min, 30 s left: a long word"
                                              "\r[##########          ] 2/4 clips, 6.00 clips/min, 20 s left             "
                                              "\r[####################] 4/4 clips, 8.00 clips/min           \n")

    def test_short_work_says_nothing(self):
        for stream in (Terminal(), io.StringIO()):
            progress = self.progress(stream, total=4)
            progress.show(4)
            progress.close(4)
            self.assertEqual(stream.getvalue(), "")

    def test_results_are_watched(self):
        terminal = Terminal()
        with mock.patch("sys.stderr", terminal), mock.patch("onedva_progress.REDRAWN", 0):
            self.assertEqual(list(watched(iter("ab"), "files", 2)), ["a", "b"])
        self.assertRegex(terminal.getvalue(), r"^\r\[#{10} {10}\] 1/2 files.*\r\[#{20}\] 2/2 files.*\n$")

    def test_a_line_fits_the_terminal(self):
        terminal = Terminal()
        progress = self.progress(terminal, total=4)
        with mock.patch.dict(os.environ, {"COLUMNS": "30"}):
            progress.show(1, now=True)
        self.assertEqual(terminal.getvalue(), "\r[#####               ] 1/4 cl")
        progress.clear()
        self.assertTrue(terminal.getvalue().endswith(f"\r{'':29}\r"))

    def test_work_of_a_span_of_time_or_of_units_or_of_either(self):
        self.at(0)
        for settings, line in (({"seconds": 40}, "5 clips, 30.0 clips/min, 30 s left"),
                               ({"seconds": 40, "total": 6}, "5/6 clips, 30.0 clips/min, 2 s left"),
                               ({"seconds": 40, "total": 1000}, "5/1000 clips, 30.0 clips/min, 30 s left"), ({}, "5 clips, 30.0 clips/min")):
            self.at(0)
            progress = self.progress(io.StringIO(), **settings)
            self.at(10)
            self.assertEqual(progress.line(5), line)


class Signals(unittest.TestCase):
    def test_one_line_says_what_is_kept(self):
        program = ("import sys, time; sys.path.insert(0, sys.argv[1]); import onedva_progress as p\n"
                   "p.interrupt_at_sigterm()\n"
                   "try:\n print('ready', flush=True); time.sleep(60)\n"
                   "except KeyboardInterrupt: p.interrupted('it', '3 of 4 clips are kept; the same command goes on')\n")
        with subprocess.Popen([sys.executable, "-c", program, FOLDER], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as it:
            it.stdout.readline()
            it.send_signal(signal.SIGTERM)
            said = it.stderr.read().decode()
        self.assertEqual((it.returncode, said), (1, "it: interrupted: 3 of 4 clips are kept; the same command goes on\n"))


if __name__ == "__main__":
    unittest.main()
