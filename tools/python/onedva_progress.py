# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What long work says of itself, the same in every program: a bar on a terminal, plain lines in a log, and what is kept
when it is interrupted. tools/latents/progress.c is the same in C."""
import shutil
import signal
import sys
import time

WIDTH = 20        # of the bar
REDRAWN = 0.2     # seconds from one look of the bar to the next
LOGGED = 30       # seconds from line to line in a log


def span(seconds):
    """-> as in 50 s, 12 min, 3 h 5 min"""
    minutes = round(seconds / 60)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def speed(rate, unit):
    """-> as in 3.40 clips/s, 12 clips/min, 5 clips/h: of a rate per second"""
    for seconds, name in ((1, "s"), (60, "min")):
        if rate * seconds >= 1:
            break
    else:
        seconds, name = 3600, "h"
    value = rate * seconds
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}/{name}"


class Progress:
    """Of work of so many units, of so many seconds, or of whichever comes first. What was done before this run counts as
    done, but not for the rate."""

    def __init__(self, unit, total=None, seconds=None, done=0, stream=None, clock=time.monotonic):
        self.unit, self.total, self.seconds, self.before = unit, total, seconds, done
        self.stream, self.clock = stream or sys.stderr, clock
        self.on_terminal = self.stream.isatty()
        self.begin = self.shown = clock()
        self.width = 0   # of the line that stands on the terminal

    def share_and_left(self, done, passed):
        """-> share of the work, 0 to 1, and the seconds that are left or None where that is not known"""
        shares, left = [0.0], []
        if self.total:
            shares.append(done / self.total)
            if done > self.before:
                left.append(passed * (self.total - done) / (done - self.before))
        if self.seconds:
            shares.append(passed / self.seconds)
            left.append(self.seconds - passed)
        return min(max(shares), 1.0), max(min(left), 0) if left else None

    def line(self, done, text=""):
        passed = self.clock() - self.begin
        share, left = self.share_and_left(done, passed)
        parts = [f"{done}/{self.total} {self.unit}" if self.total else f"{done} {self.unit}"]
        if done > self.before and passed > 0:
            parts.append(speed((done - self.before) / passed, self.unit))
        if left is not None and share < 1:
            parts.append(f"{span(left)} left")
        said = ", ".join(parts) + (f": {text}" if text else "")
        return f"[{'#' * int(WIDTH * share):{WIDTH}}] {said}" if self.on_terminal else said

    def show(self, done, text="", now=False):
        """Where it is time for it, or now."""
        if now or self.clock() - self.shown >= (REDRAWN if self.on_terminal else LOGGED):
            self.shown = self.clock()
            self.write(self.line(done, text))

    def write(self, line):
        if not self.on_terminal:
            print(line, file=self.stream, flush=True)
            return
        line = line[:shutil.get_terminal_size().columns - 1]
        print(f"\r{line:{self.width}}", end="", file=self.stream, flush=True)
        self.width = len(line)

    def clear(self):
        """Before something else is written: the bar leaves its line."""
        if self.width:
            print(f"\r{'':{self.width}}\r", end="", file=self.stream, flush=True)
            self.width = 0

    def close(self, done, text=""):
        """The last look, which stays on a terminal where there was one before; a log has what the program says of its end."""
        if self.width:
            self.write(self.line(done, text))
            print(file=self.stream, flush=True)
            self.width = 0


def watched(results, unit, total):
    """Passes results on as they come, and shows how many of them there are."""
    progress = Progress(unit, total)
    for done, result in enumerate(results, 1):
        progress.show(done)
        yield result
    progress.close(total)


def interrupt_at_sigterm():
    """SIGTERM is what Ctrl-C is: KeyboardInterrupt."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def say_interrupted(program, kept):
    """One line that says what is kept."""
    behind = "\n" if sys.stderr.isatty() else ""   # the bar, and what the terminal shows of Ctrl-C
    print(f"{behind}{program}: interrupted: {kept}", file=sys.stderr, flush=True)


def interrupted(program, kept):
    """Ends the program with that line."""
    say_interrupted(program, kept)
    sys.exit(1)
