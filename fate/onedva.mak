# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# FATE tests of the One-DVA codec and filter. "make fate-onedva" names the small, fixed test model
# in ONEDVA_MODEL; the references are made with it. 20 frames are a whole clip and a short one.

# name, options of the encoder, options of the decoder
ONEDVA_CODEC_TESTS = crf0 crf10 crf30 crf50 crf63 qp psnr aq bitrate maxrate twopass \
                     linear steps4 diffusion heun smooth clip1 clip5 clip16 frame1 whole \
                     ultrafast medium slow layers layers2 layers16 tokens \
                     motion-off motion-global motion-mesh

fate-onedva-%-crf0:      ENCOPTS = -crf 0
fate-onedva-%-crf10:     ENCOPTS = -crf 10
fate-onedva-%-crf30:     ENCOPTS = -crf 30
fate-onedva-%-crf50:     ENCOPTS = -crf 50
fate-onedva-%-crf63:     ENCOPTS = -crf 63
fate-onedva-%-qp:        ENCOPTS = -qp 70
fate-onedva-%-psnr:      ENCOPTS = -target_psnr 18
fate-onedva-%-aq:        ENCOPTS = -aq_strength 0.5
fate-onedva-%-bitrate:   ENCOPTS = -b:v 100k
fate-onedva-%-maxrate:   ENCOPTS = -b:v 60k -maxrate 60k -bufsize 120k
fate-onedva-%-twopass:   ENCOPTS = -b:v 100k
fate-onedva-%-twopass:   TWOPASS = 1
fate-onedva-%-linear:    DECOPTS = -steps 0
fate-onedva-%-steps4:    DECOPTS = -steps 4
fate-onedva-%-diffusion: DECOPTS = -steps 3
fate-onedva-%-heun:      DECOPTS = -steps 3 -sampler heun
fate-onedva-%-smooth:    ENCOPTS = -clip_frames 4
fate-onedva-%-smooth:    DECOPTS = -steps 0 -smooth_clips 1
fate-onedva-%-clip1:     ENCOPTS = -clip_frames 1
fate-onedva-%-clip5:     ENCOPTS = -clip_frames 5
fate-onedva-%-clip16:    ENCOPTS = -clip_frames 16 -adaptive_clips 0
fate-onedva-%-frame1:    ENCOPTS = -frames:v 1
fate-onedva-%-whole:     ENCOPTS = -clip_packets 1
fate-onedva-%-ultrafast: ENCOPTS = -preset ultrafast
fate-onedva-%-medium:    ENCOPTS = -preset medium
fate-onedva-%-slow:      ENCOPTS = -preset slow
fate-onedva-%-layers:    ENCOPTS = -layers 4
fate-onedva-%-layers2:   ENCOPTS = -layers 2
fate-onedva-%-layers16:  ENCOPTS = -layers 16
fate-onedva-%-tokens:    ENCOPTS = -tokens 8
fate-onedva-%-tokens:    DECOPTS = -max_tokens 4
# clips of 16 frames, each with the motion named here, whether it pays off or not
fate-onedva-%-motion-off:    ENCOPTS = -motion off -adaptive_clips 0
fate-onedva-%-motion-global: ENCOPTS = -motion global -adaptive_clips 0
fate-onedva-%-motion-mesh:   ENCOPTS = -motion mesh -adaptive_clips 0

# What FFmpeg generates: moving shapes, a picture that rotates and zooms, and the shapes at 34x34.
FATE_ONEDVA_VSYNTH = $(foreach n,1 2 3,$(ONEDVA_CODEC_TESTS:%=fate-onedva-vsynth$(n)-%))
$(foreach n,1 2 3,$(eval $(ONEDVA_CODEC_TESTS:%=fate-onedva-vsynth$(n)-%): tests/data/vsynth$(n).yuv))
$(foreach n,1 2 3,$(eval fate-onedva-vsynth$(n)-%: SRC = tests/data/vsynth$(n).yuv))
ONEDVA_RAW = rawvideo -s $(SIZE) -pix_fmt yuv420p
fate-onedva-vsynth%: SIZE = 352x288
fate-onedva-vsynth3-%: SIZE = $(FATEW)x$(FATEH)
fate-onedva-vsynth%: CMD = enc_dec "$(ONEDVA_RAW)" $(SRC) nut \
    "-frames:v 20 -c onedva $(ENCOPTS)" rawvideo "-pix_fmt yuv420p -fps_mode passthrough" \
    "$(DECOPTS)" "" $(TWOPASS)
fate-onedva-vsynth%: CMP_UNIT = 1

# Picture sizes, through encoder, file and decoder.
ONEDVA_CODEC_SIZES = 1x1 2x2 17x33 127x129 128x128 300x6 6x288 351x287
FATE_ONEDVA_SIZE = $(ONEDVA_CODEC_SIZES:%=fate-onedva-size-%)
$(FATE_ONEDVA_SIZE): tests/data/vsynth2.yuv
fate-onedva-size-%: SIZE = 352x288
fate-onedva-size-%: CMD = transcode "$(ONEDVA_RAW)" tests/data/vsynth2.yuv nut \
    "-frames:v 20 -vf crop=$(subst x,:,$(@:fate-onedva-size-%=%)):0:0:exact=1 -c onedva" \
    "-fps_mode passthrough" "" "" "-steps 0"

# Containers: the file, its packets and times, and where seeking gets to in it.
ONEDVA_CONTAINERS-$(CONFIG_MATROSKA_MUXER) += matroska
ONEDVA_CONTAINERS-$(CONFIG_MOV_MUXER)      += mov
ONEDVA_CONTAINERS-$(CONFIG_MP4_MUXER)      += mp4
ONEDVA_CONTAINERS-$(CONFIG_NUT_MUXER)      += nut
ONEDVA_CONTAINERS-$(CONFIG_AVI_MUXER)      += avi
ONEDVA_CONTAINERS-$(CONFIG_ODVA_MUXER)     += odva
FATE_ONEDVA_CONTAINER = $(ONEDVA_CONTAINERS-yes:%=fate-onedva-container-%)
FATE_SEEK_ONEDVA = $(ONEDVA_CONTAINERS-yes:%=fate-seek-onedva-container-%)
$(FATE_ONEDVA_CONTAINER): tests/data/vsynth3.yuv
$(FATE_ONEDVA_CONTAINER): KEEP_FILES ?= 1
fate-onedva-container-%: SIZE = $(FATEW)x$(FATEH)
fate-onedva-container-%: CMD = transcode "$(ONEDVA_RAW) -r 25" tests/data/vsynth3.yuv \
    $(@:fate-onedva-container-%=%) "-c onedva -clip_frames 8" "-c copy" \
    "-show_entries stream=codec_name,codec_tag_string,width,height,duration"
$(FATE_SEEK_ONEDVA): libavformat/tests/seek$(EXESUF)
$(FATE_SEEK_ONEDVA): fate-seek-%: fate-%
seek_format = $(@:fate-seek-onedva-container-%=%)
fate-seek-onedva-container-%: CMD = run libavformat/tests/seek$(EXESUF) \
    $(TARGET_PATH)/tests/data/fate/onedva-container-$(seek_format).$(seek_format)

# Odd and extreme picture sizes, through the filter; testsrc2 itself makes no odd ones.
ONEDVA_SIZES = 2x2 17x33 130x250 90x360 300x6
FATE_ONEDVA_FILTER = $(ONEDVA_SIZES:%=fate-onedva-filter-%)
filter_crop = crop=$(subst x,:,$(lastword $(subst -, ,$@))):exact=1
fate-onedva-filter-%: CMD = framecrc \
    -lavfi testsrc2=s=310x360:r=10:d=2,$(filter_crop),onedva=crf=20:bitexact=1 -pix_fmt yuv420p

# The same in 10 bits; scale changes the order of bytes where the machine has another.
ONEDVA_TEN_BITS = testsrc2=s=310x250:r=10:d=2,format=yuv420p10
FATE_ONEDVA_FILTER += $(addprefix fate-onedva-filter-10-bits-,1x1 17x33 130x249 301x6)
fate-onedva-filter-10-bits-%: CMD = framecrc \
    -lavfi $(ONEDVA_TEN_BITS),$(filter_crop),onedva=crf=20:bitexact=1,scale -pix_fmt yuv420p10le

# What the filter shows instead of the reconstruction; tiles on canvases that move.
FATE_ONEDVA_FILTER += fate-onedva-show-diff fate-onedva-show-tokens fate-onedva-show-side \
                      fate-onedva-show-mesh
fate-onedva-show-%: CMD = framecrc \
    -lavfi testsrc2=s=130x250:r=10:d=1,onedva=crf=20:bitexact=1:show=$(@:fate-onedva-show-%=%) \
    -pix_fmt yuv420p

FATE_ONEDVA_FILTER += $(addprefix fate-onedva-show-10-bits-,diff tokens side mesh)
fate-onedva-show-10-bits-%: SHOW = $(@:fate-onedva-show-10-bits-%=%)
fate-onedva-show-10-bits-%: CMD = framecrc -t 1 \
    -lavfi $(ONEDVA_TEN_BITS),crop=131:249:exact=1,onedva=crf=20:bitexact=1:show=$(SHOW),scale \
    -pix_fmt yuv420p10le

# Options that the filter has of both sides.
ONEDVA_FILTER_OPTIONS = steps=0 steps=4 steps=3:sampler=heun max_tokens=4 layers=4 tokens=8 \
                        clip_frames=5 motion=mesh:adaptive_clips=0 qp=80 smooth_clips=1
FATE_ONEDVA_FILTER += $(subst =,-,$(subst :,-,$(ONEDVA_FILTER_OPTIONS:%=fate-onedva-filter-with-%)))
$(foreach options,$(ONEDVA_FILTER_OPTIONS),$(eval fate-onedva-filter-with-$(subst =,-,$(subst \
    :,-,$(options))): FILTEROPTS = $(options)))
fate-onedva-filter-with-%: CMD = framecrc \
    -lavfi testsrc2=s=140x90:r=10:d=2,onedva=crf=20:bitexact=1:$(FILTEROPTS) -pix_fmt yuv420p

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
                      passes cut durations scenes finest coarsest headers lengths frames
FATE_ONEDVA_STREAM = $(ONEDVA_STREAM_TESTS:%=fate-onedva-stream-%) \
                     fate-onedva-stream-mesh-network fate-onedva-stream-201x133-network \
                     fate-onedva-stream-passes-tokens
fate-onedva-stream-%: DECOPTS = -steps 0
fate-onedva-stream-%-network: DECOPTS = -steps 1
fate-onedva-stream-%-tokens: DECOPTS = -steps 0 -max_tokens 8
stream_name = $(subst -tokens,,$(subst -network,,$(@:fate-onedva-stream-%=%)))
fate-onedva-stream-%: CMD = framemd5 -flags +bitexact $(DECOPTS) \
    -i $(ONEDVA_STREAMS)/$(stream_name).nut -fps_mode passthrough -enc_time_base demux

# A stream of the model that is shipped; make-references.sh makes it anew with another model.
ONEDVA_SHIPPED_MODEL ?= $(dir $(ONEDVA_MODEL))../../models/onedva-tiny.safetensors
FATE_ONEDVA_STREAM += fate-onedva-shipped-steps0 fate-onedva-shipped-steps1 fate-onedva-shipped-steps4
fate-onedva-shipped-steps%: CMD = framemd5 -flags +bitexact -model $(ONEDVA_SHIPPED_MODEL) \
    -steps $(@:fate-onedva-shipped-steps%=%) -i $(ONEDVA_STREAMS)/shipped/parts.nut -fps_mode passthrough

# Bitstream filters: the packets behind them.
ONEDVA_TRUNCATIONS = layers=1 layers=2 layers=3 layers=5 tokens=8 bitrate=20k
FATE_ONEDVA_BSF = $(subst =,-,$(ONEDVA_TRUNCATIONS:%=fate-onedva-truncate-%)) fate-onedva-metadata-colours \
                  fate-onedva-metadata-in-packets fate-onedva-truncate-frames fate-onedva-metadata-frames \
                  fate-onedva-split-lengths fate-onedva-split-durations fate-onedva-merge-frames
fate-onedva-truncate-%: CMD = framecrc -i $(ONEDVA_STREAMS)/passes.nut -c copy \
    -bsf:v onedva_truncate=$(subst -,=,$(@:fate-onedva-truncate-%=%))
ONEDVA_COLOURS = color_range=pc:color_primaries=9:transfer_characteristics=16:$\
                 matrix_coefficients=9:chroma_location=topleft
fate-onedva-metadata-colours: CMD = framecrc -i $(ONEDVA_STREAMS)/mesh.nut -c copy \
    -bsf:v onedva_metadata=$(ONEDVA_COLOURS)
fate-onedva-truncate-frames: CMD = framecrc -i $(ONEDVA_STREAMS)/frames.nut -c copy -bsf:v onedva_truncate=layers=1
fate-onedva-metadata-frames: CMD = framecrc -i $(ONEDVA_STREAMS)/frames.nut -c copy \
    -bsf:v onedva_metadata=repeat_headers=1
fate-onedva-split-%: CMD = framecrc -i $(ONEDVA_STREAMS)/$(@:fate-onedva-split-%=%).nut -c copy -bsf:v onedva_split
fate-onedva-merge-%: CMD = framecrc -i $(ONEDVA_STREAMS)/$(@:fate-onedva-merge-%=%).nut -c copy -bsf:v onedva_merge
fate-onedva-metadata-in-packets: CMD = framecrc -i $(ONEDVA_STREAMS)/headers.nut -c copy \
    -bsf:v onedva_metadata=$(ONEDVA_COLOURS)

# What ffprobe says of a stream and of its frames.
ONEDVA_CONFORMANCE ?= $(dir $(ONEDVA_MODEL))../conformance
FATE_ONEDVA_PROBE = fate-onedva-probe-encoded-colours-1 fate-onedva-probe-encoded-colours-2 \
                    fate-onedva-probe-encoded-times fate-onedva-probe-encoded-durations
fate-onedva-probe-%: CMD = run ffprobe$(PROGSSUF)$(EXESUF) -bitexact -v error -show_entries \
    stream=codec_name,width,height,sample_aspect_ratio,pix_fmt,color_range,color_space,$\
color_transfer,color_primaries,chroma_location,time_base:$\
frame=key_frame,pts,duration,pict_type,color_range,color_space,chroma_location,sample_aspect_ratio \
    $(ONEDVA_CONFORMANCE)/$(@:fate-onedva-probe-%=%).odva

# What comes out of damaged streams: of each layer lost, of packets and units that are not valid, of bytes
# that are others, of packets that are missing, and of files that end too soon.
FATE_ONEDVA_DAMAGE = $(addprefix fate-onedva-damage-,layers packets units noise much-noise missing \
                       cut-nut cut-odva)
ONEDVA_DAMAGED = framemd5 -max_error_rate 1 -flags +bitexact -steps 0
fate-onedva-damage-layers:     CMD = $(ONEDVA_DAMAGED) -i $(ONEDVA_CONFORMANCE)/edited-damage.odva
fate-onedva-damage-packets:    CMD = $(ONEDVA_DAMAGED) -i $(ONEDVA_CONFORMANCE)/edited-invalid.odva
fate-onedva-damage-units:      CMD = $(ONEDVA_DAMAGED) -i $(ONEDVA_CONFORMANCE)/edited-units.odva
fate-onedva-damage-noise:      CMD = $(ONEDVA_DAMAGED) -bsf:v noise=amount=1000 -i $(ONEDVA_STREAMS)/lengths.nut
fate-onedva-damage-much-noise: CMD = $(ONEDVA_DAMAGED) -bsf:v noise=amount=50 -i $(ONEDVA_STREAMS)/lengths.nut
fate-onedva-damage-missing:    CMD = $(ONEDVA_DAMAGED) -bsf:v noise=drop=3 -i $(ONEDVA_STREAMS)/lengths.nut
fate-onedva-damage-cut-nut:    CMD = $(ONEDVA_DAMAGED) \
    -i subfile,,start,0,end,4000,,:$(ONEDVA_STREAMS)/lengths.nut
fate-onedva-damage-cut-odva:   CMD = $(ONEDVA_DAMAGED) \
    -i subfile,,start,100,end,4000,,:$(ONEDVA_CONFORMANCE)/encoded-lengths.odva

FATE_ONEDVA-$(call ALLYES, ONEDVA_ENCODER ONEDVA_DECODER NUT_MUXER NUT_DEMUXER RAWVIDEO_DECODER \
                           RAWVIDEO_ENCODER RAWVIDEO_MUXER RAWVIDEO_DEMUXER SCALE_FILTER) \
    += $(FATE_ONEDVA_VSYNTH)
FATE_ONEDVA-$(call ALLYES, ONEDVA_ENCODER ONEDVA_DECODER NUT_MUXER NUT_DEMUXER RAWVIDEO_DECODER \
                           RAWVIDEO_ENCODER RAWVIDEO_DEMUXER CROP_FILTER FRAMECRC_MUXER) \
    += $(FATE_ONEDVA_SIZE)
FATE_ONEDVA-$(call ALLYES, ONEDVA_ENCODER RAWVIDEO_DECODER RAWVIDEO_DEMUXER FRAMECRC_MUXER) \
    += $(FATE_ONEDVA_CONTAINER) $(FATE_SEEK_ONEDVA)
FATE_ONEDVA-$(call ALLYES, ONEDVA_TRUNCATE_BSF ONEDVA_METADATA_BSF ONEDVA_SPLIT_BSF ONEDVA_MERGE_BSF \
                           NUT_DEMUXER FRAMECRC_MUXER) \
    += $(FATE_ONEDVA_BSF)
FATE_ONEDVA-$(call ALLYES, ONEDVA_DECODER ODVA_DEMUXER NUT_DEMUXER NOISE_BSF SUBFILE_PROTOCOL \
                           FRAMEMD5_MUXER RAWVIDEO_ENCODER) \
    += $(FATE_ONEDVA_PROBE) $(FATE_ONEDVA_DAMAGE)
FATE_ONEDVA-$(call ALLYES, ONEDVA_FILTER TESTSRC2_FILTER LAVFI_INDEV FRAMECRC_MUXER \
                           RAWVIDEO_ENCODER FORMAT_FILTER CROP_FILTER SCALE_FILTER) += $(FATE_ONEDVA_FILTER)

FATE_ONEDVA-$(call ALLYES, ONEDVA_FILTER RAWVIDEO_DECODER RAWVIDEO_DEMUXER TRIM_FILTER LOOP_FILTER \
                           SETPTS_FILTER CROP_FILTER FRAMECRC_MUXER RAWVIDEO_ENCODER) \
    += $(FATE_ONEDVA_PAN)

FATE_ONEDVA-$(call ALLYES, ONEDVA_DECODER NUT_DEMUXER FRAMEMD5_MUXER RAWVIDEO_ENCODER) \
    += $(FATE_ONEDVA_STREAM)

# Videos that the test prior draws; their pixels are the same on every machine.
ONEDVA_PRIOR = $(ONEDVA_MODEL:%.safetensors=%-prior.safetensors)
FATE_ONEDVA_SOURCE = $(addprefix fate-onedva-source-,class none)
fate-onedva-source-class: CMD = framecrc -lavfi onedvasrc=prior=$(ONEDVA_PRIOR):class=first:seed=1:d=1.6:bitexact=1
fate-onedva-source-none:  CMD = framecrc -lavfi onedvasrc=prior=$(ONEDVA_PRIOR):seed=2:d=0.8:steps=2:tokens=6:flow_steps=5:bitexact=1
FATE_ONEDVA-$(call ALLYES, ONEDVASRC_FILTER LAVFI_INDEV FRAMECRC_MUXER RAWVIDEO_ENCODER) += $(FATE_ONEDVA_SOURCE)

FATE_FFMPEG += $(FATE_ONEDVA-yes)
fate-onedva: $(FATE_ONEDVA-yes)
fate-seek-onedva: $(filter fate-seek-onedva-%,$(FATE_ONEDVA-yes))
