# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Unit tests, and what runs them in other ways.

comma = ,

.PHONY: unit-tests on-gpu-programs on-gpu-tests tsan-tests unit-programs byte-order-tests ffmpeg-tsan ffmpeg-coverage

TESTS         = $(wildcard engine/tests/*/test_*.c kernels/tests/test_*.c kernels/cpu/tests/test_*.c \
                kernels/cuda/tests/test_*.c) \
                $(if $(filter yes,$(HAVE_VULKAN)),$(wildcard kernels/vulkan/tests/test_*.c))
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
	    %/test_allocation_failure $(BUILD)/kernels/vulkan/% $(BUILD)/kernels/cuda/%,$(TEST_PROGRAMS))

THREAD_TESTS = $(addprefix $(BUILD)/,engine/tests/base/test_thread_pool engine/tests/bitstream/test_scan \
    engine/tests/codec/test_determinism \
    engine/tests/decoder/test_packet_queue engine/tests/codec/test_codec engine/tests/encoder/test_reduced_frames \
    engine/tests/codec/test_overlapped_encoding engine/tests/codec/test_load \
    engine/tests/model/test_device_weights)

tsan:
	+@$(MAKE) --no-print-directory BUILD=build/tsan SANITIZERS=yes SANITIZE='-fsanitize=thread' tsan-tests
tsan-tests: $(THREAD_TESTS) ffmpeg-tsan
	@ONEDVA_TEST_OPENINGS=50 tools/run-unit-tests.sh $(THREAD_TESTS)
	@tools/tests/test_tsan.sh

# ONEDVA_SANITIZERS means AddressSanitizer, which does not go together with these.
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_CC := $(CC)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_PREFIX := $(PREFIX)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_FFMPEG_VERSION := $(FFMPEG_VERSION)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_FFMPEG_SOURCE := $(FFMPEG_SOURCE)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_FFMPEG_FLAGS :=
ffmpeg-tsan: export ONEDVA_FFPLAY := no
ffmpeg-coverage: export ONEDVA_FFPLAY := $(FFPLAY)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_SANITIZERS := no
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_VULKAN_FRAMES := $(VULKAN_FRAMES)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_CUDA_FRAMES := $(CUDA_FRAMES)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_VULKAN_FILTERS := $(VULKAN_FILTERS)
ffmpeg-tsan ffmpeg-coverage: export ONEDVA_GLSLANG := $(GLSLANG)
ffmpeg-tsan ffmpeg-coverage: ffmpeg-%: $(STATIC) $(PC)
	+@tools/ffmpeg/build.sh $*

# One-DVA in the versions of FFmpeg other than that of build/ffmpeg-check: each in build/ffmpeg-VERSION.
check-ffmpeg-versions: export ONEDVA_CC := $(CC)
check-ffmpeg-versions: export ONEDVA_PREFIX := $(PREFIX)
check-ffmpeg-versions: export ONEDVA_FFMPEG_FLAGS :=
check-ffmpeg-versions: export ONEDVA_FFPLAY := no
check-ffmpeg-versions: export ONEDVA_SANITIZERS := $(SANITIZERS)
check-ffmpeg-versions: ffmpeg-check
	+@tools/tests/test_ffmpeg_versions.sh

coverage:
	@tools/install-deps.sh coverage
	+@$(MAKE) --no-print-directory BUILD=build/coverage-ffmpeg CC=gcc SANITIZERS=no COVERAGE=engine ffmpeg-coverage
	+@$(MAKE) --no-print-directory BUILD=build/coverage CC=gcc SANITIZERS=no COVERAGE=yes \
	    FFMPEG_TREE=build/ffmpeg-coverage unit-programs replay-programs
	@tools/coverage/coverage.sh
unit-programs: $(TEST_PROGRAMS)

load: $(BUILD)/engine/tests/codec/test_load
	@ONEDVA_TEST_OPENINGS=$(or $(OPENINGS),10000) $<

soak: export ONEDVA_MODEL := $(CURDIR)/fate/model/onedva-test.safetensors
soak: ffmpeg-check
	@mkdir -p build/test
	@fate/api/build.sh soak build/test/onedva-soak
	@build/test/onedva-soak $(or $(MINUTES),30)

damage: ffmpeg-check
	@tools/bench/damage.sh "$(INPUT)" $(or $(RUNS),20)

OPERATOR_TESTS = $(filter $(BUILD)/kernels/%,$(TEST_PROGRAMS)) $(BUILD)/engine/tests/base/test_thread_pool \
    $(BUILD)/engine/tests/transform/test_linear_path

checkasm: $(OPERATOR_TESTS) $(if $(BENCH),$(BUILD)/tools/bench/operator_bench)
	@tools/run-unit-tests.sh $(OPERATOR_TESTS)
	$(if $(BENCH),@$(BUILD)/tools/bench/operator_bench)

# Files, packets and their payloads.
BYTE_ORDER_TESTS = $(addprefix $(BUILD)/engine/tests/,model/test_model base/test_noise \
    $(addprefix bitstream/test_,stream_header packet packet_metadata packet_truncation crc16 range_coder motion_coder))

byte-order-tests: $(BYTE_ORDER_TESTS)
	@tools/run-unit-tests.sh $^

# its memory runs out
$(BUILD)/engine/tests/codec/test_allocation_failure: private FLAGS += \
    $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc aligned_alloc posix_memalign free pthread_create)

# likewise, and a Vulkan driver fails
$(addprefix $(BUILD)/kernels/vulkan/tests/,test_vulkan_device test_vulkan_frames): private FLAGS += \
    $(addprefix -Wl$(comma)--wrap=,malloc calloc access dlopen dlsym)

# CUDA's operators on the CPU: its kernels as C++, and a driver that dlopen finds (kernels/cuda/tests/emulator.h). What kernels
# share has a section of its own, in which GCC guards variables where it is told to; Clang checks types of functions by C++'s library.
CUDA_TESTS        = $(filter $(BUILD)/kernels/cuda/%,$(TEST_PROGRAMS))
CUDA_TEST_OBJECTS = $(CUDA_HOST:%=$(BUILD)/obj/%.o) $(CUDA_KERNELS:%=$(BUILD)/obj/%.on_cpu.o) \
    $(BUILD)/obj/kernels/cuda/tests/harness.on_cpu.o \
    $(addprefix $(BUILD)/obj/kernels/cuda/tests/,cublas_on_cpu.o cuda_on_cpu.o driver_found.o driver_on_cpu.o fiber.o)
KERNELS_SANITIZE   = $(if $(filter yes,$(SANITIZERS)),$(if $(findstring clang,$(CC)),-fno-sanitize=function,-fsanitize-sections=cuda_shared))

$(BUILD)/obj/%.on_cpu.o: %.cu $(CONFIG)/config.mak
	@mkdir -p $(@D)
	@echo "CXX     $<"
	$(Q)$(CC) -x c++ -std=c++17 -fno-exceptions -fno-rtti $(filter-out -std=c11,$(FLAGS)) $(KERNELS_SANITIZE) \
	    -include kernels/cuda/tests/cuda_on_cpu.h -MMD -MP -c -o $@ $<
$(addprefix $(BUILD)/obj/kernels/cuda/tests/,cublas_on_cpu.o cuda_on_cpu.o driver_found.o driver_on_cpu.o): private FLAGS += $$(pkg-config --cflags cmocka)
$(CUDA_TESTS): $(CUDA_TEST_OBJECTS)
$(CUDA_TESTS): private FLAGS += $(addprefix -Wl$(comma)--wrap=,dlopen dlsym dlclose)
# a library without CUDA has it there
$(addprefix $(BUILD)/kernels/cuda/tests/,test_cuda_codec test_cuda_frames): private FLAGS += -Wl$(comma)--wrap=odva_registry_find
$(CUDA_TESTS): private STATIC := $(CUDA_TEST_OBJECTS) $(STATIC)

# The same driver for FFmpeg and for Python, which find it in LD_LIBRARY_PATH: fate/scripts/cuda_frames.sh.
LIBCUDA_OBJECTS = $(filter-out %/harness.on_cpu.o %/driver_found.o %/cublas_on_cpu.o,$(filter-out $(CUDA_HOST:%=$(BUILD)/obj/%.o),$(CUDA_TEST_OBJECTS))) \
    $(BUILD)/obj/kernels/cuda/tests/libcuda_on_cpu.o
$(BUILD)/cuda-on-cpu/libcuda.so.1: $(LIBCUDA_OBJECTS) | cmocka
	@mkdir -p $(@D)
	@echo "LD      $@"
	$(Q)$(CC) -shared -pthread $(filter -fsanitize%,$(FLAGS)) -o $@ $(LIBCUDA_OBJECTS) $$(pkg-config --libs cmocka) -lm

# The same operators on the machine's GPU, by the kernels that nvcc compiled.
ON_GPU_TESTS = $(addprefix $(BUILD)/on-gpu/test_cuda_,pictures linear_path network bf16 cublas)
on-gpu-programs: $(ON_GPU_TESTS)
on-gpu-tests: $(ON_GPU_TESTS)
	@tools/run-unit-tests.sh $^
$(ON_GPU_TESTS): $(BUILD)/on-gpu/%: kernels/cuda/tests/%.c $(STATIC) | cmocka
	@mkdir -p $(@D)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -DONEDVA_ON_GPU $$(pkg-config --cflags cmocka) -MMD -MP -MF $@.d -o $@ $< $(STATIC) \
	    $(LIBRARY_LIBS) $$(pkg-config --libs cmocka)

# Looked for when a test is linked: configure may have run before it was installed.
.PHONY: cmocka
cmocka:
	@pkg-config --exists cmocka || { \
	    echo "cmocka, which the unit tests use, is missing: run tools/install-deps.sh check" >&2; exit 1; }

$(TEST_PROGRAMS): private FLAGS += $$(pkg-config --cflags cmocka)
$(TEST_PROGRAMS): private LIBRARY_LIBS += $$(pkg-config --libs cmocka)
$(TEST_PROGRAMS): | cmocka

$(BUILD)/%: %.c $(STATIC)
	@mkdir -p $(@D)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -MMD -MP -MF $@.d -o $@ $< $(STATIC) $(LIBRARY_LIBS)

-include $(TEST_PROGRAMS:%=%.d) $(ON_GPU_TESTS:%=%.d) $(CUDA_TEST_OBJECTS:.o=.d) $(BUILD)/obj/kernels/cuda/tests/libcuda_on_cpu.d
