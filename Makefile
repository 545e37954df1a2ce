# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make             build/ffmpeg, build/ffprobe, build/ffplay and build/lib/libonedva.*
# make lib         only the library
# make latents     build/onedva-latents
# make corpus      build/onedva-corpus
# make man         build/man: the man pages
# make ffmpeg-full only build/ffmpeg, build/ffprobe and build/ffplay
# make ffmpeg-check  the FFmpeg of the tests, build/ffmpeg-check
# make install     install them below PREFIX (and DESTDIR)
# make uninstall   remove what install put there
# make deb         Debian packages in build/deb, of the programs, the library and FFmpeg: doc/debian.md
# make demo        encode and decode a real video [INPUT=file]
# make check       every test
# make unit        only the unit tests, under AddressSanitizer and UndefinedBehaviorSanitizer
# make fuzz        random and damaged input, SECONDS=n for each target [10; TARGETS="decoder bsf"]
# make fuzz-report what the runs of make fuzz so far came to, and what of engine/ their inputs reach
# make fuzz-merge  leaves only those inputs in build/fuzz/corpus that reach what no other does
# make fuzz-corpus makes the inputs anew that fuzzing starts with
# make fate-onedva only the tests in FFmpeg's own harness
# make bench       decoding speed against H.264
# make kernel-bench  speed of each operator
# make open-bench  time and memory that 1, 8 and 64 decoders of one model take
# make valgrind    Valgrind's memcheck on the unit tests and on a short encode and decode
# make tsan        ThreadSanitizer on the tests of threads and on a short encode and decode by ffmpeg
# make load        64 decoders at once; everything opened and closed OPENINGS=n times [10000]
# make soak        encodes and decodes for MINUTES=n with sizes and options changing, memory flat [30]
# make damage      what packets lost and bit errors cost: doc/robustness.md [INPUT=file RUNS=20]
# make coverage    which lines the tests reach: doc/coverage.md
# make check-aarch64  the operators and the exact codec on AArch64, emulated by QEMU
# make check-s390x what reads and writes bytes and the exact codec on a big-endian machine, emulated by QEMU
# make check-deb   builds them and tries them in a bare Debian
# make check-ffmpeg-versions  a small build and a short test of each other version of FFmpeg that One-DVA is built into
# make checkasm    every operator's SIMD versions against C, with guard pages [BENCH=1: and their speed]
# make device-bench speed of a device and its operators, beside its peaks [BACKEND=vulkan or cuda, DEVICE=number]
# make roofline    what each operator of a decode does of what the machine could [RUNS=9]
# make precision-bench VALID=folder  what the operators' precision costs in PSNR [CPU=names]
# make network-bench speed of the network beside PyTorch's and ONNX Runtime's [NETWORK=file CPU=names]
# make gemm-bench  matrix products beside oneDNN's and OpenBLAS'
# make latents-bench loading latents beside decoding frames [INPUT=file]
# make entropy-bench  time that a symbol takes the entropy decoder [INPUT=file]
# make motion-bench  speed of motion beside the rest [INPUT=file]
# make layers-bench  what a stream of layers costs, and cutting it instead of encoding again VALID=dir
# make rate-bench VALID=folder  two passes against one
# make builds-bench VALID=folder OLD=ffmpeg  rate at equal PSNR against another build
# make gop-bench VALID=folder               rate at equal PSNR of predicted clips against key clips
# make eval VALID=folder  rate and distortion against other encoders: doc/rate-distortion.md
# make canvas      build/onedva-canvas, which writes clips to train on
# make entropy     build/onedva-entropy, which fits and measures the prediction of symbols
# make tools       canvas, entropy and every program of the benchmarks
# make clean       remove what was built, keep FFmpeg's sources
# make distclean   remove build/
#
# V=1 shows the commands. Each target stands in this list once; what makes it is in mk/.

MAKEFLAGS += --no-builtin-rules
ifndef V
Q = @
endif
.SUFFIXES:
.DELETE_ON_ERROR:

GOALS := all $(shell sed -n 's/^\# make \([a-z0-9][a-z0-9-]*\) .*/\1/p' Makefile)
.PHONY: $(GOALS)

all:

# demo and check install what the machine lacks before anything is configured.
UNCONFIGURED = demo deb check check-deb check-aarch64 check-s390x clean distclean
demo:
	+@tools/demo.sh "$(INPUT)"
deb:
	+@tools/deb.sh
check-deb: deb
	@tools/install-deps.sh check-deb
	@tools/tests/test_deb.sh
check:
	+@tools/check.sh
check-aarch64 check-s390x: check-%:
	+@tools/tests/test_emulated.sh $*
clean:
	rm -rf $(filter-out build/ffmpeg-src% build/config.mak build/config.h, $(wildcard build/*))
distclean:
	rm -rf build

# Where configure wrote its settings.
CONFIG = build

ifneq ($(filter-out $(UNCONFIGURED), $(or $(MAKECMDGOALS),all)),)

include $(CONFIG)/config.mak

# The first time with no options, and with the same ones again where configure is newer than what it wrote.
$(CONFIG)/config.mak: configure
	@[ -f $@ ] || set -- --directory=$(CONFIG); \
	eval "./configure $$(sed -n 's/^# Written by configure\(.*\)\.$$/\1/p' $@ 2>/dev/null) \"\$$@\""

include mk/sources.mk mk/library.mk mk/ffmpeg.mk mk/man.mk mk/install.mk mk/tests.mk mk/fuzz.mk mk/bench.mk

endif
