# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
import ctypes
import gc
import os
import subprocess
import sys
import unittest
import weakref

import numpy as np

FOLDER = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(FOLDER, "..", "..", ".."))
sys.path.insert(0, os.path.join(FOLDER, ".."))
import onedva_frames

MODEL = os.path.join(ROOT, "fate/model/onedva-test.safetensors")
LIBRARY = os.path.join(ROOT, "build/lib/shared/libonedva.so")
DRIVER = os.path.join(ROOT, "build/cuda-on-cpu")
ODD = os.path.join(ROOT, "fate/conformance/encoded-17x33.odva")
INTER = os.path.join(ROOT, "fate/conformance/encoded-inter.odva")
FFMPEG = os.path.join(ROOT, "build/ffmpeg-check/ffmpeg")


def decoded(video, *options):
    """By ffmpeg, as bytes of all frames."""
    command = [FFMPEG, "-v", "error", *options, "-i", video, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    return subprocess.run(command, capture_output=True, check=True, env=dict(os.environ, ONEDVA_MODEL=MODEL)).stdout


def opened(video, device="cpu", **settings):
    return onedva_frames.clips(video, device, library=LIBRARY, model=MODEL, ffmpeg=FFMPEG, **settings)


def frames_of(clip, array):
    """The bytes of a clip's frames, of what array() makes of each plane."""
    planes = [array(plane) for plane in clip.planes]
    return b"".join(bytes(plane[t].reshape(-1).tobytes()) for t in range(clip.frames) for plane in planes)


def array_on_cpu_driver(plane):
    """Memory of the driver on the CPU is memory."""
    frames, height, width = plane.shape
    rows = [ctypes.string_at(plane.address + t * plane.strides[0] + y * plane.strides[1], width)
            for t in range(frames) for y in range(height)]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(plane.shape)


class FramesTest(unittest.TestCase):
    def check_planes(self, array):
        for video in ODD, INTER:
            for steps in 0, 1:
                found = b"".join(frames_of(clip, array) for clip in opened(video, steps=steps))
                self.assertEqual(found, decoded(video, "-steps", str(steps)))

    def test_numpy(self):
        self.check_planes(np.from_dlpack)

    def test_torch(self):
        import torch
        self.check_planes(lambda plane: torch.from_dlpack(plane).numpy())

    def test_clips(self):
        clips = list(opened(INTER))
        self.assertTrue(clips[0].is_key)
        self.assertFalse(all(clip.is_key for clip in clips) or any(clip.is_corrupt for clip in clips))
        begins = [clip.pts for clip in clips]
        self.assertEqual((begins[0], begins), (0, sorted(set(begins))))
        self.assertEqual(begins[1] / clips[0].time_base[1] * clips[0].time_base[0], clips[0].frames / 25)

    def test_memory_stays_as_long_as_its_users(self):
        clip = next(opened(ODD))
        expected = frames_of(clip, np.from_dlpack)
        planes = [np.from_dlpack(plane) for plane in clip.planes]
        memory = weakref.ref(clip.planes[0].memory)
        del clip
        gc.collect()
        self.assertIsNotNone(memory())
        self.assertEqual(b"".join(plane[t].tobytes() for t in range(len(planes[0])) for plane in planes), expected)
        self.assertEqual(len(onedva_frames._given), 3)
        del planes
        gc.collect()
        self.assertEqual(onedva_frames._given, {})
        self.assertIsNone(memory())

    def test_capsules_that_nobody_takes(self):
        capsules = [plane.__dlpack__() for plane in next(opened(ODD)).planes]
        self.assertEqual(len(onedva_frames._given), 3)
        del capsules
        self.assertEqual(onedva_frames._given, {})

    def test_refused(self):
        for text, arguments in (("No such file", ("none.mkv",)), ("does not exist", (ODD, "cpu", {"sampler": 9}))):
            with self.assertRaisesRegex(ValueError, text):
                list(opened(*arguments[:2], **(arguments[2] if len(arguments) > 2 else {})))
        with self.assertRaisesRegex(ValueError, "make builds it as"):
            list(onedva_frames.clips(ODD, library="libnone.so", ffmpeg=FFMPEG))


def on_cpu_driver():
    """Run by test_cuda, with the driver on the CPU in LD_LIBRARY_PATH."""
    for video in ODD, INTER:
        found = b"".join(frames_of(clip, array_on_cpu_driver) for clip in opened(video, "cuda", steps=1))
        assert found == decoded(video, "-backend", "cuda", "-steps", "1")
    clip = next(opened(ODD, "cuda:0"))
    assert clip.planes[0].__dlpack_device__() == (onedva_frames.CUDA, 0)
    capsules = [plane.__dlpack__() for plane in clip.planes]
    del clip
    gc.collect()
    del capsules
    gc.collect()
    try:
        list(opened(ODD, "cuda", bitexact=1))
    except ValueError as error:
        assert "bitexact is what the C reference computes" in str(error)
    else:
        raise AssertionError("bitexact on a GPU")


class CudaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(LIBRARY, "rb") as file:
            if b"libcuda.so.1" not in file.read():
                raise unittest.SkipTest("skipped: frames of CUDA in Python: the library was built without CUDA")
        subprocess.run(["make", "-s", "-C", ROOT, "build/cuda-on-cpu/libcuda.so.1"], check=True)

    def test_cuda(self):
        environment = dict(os.environ, LD_LIBRARY_PATH=DRIVER)
        done = subprocess.run([sys.executable, os.path.abspath(__file__), "--on-cpu-driver"], env=environment,
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)    # 99: something of the driver is left

    def test_no_device(self):
        environment = dict(os.environ, LD_LIBRARY_PATH=DRIVER, ONEDVA_CUDA_DEVICES="0")
        done = subprocess.run([sys.executable, os.path.abspath(__file__), "--on-cpu-driver"], env=environment,
                              capture_output=True, text=True, check=False)
        self.assertIn("cuDeviceGet failed with 101", done.stderr)


if __name__ == "__main__":
    if "--on-cpu-driver" in sys.argv:
        on_cpu_driver()
    else:
        unittest.main()
