# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is read from the logs and listings of other programs, with lines as these print them."""
import unittest

import coding
import metrics
import peers
from programs import ProgramError

LOG = """
[Parsed_xpsnr_4 @ 0x7f2a7c005a40] XPSNR  y: 22.8107  u: 37.4241  v: 40.2254  (minimum: 22.8107)
[Parsed_ssim_3 @ 0x7f2a7c0054c0] SSIM Y:0.868638 (8.815298) U:0.978046 (16.584945) V:0.985596 (18.4) All:0.9 (10.2)
[Parsed_psnr_2 @ 0x7f2a7c004f00] PSNR y:28.501254 u:44.627561 v:47.296840 average:30.221539 min:27.5 max:31.5
[Parsed_libvmaf_0 @ 0x27a0002080] VMAF score: 53.862214
"""
EQUAL = """
[Parsed_xpsnr_4 @ 0x55] XPSNR  y: inf  u: inf  v: inf  (minimum: inf)
[Parsed_ssim_3 @ 0x55] SSIM Y:1.000000 (inf) U:1.000000 (inf) V:1.000000 (inf) All:1.000000 (inf)
[Parsed_psnr_2 @ 0x55] PSNR y:inf u:inf v:inf average:inf min:inf max:inf
"""
EXTRADATA = """[STREAM]
extradata=
00000000: 0059 54d8 1a87 04dd a6aa 03f0 0100 0101  .YT.............
00000010: 0101 0180 05ff 0401 1e01                 ..........

[/STREAM]
"""


class Logs(unittest.TestCase):
    def test_metrics(self):
        found = metrics.parse(LOG, (*metrics.FFMPEG_METRICS, metrics.VMAF))
        self.assertEqual(found, {"psnr_y": 28.501254, "ssim_y": 0.868638, "xpsnr_y": 22.8107, "vmaf": 53.862214})

    def test_equal_frames(self):
        self.assertEqual(metrics.parse(EQUAL, metrics.FFMPEG_METRICS), {"psnr_y": 99.0, "ssim_y": 1.0, "xpsnr_y": 99.0})

    def test_a_missing_line_is_named(self):
        with self.assertRaisesRegex(ProgramError, "no VMAF"):
            metrics.parse(EQUAL, [metrics.VMAF])

    def test_library_versions(self):
        for log, version in (
                ("[libx264 @ 0x56] 264 - core 164 r3095 baee400 - H.264/MPEG-4 AVC codec - Copyleft",
                 "x264 core 164 r3095"),
                ("x265 [info]: HEVC encoder version 3.5+1-f0c1022b6", "x265 3.5+1-f0c1022b6"),
                ("[libaom-av1 @ 0x56182fb41840] v3.6.0", "libaom 3.6.0"),
                ("Svt[info]: SVT [version]:\tSVT-AV1 Encoder Lib v1.4.1", "SVT-AV1 1.4.1")):
            self.assertEqual(peers.parse_library_version(log), version)


class Listings(unittest.TestCase):
    def test_packets_count_frames_of_times_in_milliseconds(self):
        found = coding.parse_packets("pts_time=0.000000|size=635|flags=K__\npts_time=0.134000|size=30|flags=___\n"
                                     "pts_time=0.536000|size=720|flags=K__\n", "179/6")
        self.assertEqual(found, [coding.Packet(0, 635, True), coding.Packet(4, 30, False),
                                 coding.Packet(16, 720, True)])

    def test_model_id(self):
        self.assertEqual(peers.parse_model_id(EXTRADATA), "a6dd04871ad85459")
        with self.assertRaises(ProgramError):
            peers.parse_model_id("[STREAM]\n[/STREAM]\n")


if __name__ == "__main__":
    unittest.main()
