# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make             build/ffmpeg, build/ffprobe, build/ffplay and build/lib/libonedva.*
# make lib         only the library
# make install     install them below PREFIX (and DESTDIR)
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
# make valgrind    Valgrind's memcheck on the unit tests and on a short encode and decode
# make tsan        ThreadSanitizer on the tests of threads and on a short encode and decode by ffmpeg
# make load        64 decoders at once; everything opened and closed OPENINGS=n times [10000]
# make soak        encodes and decodes for MINUTES=n with sizes and options changing, memory flat [30]
# make damage      what packets lost and bit errors cost: doc/robustness.md [INPUT=file RUNS=20]
# make coverage    which lines the tests reach: doc/coverage.md
# make check-aarch64  the operators and the exact codec on AArch64, emulated by QEMU
# make check-s390x what reads and writes bytes and the exact codec on a big-endian machine, emulated by QEMU
# make checkasm    every operator's SIMD versions against C, with guard pages [BENCH=1: and their speed]
# make roofline    what each operator of a decode does of what the machine could [RUNS=9]
# make precision-bench VALID=folder  what the operators' precision costs in PSNR [CPU=names]
# make network-bench speed of the network beside PyTorch's and ONNX Runtime's [NETWORK=file CPU=names]
# make gemm-bench  matrix products beside oneDNN's and OpenBLAS'
# make latents-bench loading latents beside decoding frames [INPUT=file]
# make entropy-bench  time that a symbol takes the entropy decoder [INPUT=file]
# make motion-bench  speed of motion beside the rest [INPUT=file]
# make layers-bench  what a stream of layers costs, and cutting it instead of encoding again VALID=dir
# make rate-bench VALID=folder  two passes against one
# make eval VALID=folder  rate and distortion against other encoders: doc/rate-distortion.md
# make canvas      build/onedva-canvas, which writes clips to train on
# make entropy     build/onedva-entropy, which fits and measures the prediction of symbols
# make clean       remove what was built, keep FFmpeg's sources
# make distclean   remove build/
#
# V=1 shows the commands.

MAKEFLAGS += --no-builtin-rules
ifndef V
Q = @
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all lib install demo check unit unit-tests fuzz fuzz-corpus fuzz-merge fuzz-merge-inputs fuzz-report fuzz-run checkasm fate-onedva bench kernel-bench network-bench roofline \
        precision-bench gemm-bench latents-bench motion-bench layers-bench rate-bench entropy-bench check-aarch64 check-s390x byte-order-tests valgrind tsan tsan-tests ffmpeg-tsan coverage ffmpeg-coverage unit-programs replay-programs load soak damage clean distclean canvas entropy eval latents corpus ffmpeg-full \
        ffmpeg-check

all:

# demo and check install what the machine lacks before anything is configured.
demo:
	+@tools/demo.sh "$(INPUT)"
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

ifeq ($(wildcard $(CONFIG)/config.mak),)

all lib install unit fuzz fuzz-corpus fuzz-merge fuzz-report checkasm fate-onedva bench kernel-bench network-bench roofline precision-bench gemm-bench latents-bench \
motion-bench layers-bench rate-bench entropy-bench valgrind tsan load soak damage coverage canvas entropy eval latents corpus ffmpeg-full ffmpeg-check:
	./configure
	+@$(MAKE) $@

else

include $(CONFIG)/config.mak

# Configured again, with the same options, where configure is newer than what it wrote.
$(CONFIG)/config.mak: configure
	eval "./configure $$(sed -n 's/^# Written by configure\(.*\)\.$$/\1/p' $@)"

# A second build of the library with other settings gives another BUILD, CC or OPTIMIZE.
BUILD    = build
OPTIMIZE = -O2
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

VERSION := $(shell awk '/define ONEDVA_VERSION_/ { v = v s $$3; s = "." } END { print v }' \
             engine/include/onedva/onedva.h)
SONAME   = libonedva.so.0

FLAGS    = -std=c11 $(OPTIMIZE) -g -Wall -Wextra -ffp-contract=off -fPIC -fvisibility=hidden -pthread \
           -D_GNU_SOURCE -DONEDVA_BUILDING -Iengine/include -Iengine -Ikernels -I$(CONFIG) \
           $(MACHINE_CFLAGS) $(LIBRARY_CFLAGS) $(if $(filter yes,$(SANITIZERS)),$(SANITIZE))

SOURCES := $(wildcard engine/*.c kernels/*.c kernels/cpu/*.c)
ifneq ($(HAVE_AVX2),yes)
SOURCES := $(filter-out %_avx2.c,$(SOURCES))
endif
ifneq ($(HAVE_AVX512),yes)
SOURCES := $(filter-out %_avx512.c,$(SOURCES))
endif
ifneq ($(HAVE_AVX512BF16),yes)
SOURCES := $(filter-out %_avx512bf16.c,$(SOURCES))
endif
ifneq ($(HAVE_AVX512VNNI),yes)
SOURCES := $(filter-out %_avx512vnni.c,$(SOURCES))
endif
ifneq ($(HAVE_AVX512BF16VNNI),yes)
SOURCES := $(filter-out %_avx512bf16vnni.c,$(SOURCES))
endif
ifneq ($(HAVE_NEON),yes)
SOURCES := $(filter-out %_neon.c,$(SOURCES))
endif
OBJECTS  = $(SOURCES:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/engine/embedded_model.o
STATIC   = $(BUILD)/lib/libonedva.a
SHARED   = $(BUILD)/lib/shared/libonedva.so.$(VERSION)
PC       = $(BUILD)/lib/pkgconfig/onedva.pc

all: lib ffmpeg-full latents corpus
lib: $(STATIC) $(SHARED) $(PC)

# The fuzzer sees where the library goes. Its counters in all the code that the SIMD operators inline
# would take minutes to compile. What is compared it sees only where bytes from outside are read: loops
# over pixels and weights would take two thirds of a run.
ifeq ($(FUZZ),yes)
READERS = $(wildcard engine/*_reader.c engine/packet_*.c) \
          $(addprefix engine/, decoder.c encoder.c latent_decoder.c model.c range_decoder.c stream_header.c)
SANITIZE += -fsanitize=float-cast-overflow,fuzzer-no-link -fno-sanitize-recover=all
$(filter-out $(READERS:%.c=$(BUILD)/obj/%.o), $(OBJECTS)): SANITIZE += -fno-sanitize-coverage=trace-cmp
$(BUILD)/obj/kernels/cpu/operators_avx%.o: SANITIZE = -fsanitize=address -fno-omit-frame-pointer
endif

# Threads count together. FFmpeg's tests would take six times as long with counters in the operators' loops.
ifdef COVERAGE
OPTIMIZE = -O1 --coverage -fprofile-update=atomic
ifeq ($(COVERAGE),engine)
$(BUILD)/obj/kernels/cpu/%.o: OPTIMIZE = -O2
endif
endif

ifeq ($(FUZZ_COVERAGE),yes)
OPTIMIZE = -O1 -fprofile-instr-generate -fcoverage-mapping
SANITIZE =
$(BUILD)/obj/kernels/%.o: OPTIMIZE = -O2
endif

$(BUILD)/obj/%_avx2.o: SIMD_FLAGS = $(AVX2_FLAGS)
$(BUILD)/obj/%_avx512.o: SIMD_FLAGS = $(AVX512_FLAGS)
$(BUILD)/obj/%_avx512bf16.o: SIMD_FLAGS = $(AVX512BF16_FLAGS)
$(BUILD)/obj/%_avx512vnni.o: SIMD_FLAGS = $(AVX512VNNI_FLAGS)
$(BUILD)/obj/%_avx512bf16vnni.o: SIMD_FLAGS = $(AVX512BF16_FLAGS) -mavx512vnni

$(BUILD)/obj/%.o: %.c $(CONFIG)/config.mak
	@mkdir -p $(@D)
	@echo "CC      $<"
	$(Q)$(CC) $(FLAGS) $(SIMD_FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/engine/embedded_model.o: engine/embedded_model.S $(MODEL) $(CONFIG)/config.mak
	@mkdir -p $(@D)
	@echo "AS      $<"
	$(Q)$(CC) -DMODEL_FILE='"$(MODEL)"' -c -o $@ $<

# The list of objects: a removed source makes the library anew.
$(BUILD)/obj/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' > $@
FORCE:

$(STATIC): $(OBJECTS) $(BUILD)/obj/objects
	@mkdir -p $(@D)
	@echo "AR      $@"
	@rm -f $@
	$(Q)ar rcs $@ $(OBJECTS)

$(SHARED): $(OBJECTS) $(BUILD)/obj/objects
	@mkdir -p $(@D)
	@echo "LD      $@"
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs $(filter -fsanitize%,$(FLAGS)) -o $@ $(OBJECTS) \
	    $(LIBRARY_LIBS)
	@ln -sf $(@F) $(@D)/$(SONAME)
	@ln -sf $(SONAME) $(@D)/libonedva.so

# Only the static library is in this directory, so that build/ffmpeg is one file.
$(PC): tools/onedva.pc.in $(CONFIG)/config.mak engine/include/onedva/onedva.h
	@mkdir -p $(@D)
	@echo "GEN     $@"
	$(Q)sed -e 's|@PREFIX@|$(CURDIR)/$(BUILD)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@INCLUDE@|$(CURDIR)/engine/include|' \
	    -e 's|@LIBS@|-L$(CURDIR)/$(BUILD)/lib -lonedva $(LIBRARY_LIBS)|' -e 's|@PRIVATE@||' $< > $@

-include $(SOURCES:%.c=$(BUILD)/obj/%.d)

# ---- FFmpeg ----------------------------------------------------------------------------------

ffmpeg-full ffmpeg-check fate-onedva: export ONEDVA_CC := $(CC)
ffmpeg-full ffmpeg-check fate-onedva: export ONEDVA_PREFIX := $(PREFIX)
ffmpeg-full ffmpeg-check fate-onedva: export ONEDVA_FFMPEG_SOURCE := $(FFMPEG_SOURCE)
ffmpeg-full ffmpeg-check fate-onedva: export ONEDVA_FFMPEG_FLAGS := $(FFMPEG_FLAGS)
ffmpeg-full ffmpeg-check fate-onedva: export ONEDVA_FFPLAY := $(FFPLAY)
ffmpeg-full ffmpeg-check fate-onedva: export ONEDVA_SANITIZERS := $(SANITIZERS)

# install FLAVOUR=check installs the programs with only the parts that the tests use.
FLAVOUR  = full
PROGRAMS = ffmpeg ffprobe $(if $(filter yes,$(FFPLAY)),ffplay)

ffmpeg-full: lib
	+@tools/ffmpeg/build.sh full
	@for program in $(PROGRAMS); do \
	    cmp -s build/ffmpeg-full/$$program build/$$program || \
	        install -m 755 build/ffmpeg-full/$$program build/ || exit 1; \
	done

ffmpeg-check: lib
	+@tools/ffmpeg/build.sh check

# usage: $(call latents_of,FLAVOUR)
latents_of = @CC='$(CC)' CFLAGS='$(OPTIMIZE) $(LIBRARY_CFLAGS) $(if $(filter yes,$(SANITIZERS)),$(SANITIZE))' \
    tools/latents/build.sh build/ffmpeg-$(1) build/ffmpeg-$(1)/onedva-latents

latents: ffmpeg-full
	$(call latents_of,full)
	@install -C -m 755 build/ffmpeg-full/onedva-latents build/

corpus:
	@install -D -C -m 755 tools/corpus/onedva-corpus build/onedva-corpus

# GEN=1 makes the references anew.
fate-onedva: export ONEDVA_MODEL := $(CURDIR)/fate/model/onedva-test.safetensors
fate-onedva: ffmpeg-check
	+@$(MAKE) --no-print-directory -k -C build/ffmpeg-check fate-onedva
	$(if $(GEN),@for kind in fate seek; do \
	    mkdir -p fate/ref/$$kind; cp build/ffmpeg-src/tests/ref/$$kind/onedva-* fate/ref/$$kind; done)

bench: all
	@tools/bench/bench.sh

kernel-bench: $(BUILD)/tools/bench/kernel_bench
	@$<

# PYTHON: one with onnxruntime and onnx, too, to have that beside it; CPU: instruction sets to compare.
network-bench: $(BUILD)/tools/bench/kernel_bench
	@tools/install-deps.sh train
	@$(or $(PYTHON),/usr/bin/python3) -W ignore tools/bench/network_peers.py "$(or $(NETWORK),models/onedva-tiny.safetensors)" --engine $< --cpu $(or $(CPU),"")

# CPU: instruction sets to compare with the C reference
precision-bench: all $(BUILD)/tools/bench/precision
	@tools/bench/precision.sh "$(VALID)" $(or $(CPU),avx512bf16 avx512bf16vnni)

gemm-bench: $(STATIC)
	@tools/install-deps.sh gemm
	@mkdir -p $(BUILD)/tools/bench
	$(Q)$(CC) $(FLAGS) $(if $(RUNS),-DRUNS=$(RUNS)) $(shell pkg-config --cflags openblas) -o $(BUILD)/tools/bench/gemm_peers \
	    $(addprefix tools/bench/, gemm_peers.c bench_clip.c machine_peak.c) \
	    $(STATIC) $(LIBRARY_LIBS) -ldnnl $(shell pkg-config --libs openblas)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BUILD)/tools/bench/gemm_peers

latents-bench: all
	@tools/install-deps.sh train
	@[ -n "$(INPUT)" ] || tools/fetch-clip.sh build/bench/cockatoo.mp4
	@$(or $(PYTHON),/usr/bin/python3) tools/bench/latents_bench.py "$(or $(INPUT),build/bench/cockatoo.mp4)"

# ONEDVA_MODEL: another model than the one built in
roofline: $(BUILD)/tools/bench/roofline
	@$< 640 360 $(or $(RUNS),9)

motion-bench: all $(BUILD)/tools/bench/motion_bench
	@tools/bench/motion_bench.sh "$(INPUT)"

entropy-bench: all $(BUILD)/tools/bench/entropy_bench
	@tools/bench/entropy_bench.sh "$(INPUT)"

# PEERS: an ffmpeg with libx264, libx265 and libsvtav1; VMAF: one with libvmaf, none: no VMAF;
# PICTURE: the clip of the picture at the lowest rate; JOBS: clips at a time.
PEERS = $(firstword $(wildcard /usr/bin/ffmpeg) ffmpeg)
JOBS  = 1
rate-bench: all
	@[ -n "$(VALID)" ] || { echo "make rate-bench: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@$(or $(PYTHON),/usr/bin/python3) tools/eval/rate_control.py "$(VALID)"

eval: all
	@[ -n "$(VALID)" ] || { echo "make eval: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@$(or $(PYTHON),/usr/bin/python3) tools/eval/report.py "$(VALID)" --peers "$(PEERS)" --vmaf "$(VMAF)" \
	    --jobs $(JOBS) $(if $(PICTURE),--picture "$(PICTURE)")

# What leaving layers out costs, on the clips of a folder.
layers-bench: all
	@[ -n "$(VALID)" ] || { echo "make layers-bench: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@$(or $(PYTHON),/usr/bin/python3) tools/eval/layers.py "$(VALID)"

BENCH_OBJECTS = $(addprefix $(BUILD)/obj/tools/bench/,bench_clip.o machine_peak.o operator_count.o)

$(BUILD)/obj/tools/bench/%.o: FLAGS += -Itools/bench
$(BUILD)/tools/bench/kernel_bench: $(BUILD)/obj/tools/bench/bench_clip.o
$(BUILD)/tools/bench/roofline $(BUILD)/tools/bench/operator_bench: $(BENCH_OBJECTS)
$(BUILD)/tools/bench/precision: $(BUILD)/obj/tools/canvas/y4m_reader.o $(BUILD)/obj/tools/bench/machine_peak.o
$(BUILD)/tools/bench/precision: FLAGS += -Itools/canvas
$(BUILD)/tools/bench/motion_bench: $(BUILD)/obj/tools/canvas/y4m_reader.o
$(BUILD)/tools/bench/motion_bench: FLAGS += -Itools/canvas
$(BUILD)/tools/bench/entropy_bench: $(addprefix $(BUILD)/obj/tools/,canvas/y4m_reader.o bench/bench_clip.o bench/machine_peak.o)
$(BUILD)/tools/bench/entropy_bench: FLAGS += -Itools/canvas

$(BUILD)/tools/%: tools/%.c $(STATIC)
	@mkdir -p $(@D)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.o,$^) $(STATIC) $(LIBRARY_LIBS)

CANVAS_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/canvas/*.c))

canvas: $(BUILD)/onedva-canvas
entropy: $(BUILD)/onedva-entropy

$(BUILD)/onedva-entropy: tools/entropy/onedva_entropy.c $(STATIC)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -o $@ $< $(STATIC) $(LIBRARY_LIBS)

$(BUILD)/onedva-canvas: $(CANVAS_OBJECTS) $(STATIC)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -o $@ $(CANVAS_OBJECTS) $(STATIC) $(LIBRARY_LIBS)

-include $(CANVAS_OBJECTS:.o=.d) $(BENCH_OBJECTS:.o=.d)

# ---- install ---------------------------------------------------------------------------------

DEST = $(DESTDIR)$(PREFIX)

install: lib ffmpeg-$(FLAVOUR)
	install -d $(DEST)/bin $(DEST)/lib/pkgconfig $(DEST)/include/onedva
	install -m 755 $(PROGRAMS:%=build/ffmpeg-$(FLAVOUR)/%) $(DEST)/bin
	$(call latents_of,$(FLAVOUR))
	install -m 755 build/ffmpeg-$(FLAVOUR)/onedva-latents tools/corpus/onedva-corpus $(DEST)/bin
	install -m 644 $(STATIC) $(SHARED) $(DEST)/lib
	ln -sf $(notdir $(SHARED)) $(DEST)/lib/$(SONAME)
	ln -sf $(SONAME) $(DEST)/lib/libonedva.so
	install -m 644 engine/include/onedva/onedva.h $(DEST)/include/onedva
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@INCLUDE@|$${prefix}/include|' -e 's|@LIBS@|-L$${prefix}/lib -lonedva|' \
	    -e 's|@PRIVATE@|$(LIBRARY_LIBS)|' tools/onedva.pc.in > $(DEST)/lib/pkgconfig/onedva.pc

# ---- unit tests ------------------------------------------------------------------------------

comma = ,

TESTS         = $(wildcard engine/tests/test_*.c kernels/cpu/tests/test_*.c)
TEST_PROGRAMS = $(TESTS:%.c=$(BUILD)/%)

unit:
	+@$(MAKE) --no-print-directory BUILD=build/sanitized SANITIZERS=yes unit-tests

unit-tests: $(TEST_PROGRAMS)
	@tools/run-unit-tests.sh $(TEST_PROGRAMS)

# What takes minutes there shows nothing new.
valgrind: ffmpeg-check $(TEST_PROGRAMS)
	@tools/install-deps.sh valgrind
	@tools/tests/test_valgrind.sh $(filter-out \
	    %/test_motion_accuracy %/test_memory %/test_load %/test_model_fields \
	    %/test_allocation_failure,$(TEST_PROGRAMS))

THREAD_TESTS = $(addprefix $(BUILD)/,kernels/cpu/tests/test_thread_pool engine/tests/test_determinism \
    engine/tests/test_packet_queue engine/tests/test_codec engine/tests/test_reduced_frames \
    engine/tests/test_overlapped_encoding engine/tests/test_load)

tsan:
	+@$(MAKE) --no-print-directory BUILD=build/tsan SANITIZERS=yes SANITIZE='-fsanitize=thread' tsan-tests
tsan-tests: $(THREAD_TESTS) ffmpeg-tsan
	@ONEDVA_TEST_OPENINGS=50 tools/run-unit-tests.sh $(THREAD_TESTS)
	@tools/tests/test_tsan.sh

# ONEDVA_SANITIZERS means AddressSanitizer, which does not go together with these.
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_CC := $(CC)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_PREFIX := $(PREFIX)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_FFMPEG_SOURCE := $(FFMPEG_SOURCE)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_FFMPEG_FLAGS :=
ffmpeg-tsan: export ONEDVA_FFPLAY := no
ffmpeg-coverage: export ONEDVA_FFPLAY := $(FFPLAY)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_SANITIZERS := no
ffmpeg-tsan ffmpeg-coverage: ffmpeg-%: $(STATIC) $(PC)
	+@tools/ffmpeg/build.sh $*

coverage:
	@tools/install-deps.sh coverage
	+@$(MAKE) --no-print-directory BUILD=build/coverage-ffmpeg CC=gcc SANITIZERS=no COVERAGE=engine ffmpeg-coverage
	+@$(MAKE) --no-print-directory BUILD=build/coverage CC=gcc SANITIZERS=no COVERAGE=yes \
	    FFMPEG_TREE=build/ffmpeg-coverage unit-programs replay-programs
	@tools/coverage/coverage.sh
unit-programs: $(TEST_PROGRAMS)

load: $(BUILD)/engine/tests/test_load
	@ONEDVA_TEST_OPENINGS=$(or $(OPENINGS),10000) $<

soak: export ONEDVA_MODEL := $(CURDIR)/fate/model/onedva-test.safetensors
soak: ffmpeg-check
	@mkdir -p build/test
	@fate/api/build.sh soak build/test/onedva-soak
	@build/test/onedva-soak $(or $(MINUTES),30)

damage: ffmpeg-check
	@tools/bench/damage.sh "$(INPUT)" $(or $(RUNS),20)

OPERATOR_TESTS = $(filter $(BUILD)/kernels/%,$(TEST_PROGRAMS))

checkasm: $(OPERATOR_TESTS) $(if $(BENCH),$(BUILD)/tools/bench/operator_bench)
	@tools/run-unit-tests.sh $(OPERATOR_TESTS)
	$(if $(BENCH),@$(BUILD)/tools/bench/operator_bench)

# Files, packets and their payloads.
BYTE_ORDER_TESTS = $(addprefix $(BUILD)/engine/tests/test_,model stream_header packet packet_metadata \
    packet_truncation crc16 range_coder motion_coder noise)

byte-order-tests: $(BYTE_ORDER_TESTS)
	@tools/run-unit-tests.sh $^

# its memory runs out
$(BUILD)/engine/tests/test_allocation_failure: private FLAGS += \
    $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc aligned_alloc pthread_create)

$(BUILD)/%: %.c $(STATIC)
	@mkdir -p $(@D)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) $(CMOCKA_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(STATIC) $(CMOCKA_LIBS) $(LIBRARY_LIBS)

-include $(TEST_PROGRAMS:%=%.d)

# ---- fuzzing ---------------------------------------------------------------------------------

SECONDS = 10
TARGETS = stream_header packet_tools decoder encoder model bsf demuxer

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
    libavcodec/onedva_metadata_bsf.o libavformat/odva.o libavformat/odvadec.o)
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
$(FUZZ_PROGRAMS): $(BUILD)/fuzz/%: fuzz/%.c $(BUILD)/obj/fuzz/fuzz.o $(STATIC)
	$(link_fuzz)

# The muxer comes from the tests' FFmpeg, in which it checks itself (tools/ffmpeg/build.sh).
$(REPLAY_FFMPEG): private LIBRARY_LIBS += $(if $(FUZZ_COVERAGE),-fsanitize=undefined)
$(REPLAY_FFMPEG): $(if $(FUZZ_COVERAGE),$(FFMPEG_OBJECTS)) $(FFMPEG_LIBS)
$(REPLAY_PROGRAMS): $(BUILD)/fuzz/replay_%: fuzz/fuzz_%.c $(BUILD)/obj/fuzz/fuzz.o $(BUILD)/obj/fuzz/replay.o $(STATIC)
	$(link_fuzz)

replay-programs: $(REPLAY_PROGRAMS)

-include $(wildcard $(BUILD)/fuzz/*.d $(BUILD)/obj/fuzz/*.d $(BUILD)/obj/ffmpeg/*/*.d)

endif
