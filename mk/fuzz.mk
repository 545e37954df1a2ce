# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fuzzing (SECURITY.md).

.PHONY: fuzz-merge-inputs fuzz-run replay-programs

# The fuzzer sees where the library goes. Its counters in all the code that the SIMD operators inline
# would take minutes to compile. What is compared it sees only where bytes from outside are read: loops
# over pixels and weights would take two thirds of a run.
ifeq ($(FUZZ),yes)
READERS = $(wildcard engine/bitstream/packet_*.c) $(addprefix engine/, base/byte_reader.c bitstream/latent_decoder.c \
    bitstream/motion_decoder.c bitstream/partition.c bitstream/range_decoder.c bitstream/stream_header.c \
    decoder/decoder.c encoder/encoder.c model/model.c model/tensor_reader.c generate/prior.c rate/first_pass_reader.c)
SANITIZE += -fsanitize=float-cast-overflow,fuzzer-no-link -fno-sanitize-recover=all
$(filter-out $(READERS:%.c=$(BUILD)/obj/%.o), $(OBJECTS)): SANITIZE += -fno-sanitize-coverage=trace-cmp
$(BUILD)/obj/kernels/cpu/operators_avx%.o: SANITIZE = -fsanitize=address -fno-omit-frame-pointer
endif

ifeq ($(FUZZ_COVERAGE),yes)
OPTIMIZE = -O1 -fprofile-instr-generate -fcoverage-mapping
SANITIZE =
$(BUILD)/obj/kernels/%.o: OPTIMIZE = -O2
endif

SECONDS = 10
TARGETS = stream_header packet_tools decoder encoder model prior bsf demuxer

fuzz: ffmpeg-check
	@tools/install-deps.sh fuzz
	+@$(MAKE) --no-print-directory -k $(or $(filter -j%,$(MAKEFLAGS)),-j$(shell nproc)) \
	    BUILD=build/fuzz CC=clang SANITIZERS=yes FUZZ=yes fuzz-run

# Each for so long, when all are built: as many at a time as make runs jobs.
FUZZ_RUNS = $(TARGETS:%=fuzz-run-%)

.PHONY: $(FUZZ_RUNS)
fuzz-run: $(FUZZ_RUNS)
$(FUZZ_RUNS): fuzz-run-%: $(BUILD)/fuzz/fuzz_% | $(TARGETS:%=$(BUILD)/fuzz/fuzz_%)
	@fuzz/run.sh $(SECONDS) $<

fuzz-merge: ffmpeg-check
	@tools/install-deps.sh fuzz
	+@$(MAKE) --no-print-directory BUILD=build/fuzz CC=clang SANITIZERS=yes FUZZ=yes fuzz-merge-inputs
fuzz-merge-inputs: $(TARGETS:%=$(BUILD)/fuzz/fuzz_%)
	@for program in $^; do fuzz/merge.sh $$program || exit 1; done

# Operators are not counted: what is asked is how much of engine/ is reached.
fuzz-report: ffmpeg-check
	@tools/install-deps.sh fuzz-report
	+@$(MAKE) --no-print-directory BUILD=build/fuzz-coverage CC=clang SANITIZERS=no FUZZ_COVERAGE=yes replay-programs
	@fuzz/coverage.sh $(TARGETS)
	@fuzz/report.py $(TARGETS)

fuzz-corpus: $(BUILD)/fuzz/make_corpus ffmpeg-check
	@$< fuzz/corpus
	@fuzz/make-odva.sh fuzz/corpus/demuxer

define link_fuzz
@mkdir -p $(@D)
@echo "CCLD    $@"
$(Q)$(CC) $(FLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.o,$^) $(filter $(FFMPEG_LIBS),$^) $(STATIC) \
    $(LIBRARY_LIBS)
endef

FUZZ_PROGRAMS = $(patsubst %.c,$(BUILD)/%,$(wildcard fuzz/fuzz_*.c) fuzz/make_corpus.c)
FUZZ_FFMPEG   = $(addprefix $(BUILD)/fuzz/fuzz_,bsf demuxer)

# The same targets, given files instead of libFuzzer's inputs.
REPLAY_PROGRAMS = $(TARGETS:%=$(BUILD)/fuzz/replay_%)
REPLAY_FFMPEG   = $(FUZZ_FFMPEG:$(BUILD)/fuzz/fuzz_%=$(BUILD)/fuzz/replay_%)

# One-DVA's files of FFmpeg, compiled for the fuzzer: the linker takes no others of that name from
# FFmpeg's libraries, which are those of the tests.
FFMPEG_TREE    = build/ffmpeg-check
FFMPEG_OBJECTS = $(addprefix $(BUILD)/obj/ffmpeg/,libavcodec/onedva_truncate_bsf.o \
    libavcodec/onedva_metadata_bsf.o libavcodec/onedva_clip_packets.o libavcodec/onedva_merge_bsf.o \
    libavcodec/onedva_split_bsf.o libavformat/odva.o libavformat/odvadec.o)
FFMPEG_LIBS    = $(foreach l,avformat avcodec swresample avutil,$(FFMPEG_TREE)/lib$l/lib$l.a)
ffmpeg_setting = $(shell sed -n 's/^$(1)=//p' $(FFMPEG_TREE)/ffbuild/config.mak)

$(BUILD)/obj/ffmpeg/%.o: build/ffmpeg-src/%.c
	@mkdir -p $(@D)
	@echo "CC      $<"
	$(Q)$(CC) -std=c11 $(OPTIMIZE) -g -fPIC -pthread -D_GNU_SOURCE -DHAVE_AV_CONFIG_H $(SANITIZE) \
	    -Wno-implicit-const-int-float-conversion \
	    -I$(FFMPEG_TREE) -Ibuild/ffmpeg-src -Iengine/include -MMD -MP -c -o $@ $<

$(FUZZ_FFMPEG) $(REPLAY_FFMPEG): private FLAGS += -I$(FFMPEG_TREE) -Ibuild/ffmpeg-src
$(FUZZ_FFMPEG) $(REPLAY_FFMPEG): private LIBRARY_LIBS += $(foreach l,avformat avcodec swresample avutil,\
    $(call ffmpeg_setting,EXTRALIBS-$l))
$(FUZZ_FFMPEG): $(FFMPEG_OBJECTS) $(FFMPEG_LIBS)

$(BUILD)/obj/fuzz/%.o: FLAGS += -Ifuzz
$(BUILD)/obj/fuzz/unit_mutator.o: FLAGS += -I$(FFMPEG_TREE) -Ibuild/ffmpeg-src
$(BUILD)/fuzz/fuzz_%: private FLAGS += -fsanitize=fuzzer
$(addprefix $(BUILD)/fuzz/fuzz_,decoder packet_tools bsf): $(BUILD)/obj/fuzz/packet_mutator.o
$(BUILD)/fuzz/fuzz_demuxer: $(BUILD)/obj/fuzz/unit_mutator.o
$(foreach t,model prior,$(BUILD)/fuzz/fuzz_$(t) $(BUILD)/fuzz/replay_$(t)): $(BUILD)/obj/fuzz/edited_file.o
$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: fuzz/%.c $(BUILD)/obj/fuzz/fuzz.o $(STATIC)
	$(link_fuzz)

# The muxer comes from the tests' FFmpeg, in which it checks itself (tools/ffmpeg/build.sh).
$(REPLAY_FFMPEG): private LIBRARY_LIBS += $(if $(FUZZ_COVERAGE),-fsanitize=undefined)
$(REPLAY_FFMPEG): $(if $(FUZZ_COVERAGE),$(FFMPEG_OBJECTS)) $(FFMPEG_LIBS)
$(REPLAY_PROGRAMS): $(BUILD)/fuzz/replay_%: fuzz/fuzz_%.c $(BUILD)/obj/fuzz/fuzz.o $(BUILD)/obj/fuzz/replay.o $(STATIC)
	$(link_fuzz)

replay-programs: $(REPLAY_PROGRAMS)

-include $(wildcard $(BUILD)/fuzz/*.d $(BUILD)/obj/fuzz/*.d $(BUILD)/obj/ffmpeg/*/*.d)
