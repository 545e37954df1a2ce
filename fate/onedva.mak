# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# FATE tests of the One-DVA codec and filter. "make fate-onedva" names the small, fixed test model
# in ONEDVA_MODEL; the references are made with it. 20 frames are a whole clip and a short one.

# name, options of the encoder, options of the decoder
ONEDVA_CODEC_TESTS = crf10 crf30 crf50 linear diffusion heun clip5 clip16 frame1 ultrafast slow \
                     layers tokens motion-off motion-global motion-mesh

fate-onedva-%-crf10:     ENCOPTS = -crf 10
fate-onedva-%-crf30:     ENCOPTS = -crf 30
fate-onedva-%-crf50:     ENCOPTS = -crf 50
fate-onedva-%-linear:    DECOPTS = -steps 0
fate-onedva-%-diffusion: DECOPTS = -steps 3
fate-onedva-%-heun:      DECOPTS = -steps 3 -sampler heun
fate-onedva-%-clip5:     ENCOPTS = -clip_frames 5
fate-onedva-%-clip16:    ENCOPTS = -clip_frames 16 -adaptive_clips 0
fate-onedva-%-frame1:    ENCOPTS = -frames:v 1
fate-onedva-%-ultrafast: ENCOPTS = -preset ultrafast
fate-onedva-%-slow:      ENCOPTS = -preset slow
fate-onedva-%-layers:    ENCOPTS = -layers 4
fate-onedva-%-tokens:    ENCOPTS = -tokens 8
fate-onedva-%-tokens:    DECOPTS = -max_tokens 4
# clips of 16 frames, each with the motion named here, whether it pays off or not
fate-onedva-%-motion-off:    ENCOPTS = -motion off -adaptive_clips 0
fate-onedva-%-motion-global: ENCOPTS = -motion global -adaptive_clips 0
fate-onedva-%-motion-mesh:   ENCOPTS = -motion mesh -adaptive_clips 0

FATE_ONEDVA_VSYNTH1 = $(ONEDVA_CODEC_TESTS:%=fate-onedva-vsynth1-%)
FATE_ONEDVA_VSYNTH2 = $(ONEDVA_CODEC_TESTS:%=fate-onedva-vsynth2-%)
$(FATE_ONEDVA_VSYNTH1): tests/data/vsynth1.yuv
$(FATE_ONEDVA_VSYNTH2): tests/data/vsynth2.yuv
fate-onedva-vsynth1-%: SRC = tests/data/vsynth1.yuv
fate-onedva-vsynth2-%: SRC = tests/data/vsynth2.yuv
fate-onedva-vsynth%: CMD = enc_dec "rawvideo -s 352x288 -pix_fmt yuv420p" $(SRC) nut \
    "-frames:v 20 -c onedva $(ENCOPTS)" rawvideo "-pix_fmt yuv420p -fps_mode passthrough" \
    "$(DECOPTS)"
fate-onedva-vsynth%: CMP_UNIT = 1

# Odd and extreme picture sizes, through the filter.
ONEDVA_SIZES = 2x2 17x33 130x250 90x360 300x6
FATE_ONEDVA_FILTER = $(ONEDVA_SIZES:%=fate-onedva-filter-%)
fate-onedva-filter-%: CMD = framecrc \
    -lavfi testsrc2=s=$(@:fate-onedva-filter-%=%):r=10:d=2,onedva=crf=20:bitexact=1 \
    -pix_fmt yuv420p

# What the filter shows instead of the reconstruction; tiles on canvases that move.
FATE_ONEDVA_FILTER += fate-onedva-show-diff fate-onedva-show-tokens fate-onedva-show-side
fate-onedva-show-%: CMD = framecrc \
    -lavfi testsrc2=s=130x250:r=10:d=1,onedva=crf=20:bitexact=1:show=$(@:fate-onedva-show-%=%) \
    -pix_fmt yuv420p

# A pan over a still needs margins beside the picture; name: motion, width, height.
FATE_ONEDVA_PAN = fate-onedva-pan-global-240x160 fate-onedva-pan-mesh-240x160 \
                  fate-onedva-pan-mesh-201x133 fate-onedva-pan-auto-37x35
$(FATE_ONEDVA_PAN): tests/data/vsynth2.yuv
pan_part = $(word $(1), $(subst -, ,$(subst x, ,$(@:fate-onedva-pan-%=%))))
PAN_CROP = crop=$(call pan_part,2):$(call pan_part,3):x=4*n:y=n:exact=1
PAN_CODEC = $(call pan_part,1):crf=20:adaptive_clips=0:bitexact=1
fate-onedva-pan-%: CMD = framecrc -f rawvideo -s 352x288 -pix_fmt yuv420p -r 25 \
    -i $(TARGET_PATH)/tests/data/vsynth2.yuv \
    -vf "trim=end_frame=1,loop=19:1,setpts=N,$(PAN_CROP),onedva=motion=$(PAN_CODEC)"

# Streams that make-streams.sh has made, which decoders must go on to decode as they do. They lie
# beside the test model's folder; ONEDVA_STREAMS can name another one.
ONEDVA_STREAMS ?= $(dir $(ONEDVA_MODEL))../streams
ONEDVA_STREAM_TESTS = off pan zoom rotation mesh margins wide-margins 201x133 37x35 300x6 2x2 1x1 \
                      passes cut durations scenes finest coarsest headers lengths
FATE_ONEDVA_STREAM = $(ONEDVA_STREAM_TESTS:%=fate-onedva-stream-%) \
                     fate-onedva-stream-mesh-network fate-onedva-stream-201x133-network \
                     fate-onedva-stream-passes-tokens
fate-onedva-stream-%: DECOPTS = -steps 0
fate-onedva-stream-%-network: DECOPTS = -steps 1
fate-onedva-stream-%-tokens: DECOPTS = -steps 0 -max_tokens 8
stream_name = $(subst -tokens,,$(subst -network,,$(@:fate-onedva-stream-%=%)))
fate-onedva-stream-%: CMD = framemd5 -flags +bitexact $(DECOPTS) \
    -i $(ONEDVA_STREAMS)/$(stream_name).nut -fps_mode passthrough -enc_time_base demux

FATE_ONEDVA-$(call ALLYES, ONEDVA_ENCODER ONEDVA_DECODER NUT_MUXER NUT_DEMUXER RAWVIDEO_DECODER \
                           RAWVIDEO_ENCODER RAWVIDEO_MUXER RAWVIDEO_DEMUXER SCALE_FILTER) \
    += $(FATE_ONEDVA_VSYNTH1) $(FATE_ONEDVA_VSYNTH2)
FATE_ONEDVA-$(call ALLYES, ONEDVA_FILTER TESTSRC2_FILTER LAVFI_INDEV FRAMECRC_MUXER \
                           RAWVIDEO_ENCODER FORMAT_FILTER SCALE_FILTER) += $(FATE_ONEDVA_FILTER)

FATE_ONEDVA-$(call ALLYES, ONEDVA_FILTER RAWVIDEO_DECODER RAWVIDEO_DEMUXER TRIM_FILTER LOOP_FILTER \
                           SETPTS_FILTER CROP_FILTER FRAMECRC_MUXER RAWVIDEO_ENCODER) \
    += $(FATE_ONEDVA_PAN)

FATE_ONEDVA-$(call ALLYES, ONEDVA_DECODER NUT_DEMUXER FRAMEMD5_MUXER RAWVIDEO_ENCODER) \
    += $(FATE_ONEDVA_STREAM)

FATE_FFMPEG += $(FATE_ONEDVA-yes)
fate-onedva: $(FATE_ONEDVA-yes)
