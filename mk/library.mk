# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The library, static and shared.

# A second build of the library with other settings gives another BUILD, CC or OPTIMIZE.
BUILD    = build
OPTIMIZE = -O2
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

VERSION := $(shell awk '/define ONEDVA_VERSION_/ { v = v s $$3; s = "." } END { print v }' \
             engine/include/onedva/onedva.h)
SONAME   = libonedva.so.0

FLAGS    = -std=c11 $(OPTIMIZE) -g -Wall -Wextra -ffp-contract=off -fPIC -fvisibility=hidden -pthread \
           -D_GNU_SOURCE -DONEDVA_BUILDING -Iengine/include -Iengine -I. -I$(CONFIG) \
           $(MACHINE_CFLAGS) $(LIBRARY_CFLAGS) $(if $(filter yes,$(SANITIZERS)),$(SANITIZE) -DONEDVA_CHECKS)

OBJECTS  = $(SOURCES:%.c=$(BUILD)/obj/%.o) $(BUILD)/obj/engine/model/embedded_model.o \
           $(BUILD)/obj/engine/generate/embedded_prior.o $(CUDA_MODULES)
STATIC   = $(BUILD)/lib/libonedva.a
SHARED   = $(BUILD)/lib/shared/libonedva.so.$(VERSION)
PC       = $(BUILD)/lib/pkgconfig/onedva.pc

all: lib ffmpeg-full latents corpus man
lib: $(STATIC) $(SHARED) $(PC)

# Threads count together. FFmpeg's tests would take six times as long with counters in the operators' loops.
ifdef COVERAGE
OPTIMIZE = -O1 --coverage -fprofile-update=atomic
ifeq ($(COVERAGE),engine)
$(BUILD)/obj/kernels/cpu/%.o: OPTIMIZE = -O2
endif
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

$(BUILD)/obj/engine/model/embedded_model.o: engine/model/embedded_model.S $(MODEL) $(CONFIG)/config.mak
	@mkdir -p $(@D)
	@echo "AS      $<"
	$(Q)$(CC) -DMODEL_FILE='"$(MODEL)"' -c -o $@ $<

$(BUILD)/obj/engine/generate/embedded_prior.o: engine/generate/embedded_prior.S $(PRIOR) $(CONFIG)/config.mak
	@mkdir -p $(@D)
	@echo "AS      $<"
	$(Q)$(CC) -DPRIOR_FILE='"$(PRIOR)"' -c -o $@ $<

# CUDA's kernels are what nvcc makes of them for each generation of GPUs, in read-only data: kernels/cuda/modules.h. All
# builds of a configuration share it. Later generations compile the newest one's assembly.
CUDA_FOR    ?= 75 80 86 89 90
CUDA_WANTED  = $(CUDA_FOR)
CUDA_CODE    = $(foreach c,$(CUDA_WANTED),-gencode arch=compute_$(c)$(comma)code=sm_$(c)) \
               $(foreach c,$(lastword $(CUDA_WANTED)),-gencode arch=compute_$(c)$(comma)code=compute_$(c))
CUDA_MODULES = $(CUDA_MODULES-yes:%=$(BUILD)/obj/%.module.o)
CUDA_FATBINS = $(patsubst %,$(CONFIG)/fatbin/%.fatbin,$(CUDA_MODULES-yes) tools/bench/peak)
# tensor cores have bfloat16 from 8.0 on
$(filter %_bf16.fatbin %/product_rows.fatbin %/peak.fatbin,$(CUDA_FATBINS)): private CUDA_WANTED := $(or $(filter-out 75,$(CUDA_FOR)),80)
$(CUDA_FATBINS): $(CONFIG)/fatbin/%.fatbin: %.cu $(CONFIG)/config.mak $(CONFIG)/fatbin/generations
	@mkdir -p $(@D)
	@echo "NVCC    $<"
	$(Q)$(NVCC) -fatbin -std=c++17 -O3 -Werror all-warnings -Iengine/include -Iengine -I. $(CUDA_CODE) \
	    -MMD -MP -MF $@.d -o $@ $<
$(CONFIG)/fatbin/generations: FORCE
	@mkdir -p $(@D)
	@echo '$(CUDA_FOR)' | cmp -s - $@ || echo '$(CUDA_FOR)' > $@
$(CUDA_MODULES) $(BUILD)/obj/tools/bench/peak.module.o: $(BUILD)/obj/%.module.o: $(CONFIG)/fatbin/%.fatbin kernels/cuda/module.S
	@mkdir -p $(@D)
	$(Q)$(CC) -DMODULE=odva_cuda_module_$(*F) -DMODULE_FILE='"$<"' -c -o $@ kernels/cuda/module.S

-include $(CUDA_FATBINS:=.d)

# Vulkan's shaders are arrays of SPIR-V, which kernels/vulkan/shaders.c includes.
SPIRV = $(VULKAN_SHADERS-yes:%=$(BUILD)/obj/%.spv.h)
$(BUILD)/obj/%.spv.h: %.comp $(CONFIG)/config.mak
	@mkdir -p $(@D)
	@echo "GLSLANG $<"
	$(Q)$(GLSLANG) --quiet --target-env vulkan1.2 -I. --vn odva_spirv_$(*F) --depfile $(@:.h=.d) -o $@ $<

$(BUILD)/obj/kernels/vulkan/shaders.o: $(SPIRV)
$(BUILD)/obj/kernels/vulkan/shaders.o: private FLAGS += -I$(BUILD)/obj

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

-include $(SOURCES:%.c=$(BUILD)/obj/%.d) $(SPIRV:.h=.d)
