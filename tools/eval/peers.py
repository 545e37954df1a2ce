# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The encoders to compare: One-DVA, and what people would use instead."""
import dataclasses
import os
import re
import tempfile

from programs import ProgramError, ffmpeg_version, run


@dataclasses.dataclass(frozen=True)
class Encoder:
    """One ffmpeg encoder with its options, over a list of qualities, and the decoders of its packets."""
    name: str
    program: str
    options: tuple
    qualities: tuple                   # values of -crf
    decoders: tuple = (("", ()),)      # what tells the decoder apart, and its options
    model: str = ""                    # that the packets need
    gop: int = 0                       # most frames from keyframe to keyframe; 0: its own default
    tuned: bool = False                # for PSNR
    clip_packets: bool = False         # every packet is a clip; else clips begin at keyframes

    def curve_name(self, decoder):
        return f"{self.name}, {decoder}" if decoder else self.name


GOPS = (250, 16)   # what people use, and random access twice a second
X264_CRF = (20, 26, 32, 36, 40, 44, 48, 51)
X265_CRF = (20, 26, 32, 36, 40, 44, 48, 51)
SVT_CRF = (25, 32, 40, 46, 52, 57, 60, 63)
AOM_CRF = (25, 32, 40, 46, 52, 57, 60, 63)
LIBRARIES = ("libx264", "libx265", "libsvtav1", "libaom-av1")   # encoders of an ffmpeg that all_peers() needs


def fewer(qualities):
    """For the peers that are not at the centre of a comparison: every other value, and the last."""
    return (*qualities[::2], qualities[-1])


def onedva(program, model, crf, steps, preset="medium", options=(), name="onedva"):
    decoders = tuple((f"steps {s}", ("-steps", str(s))) for s in steps)
    return Encoder(name, program, ("-c:v", "onedva", "-preset", preset, *options), tuple(crf), decoders, model)


def onedva_of_gop(program, model, crf, steps, gop):
    made = onedva(program, model, crf, steps, options=("-g", str(gop)), name=f"onedva, GOP {gop}")
    return dataclasses.replace(made, gop=gop)


def x264(program, gop, tune=None):
    options = ("-c:v", "libx264", "-preset", "medium", "-g", str(gop), "-keyint_min", str(gop))
    return Encoder(f"x264 medium{', tune ' + tune if tune else ''}, GOP {gop}", program,
                   options + (("-tune", tune) if tune else ()), X264_CRF, gop=gop, tuned=bool(tune))


def x265(program, gop, tune=None):
    """Without a thread pool, and so without wavefronts, which cost a tenth of the lowest rates."""
    parameters = f"keyint={gop}:min-keyint={min(gop, 16)}:open-gop=0:pools=none:frame-threads=1"
    options = ("-c:v", "libx265", "-preset", "medium", "-x265-params", parameters)
    return Encoder(f"x265 medium{', tune ' + tune if tune else ''}, GOP {gop}", program,
                   options + (("-tune", tune) if tune else ()), X265_CRF, gop=gop, tuned=bool(tune))


def svt_av1(program, gop):
    return Encoder(f"SVT-AV1 preset 6, GOP {gop}", program,
                   ("-c:v", "libsvtav1", "-preset", "6", "-g", str(gop), "-svtav1-params", "lp=1"), SVT_CRF, gop=gop)


def libaom(program, gop):
    return Encoder(f"libaom cpu-used 4, GOP {gop}", program,
                   ("-c:v", "libaom-av1", "-cpu-used", "4", "-g", str(gop), "-b:v", "0", "-row-mt", "0"), AOM_CRF, gop=gop)


def all_peers(program):
    """Those of each of GOPS, first the one of interest, as their presets come; then those tuned for PSNR. VVenC is in no
    package of Debian's."""
    first, *rest = GOPS
    others = [make(program, gop) for gop in rest for make in (x264, x265, svt_av1)]
    others += [x264(program, first, "psnr"), x265(program, first, "psnr")]
    return [x264(program, first), x265(program, first), svt_av1(program, first), libaom(program, first),
            *(dataclasses.replace(peer, qualities=fewer(peer.qualities)) for peer in others)]


def model_id(program, ffprobe):
    """Hexadecimal id of the model that an ffmpeg encodes with: it stands in the stream header."""
    with tempfile.TemporaryDirectory() as folder:
        coded = os.path.join(folder, "coded.mkv")
        run([program, "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=s=32x32", "-frames:v", "1",
             "-c:v", "onedva", coded])
        shown = run([ffprobe, "-v", "error", "-show_data", "-show_entries", "stream=extradata", coded]).stdout
    return parse_model_id(shown)


def parse_model_id(shown):
    """shown: ffprobe -show_data; the id is the 8 bytes, little endian, behind the version."""
    row = re.search(r"^00000000: ([0-9a-f ]+?)  ", shown, re.M)
    data = bytes.fromhex(row.group(1).replace(" ", "")) if row else b""
    if len(data) < 9:
        raise ProgramError("no stream header in what ffprobe shows of a onedva stream")
    return data[8:0:-1].hex()


def library_version(encoder):
    """-> as in "x265 3.5+1-f0c1022b6", from what the encoder's library logs"""
    with tempfile.TemporaryDirectory() as folder:
        log = run([encoder.program, "-nostdin", "-f", "lavfi", "-i", "testsrc=s=128x128", "-frames:v", "2",
                   "-pix_fmt", "yuv420p", *encoder.options, os.path.join(folder, "coded.mkv")]).stderr
    return parse_library_version(log)


def parse_library_version(log):
    for name, pattern in (("x264", r"\] 264 - (core \d+ r\S+)"), ("x265", r"HEVC encoder version (\S+)"),
                          ("SVT-AV1", r"SVT-AV1 Encoder Lib v?(\S+)"), ("libaom", r"\[libaom-av1 @ \S+\] v?(\d\S*)")):
        found = re.search(pattern, log)
        if found:
            return f"{name} {found.group(1)}"
    return "a library that does not say its version"


def peer_versions(peers):
    """-> one line: the ffmpeg of the peers and the libraries in it"""
    versions = dict.fromkeys(library_version(peer) for peer in peers)
    return f"{', '.join(versions)}, in FFmpeg {ffmpeg_version(peers[0].program)}"
