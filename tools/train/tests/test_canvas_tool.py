# SPDX-License-Identifier: LGPL-2.1-or-later
"""onedva-canvas: what it writes is what the encoder coded, and its errors are one line."""
import json
import os
import subprocess
import tempfile
import unittest

import numpy as np

from onedva_train import canvases, data

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TOOL = os.path.join(ROOT, "build", "onedva-canvas")


def y4m(planes, colour="C420jpeg"):
    """Planes y, u, v [T, H, W] as a yuv4mpeg file."""
    t, h, w = planes[0].shape
    frames = [b"FRAME\n" + b"".join(p[i].tobytes() for p in planes) for i in range(t)]
    return f"YUV4MPEG2 W{w} H{h} F25:1 Ip A1:1 {colour}\n".encode() + b"".join(frames)


def pan(frames, height, width, step, seed=1):
    """A texture of soft blobs that moves step samples a frame to the left."""
    rng = np.random.default_rng(seed)
    full = width + step * frames
    f = np.fft.rfft2(rng.normal(size=(height, full)))
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(full)[None]
    texture = np.fft.irfft2(f * np.exp(-150 * (fx ** 2 + fy ** 2)), (height, full))
    texture = np.clip(128 + 40 * texture / texture.std(), 0, 255).astype(np.uint8)
    y = np.stack([texture[:, step * i:step * i + width] for i in range(frames)])
    return y, y[:, ::2, ::2].copy(), y[:, 1::2, ::2].copy()


class CanvasTool(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["make", "-s", "canvas"], cwd=ROOT, check=True)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = os.path.join(self.folder.name, "a.canvas")

    def tearDown(self):
        self.folder.cleanup()

    def run_tool(self, content, *options):
        return subprocess.run([TOOL, "--out", self.out, "--index", self.out + ".index", *options],
                              input=content, capture_output=True)

    def clips(self, content, *options):
        done = self.run_tool(content, *options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        data.write_index(self.folder.name, [{"file": "a.canvas", "name": "a", "scale": 1.0}])
        with open(self.out + ".index") as f:
            lines = [json.loads(line) for line in f]
        return canvases.load(self.folder.name), lines

    def test_without_motion_canvases_are_the_pictures(self):
        rng = np.random.default_rng(2)
        planes = [rng.integers(0, 256, (21, *s)).astype(np.uint8) for s in ((71, 93), (36, 47), (36, 47))]
        clips, lines = self.clips(y4m(planes), "--motion", "off", "--crf", "20,50")
        for i, name in enumerate(("y", "u", "v")):
            found = np.concatenate([getattr(c, name) for c in clips])
            self.assertTrue(np.array_equal(found, planes[i]), name)
        self.assertTrue(all((c.visible == 1).all() for c in clips))
        self.assertEqual([line["crf"] for line in lines][:2], [20, 50])
        self.assertEqual({(line["motion"], line["left"], line["top"]) for line in lines}, {("off", 0, 0)})

    def test_a_pan_rests_on_the_canvas(self):
        planes = pan(16, 160, 224, 3)
        clips, lines = self.clips(y4m(planes), "--crf", "24", "--gop", "1")
        clip, line = clips[0], lines[0]
        self.assertEqual((line["frames"], line["motion"] != "off"), (16, True))
        self.assertGreater(clip.width, 224)
        # samples that all frames show do not change, though those of the pictures do
        shown = clip.visible.all(0).repeat(4, 0).repeat(4, 1)[:clip.height, :clip.width]
        self.assertGreater(shown.mean(), 0.4)
        self.assertLess(clip.y.std(0)[shown].mean(), 0.1 * planes[0].std(0).mean())
        self.assertFalse(clip.visible.all())
        # the reference frame lies on its canvas as it is
        top, left = line["top"], line["left"]
        inside = clip.y[:, top:top + 160, left:left + 224].astype(int)
        self.assertLess(np.abs(inside - planes[0]).mean((1, 2)).min(), 1)

    def test_pairs_hold_what_a_decoder_reconstructs(self):
        content, errors = y4m(pan(40, 160, 224, 2)), []
        plain, _ = self.clips(content, "--crf", "24")
        for crf in (24, 44):
            os.remove(self.out), os.remove(self.out + ".index")
            clips, lines = self.clips(content, "--crf", str(crf), "--pairs")
            self.assertEqual([c.inter for c in clips], [False] + [True] * (len(clips) - 1))
            self.assertGreater(len(clips), 1)
            self.assertEqual({c.qidx for c in clips if c.inter}, {crf - 40})
            for c in clips:
                self.assertTrue(((c.shares >= 0) & (c.shares <= 1)).all() and c.shares.any())
                error = (c.linear[0].astype(int) - c.y)[c.visible.repeat(4, 1).repeat(4, 2)[:, :c.height, :c.width] == 1]
                errors.append((error ** 2).mean())
            if crf == 24:  # the canvases are the same as without
                for a, b in zip(plain, clips):
                    self.assertTrue(np.array_equal(a.y, b.y) and np.array_equal(a.visible, b.visible))
        self.assertLess(max(errors[:len(plain)]), 10)
        self.assertGreater(min(errors[len(plain):]), 1.5 * max(errors[:len(plain)]))
        os.remove(self.out), os.remove(self.out + ".index")
        clips, _ = self.clips(content, "--pairs", "--gop", "1")
        self.assertFalse(any(c.inter for c in clips))

    def test_pairs_say_which_tokens_are_kept(self):
        clips, _ = self.clips(y4m(pan(40, 160, 224, 0)), "--crf", "24", "--pairs")
        self.assertFalse(clips[0].kept.any())
        self.assertEqual(clips[1].kept.shape, clips[1].tokens()[1:])
        self.assertTrue(clips[1].inter and clips[1].kept.any())
        # what is kept is a picture that stands still: every frame of its reconstruction is the same
        kept = clips[1].kept.repeat(16, 0).repeat(16, 1)[:160, :224]
        self.assertEqual(int(np.ptp(clips[1].linear[0], 0)[kept].max()), 0)

    def test_an_aligned_clip_may_follow_one_that_is_not(self):
        content = y4m([np.concatenate([p[:1].repeat(16, 0), p]) for p in pan(32, 96, 128, 1)])
        _, lines = self.clips(content, "--crf", "20")
        self.assertEqual(lines[0]["motion"], "off")
        self.assertNotEqual(lines[-1]["motion"], "off")

    def test_runs_append(self):
        content = y4m(pan(4, 64, 64, 0))
        for count in (1, 2):
            clips, lines = self.clips(content, "--motion", "off")
            self.assertEqual(len(clips), count)
        self.assertTrue(np.array_equal(clips[0].y, clips[1].y))

    def test_errors_are_one_line(self):
        content = y4m(pan(2, 64, 64, 0))
        for text, given, options in (
                ("this is not yuv4mpeg", b"RIFF", ()),
                ("format C422 is not 4:2:0 of 8 bits", y4m(pan(1, 64, 64, 0), "C422"), ()),
                ("damaged header at 'Wx'", b"YUV4MPEG2 Wx H16\n", ()),
                ("size 0x16 is not in 1x1", b"YUV4MPEG2 W0 H16\n", ()),
                ("frame 1 is cut short", content[:-1], ()),
                ("no frame where frame 2 must begin", content + b"x", ()),
                ("--crf 64 is not a number in 0 to 63", content, ("--crf", "64")),
                ("--crf 20,x is not a number", content, ("--crf", "20,x")),
                ("--motion fast does not exist", content, ("--motion", "fast")),
                ("--threads -1 is not a number", content, ("--threads", "-1")),
                ("--gop x is not a number in 0 to 2147483647", content, ("--gop", "x")),
                ("none.y4m cannot be read: No such file", content, ("none.y4m",)),
                ("none.safetensors", content, ("--model", "none.safetensors"))):
            done = self.run_tool(given, *options)
            self.assertEqual(done.returncode, 1, text)
            self.assertRegex(done.stderr.decode(), rf"\A[^\n]*{text}[^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
