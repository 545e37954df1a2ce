# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs other programs and says which ones they are."""
import functools
import hashlib
import os
import re
import shutil
import subprocess
import threading


class ProgramError(Exception):
    """A program failed, or what it wrote is not what it should have written."""


running = set()   # programs, from any thread; Ctrl-C does not reach them
no_more = threading.Event()


def run(command):
    """Runs command to its end -> its output; ProgramError with its messages if it fails."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    except OSError as error:
        raise ProgramError(f"{command[0]}: {error.strerror}") from error
    with child:
        running.add(child)
        if no_more.is_set():
            child.kill()
        try:
            output, said = (text.decode(errors="replace") for text in child.communicate())
        except BaseException:
            child.kill()
            raise
        finally:
            running.discard(child)
    if child.returncode:
        raise ProgramError(f"{' '.join(command)}\n{said.strip()}")
    return subprocess.CompletedProcess(command, 0, output, said)


def end_all():
    """Kills what run() runs in other threads, and what it would run from now on."""
    no_more.set()
    for child in list(running):
        child.kill()


def file_digest(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()[:16]


@functools.lru_cache(maxsize=None)
def identity(program):
    """A digest of a program and of the shared libraries of codecs that it loads."""
    path = shutil.which(program)
    if not path:
        raise ProgramError(f"{program}: no such program")
    listed = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
    libraries = re.findall(r"lib(?:avcodec|x264|x265|SvtAv1Enc|aom|dav1d)\S* => (\S+)", listed)
    return "-".join(file_digest(p) for p in [path, *sorted(libraries)])


@functools.lru_cache(maxsize=None)
def ffmpeg_version(program):
    """As in 7.1.5"""
    return re.search(r"version (\S+)", run([program, "-version"]).stdout).group(1)


def has_filter(program, name):
    return re.search(rf"^ \S+ {name} ", run([program, "-hide_banner", "-filters"]).stdout, re.M) is not None


def one_line(text):
    return " ".join(text.split())


def machine():
    """-> one line: processor, cores, system"""
    info = {}
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as file:
            info = dict(re.findall(r"^(model name|flags)\s*: (.*)$", file.read(), re.M))
    flags = info.get("flags", "").split()
    simd = next((name for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2")) if flag in flags), None)
    system = "unknown system"
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release") as file:
            system = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M).group(1)
    parts = [one_line(info.get("model name", "unknown processor")), f"{os.cpu_count()} cores", simd, system]
    return ", ".join(part for part in parts if part)
