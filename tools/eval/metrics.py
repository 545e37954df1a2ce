# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares decoded frames with the source by FFmpeg's filters."""
import dataclasses
import re

from programs import ProgramError, ffmpeg_version, has_filter, identity, run

VMAF_MODEL = "vmaf_v0.6.1"
PSNR_OF_EQUAL = 99.0   # stands for infinity


@dataclasses.dataclass(frozen=True)
class Metric:
    key: str
    title: str
    unit: str
    digits: int
    pattern: str   # of the filter's line in ffmpeg's log
    most: float    # what stands for equal frames


PSNR = Metric("psnr_y", "PSNR-Y", "dB", 2, r"PSNR y:(\S+)", PSNR_OF_EQUAL)
SSIM = Metric("ssim_y", "SSIM-Y", "", 4, r"SSIM Y:(\S+)", 1.0)
XPSNR = Metric("xpsnr_y", "XPSNR-Y", "dB", 2, r"XPSNR\s+y:\s*(\S+)", PSNR_OF_EQUAL)
VMAF = Metric("vmaf", "VMAF", "", 1, r"VMAF score: (\S+)", 100.0)

FFMPEG_METRICS = (PSNR, SSIM, XPSNR)


def parse(log, metrics):
    """-> {key: value} of the filters' lines in ffmpeg's log"""
    found = {}
    for metric in metrics:
        line = re.search(metric.pattern, log)
        if not line:
            raise ProgramError(f"no {metric.title} in ffmpeg's log:\n{log.strip()[-400:]}")
        found[metric.key] = min(float(line.group(1)), metric.most)
    return found


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What compares: an FFmpeg with psnr, ssim and xpsnr, and one with libvmaf or none."""
    ffmpeg: str
    vmaf: str = ""

    @property
    def metrics(self):
        return FFMPEG_METRICS + ((VMAF,) if self.vmaf else ())

    def check(self):
        for program, name in ((self.ffmpeg, "xpsnr"), (self.vmaf, "libvmaf")):
            if program and not has_filter(program, name):
                raise ProgramError(f"{program} has no filter {name}; another ffmpeg is needed")

    def key(self):
        """Tells results of other programs from these."""
        return {"ffmpeg": ffmpeg_version(self.ffmpeg),
                "vmaf": f"{VMAF_MODEL} {identity(self.vmaf)}" if self.vmaf else ""}

    def measure(self, clip, decoded):
        """decoded: path of raw frames like those of clip.raw -> {key: value}. xpsnr weighs errors by the content
        of its first input, so that is the source there."""
        inputs = ["-nostdin", *clip.raw_options, "-i", decoded, *clip.raw_options, "-i", clip.raw]
        log = run([self.ffmpeg, *inputs, "-lavfi",
                   "[0:v]split=3[a][c][e];[1:v]split=3[b][d][f];[a][b]psnr;[c][d]ssim;[f][e]xpsnr",
                   "-f", "null", "-"]).stderr
        found = parse(log, FFMPEG_METRICS)
        if self.vmaf:
            log = run([self.vmaf, *inputs, "-lavfi", f"libvmaf=model=version={VMAF_MODEL}",
                       "-f", "null", "-"]).stderr
            found.update(parse(log, [VMAF]))
        return found

    def description(self):
        text = f"PSNR, SSIM and XPSNR by the filters of FFmpeg {ffmpeg_version(self.ffmpeg)}"
        if self.vmaf:
            text += f", VMAF ({VMAF_MODEL}) by libvmaf in FFmpeg {ffmpeg_version(self.vmaf)}"
        return text
