# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# FFmpeg with One-DVA, in flavours (tools/ffmpeg/build.sh), and the programs that come with it.

ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_CC := $(CC)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_PREFIX := $(PREFIX)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_FFMPEG_VERSION := $(FFMPEG_VERSION)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_FFMPEG_SOURCE := $(FFMPEG_SOURCE)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_FFMPEG_FLAGS := $(FFMPEG_FLAGS)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_FFPLAY := $(FFPLAY)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_SANITIZERS := $(SANITIZERS)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_VULKAN_FRAMES := $(VULKAN_FRAMES)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_CUDA_FRAMES := $(CUDA_FRAMES)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_VULKAN_FILTERS := $(VULKAN_FILTERS)
ffmpeg-full ffmpeg-check ffmpeg-shared fate-onedva: export ONEDVA_GLSLANG := $(GLSLANG)

# install FLAVOUR=check installs the programs with only the parts that the tests use; FLAVOUR=shared those
# with fewer yet, and FFmpeg's libraries.
FLAVOUR  = full
PROGRAMS = ffmpeg ffprobe $(if $(filter yes,$(FFPLAY)),ffplay)

ffmpeg-full: lib
	+@tools/ffmpeg/build.sh full
	@tools/ffmpeg/put.sh build/ffmpeg-full build $(PROGRAMS)

.PHONY: ffmpeg-shared
ffmpeg-check ffmpeg-shared: ffmpeg-%: lib
	+@tools/ffmpeg/build.sh $*

# usage: $(call latents_of,FLAVOUR)
latents_of = @CC='$(CC)' CFLAGS='$(OPTIMIZE) $(LIBRARY_CFLAGS) $(if $(filter yes,$(SANITIZERS)),$(SANITIZE))' \
    tools/latents/build.sh build/ffmpeg-$(1) build/ffmpeg-$(1)/onedva-latents

latents: ffmpeg-full
	$(call latents_of,full)
	@tools/ffmpeg/put.sh build/ffmpeg-full build onedva-latents

corpus:
	@tools/corpus/build.sh build/onedva-corpus

# GEN=1 makes the references anew.
fate-onedva: export ONEDVA_MODEL := $(CURDIR)/fate/model/onedva-test.safetensors
fate-onedva: ffmpeg-check
	+@$(MAKE) --no-print-directory -k -C build/ffmpeg-check fate-onedva
	$(if $(GEN),@for kind in fate seek; do \
	    mkdir -p fate/ref/$$kind; cp build/ffmpeg-src/tests/ref/$$kind/onedva-* fate/ref/$$kind; done)
