# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Benchmarks and the tools of training. VALID: a folder of videos; PYTHON: one with what a
# target needs, if not the first that is found.

bench: all
	@tools/bench/bench.sh

kernel-bench: $(BUILD)/tools/bench/kernel_bench
	@$<

open-bench: $(BUILD)/tools/bench/open_bench
	@$<

# PYTHON: one with onnxruntime and onnx, too, to have that beside it; CPU: instruction sets to compare.
network-bench: $(BUILD)/tools/bench/kernel_bench
	@tools/install-deps.sh train
	@python=$$(tools/find-python.sh torch numpy) && $$python -W ignore tools/bench/network_peers.py "$(or $(NETWORK),models/onedva-tiny.safetensors)" --engine $< --cpu $(or $(CPU),"")

# CPU: instruction sets to compare with the C reference
precision-bench: all $(BUILD)/tools/bench/precision
	@tools/bench/precision.sh "$(VALID)" $(or $(CPU),avx512bf16 avx512bf16vnni)

# The library behind cblas.h.
BLAS = openblas
gemm-bench:
	@tools/install-deps.sh gemm
	@rm -f $(BUILD)/tools/bench/gemm_peers # RUNS is built in
	+@$(MAKE) --no-print-directory $(BUILD)/tools/bench/gemm_peers
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BUILD)/tools/bench/gemm_peers

latents-bench: all
	@tools/install-deps.sh train
	@[ -n "$(INPUT)" ] || tools/fetch-clip.sh build/bench/cockatoo.mp4
	@python=$$(tools/find-python.sh torch numpy) && $$python tools/bench/latents_bench.py "$(or $(INPUT),build/bench/cockatoo.mp4)"

# ONEDVA_MODEL: another model than the one built in
roofline: $(BUILD)/tools/bench/roofline
	@$< 640 360 $(or $(RUNS),9)

# BACKEND: cuda, vulkan or cpu; DEVICE: its number; WIDTH, HEIGHT, RUNS
device-bench: $(BUILD)/tools/bench/device_bench
	@$< $(or $(BACKEND),vulkan) $(or $(DEVICE),-1) $(or $(WIDTH),640) $(or $(HEIGHT),360) $(or $(RUNS),9)

motion-bench: all $(BUILD)/tools/bench/motion_bench
	@tools/bench/motion_bench.sh "$(INPUT)"

entropy-bench: all $(BUILD)/tools/bench/entropy_bench
	@tools/bench/entropy_bench.sh "$(INPUT)"

# PEERS: an ffmpeg with libx264, libx265, libsvtav1 and libaom-av1; VMAF: one with libvmaf, none: no VMAF;
# PICTURE: the clip of the picture at the lowest rate; JOBS: clips at a time.
PEERS = $(firstword $(wildcard /usr/bin/ffmpeg) ffmpeg)
JOBS  = 1
rate-bench: all
	@[ -n "$(VALID)" ] || { echo "make rate-bench: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@python=$$(tools/find-python.sh numpy matplotlib) && $$python tools/eval/rate_control.py "$(VALID)"

eval: all
	@[ -n "$(VALID)" ] || { echo "make eval: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@python=$$(tools/find-python.sh numpy matplotlib) && $$python tools/eval/report.py "$(VALID)" --peers "$(PEERS)" --vmaf "$(VMAF)" \
	    --jobs $(JOBS) $(if $(PICTURE),--picture "$(PICTURE)")

builds-bench: all
	@[ -n "$(VALID)" ] && [ -n "$(OLD)" ] || \
	    { echo "make builds-bench: say which clips, VALID=folder, and the other build's ffmpeg, OLD=file" >&2; exit 1; }
	@tools/install-deps.sh eval
	@python=$$(tools/find-python.sh numpy matplotlib) && $$python tools/eval/builds.py "$(VALID)" --old "$(OLD)"

# What clips that predict from the clip before save against key clips alone, on the clips of a folder.
gop-bench: all
	@[ -n "$(VALID)" ] || { echo "make gop-bench: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@python=$$(tools/find-python.sh numpy matplotlib) && \
	    $$python tools/eval/builds.py "$(VALID)" --old-options "-motion auto -g 1" --crf 15 25 35 45 55

# What leaving layers out costs, on the clips of a folder.
layers-bench: all
	@[ -n "$(VALID)" ] || { echo "make layers-bench: say which clips to measure on: VALID=folder" >&2; exit 1; }
	@tools/install-deps.sh eval
	@python=$$(tools/find-python.sh numpy matplotlib) && $$python tools/eval/layers.py "$(VALID)"

BENCH_PROGRAMS = $(addprefix $(BUILD)/tools/bench/, \
    device_bench entropy_bench gemm_peers kernel_bench motion_bench open_bench operator_bench precision roofline) \
    $(if $(filter yes,$(HAVE_CUDA)),$(BUILD)/tools/bench/product_bench)
CUDA_BENCH_OBJECTS-$(HAVE_CUDA) = $(addprefix $(BUILD)/obj/tools/bench/,operator_machine_cuda.o peak.module.o)
VULKAN_BENCH_OBJECTS-$(HAVE_VULKAN) = $(BUILD)/obj/tools/bench/operator_machine_vulkan.o
BENCH_OBJECTS  = $(addprefix $(BUILD)/obj/tools/bench/, bench.o bench_backend.o bench_codec.o bench_video.o machine_peak.o \
    operator_count.o operator_machine_cpu.o) $(BUILD)/obj/tools/canvas/y4m_reader.o

$(addprefix $(BUILD)/tools/bench/, kernel_bench open_bench roofline operator_bench precision motion_bench \
    entropy_bench device_bench product_bench): $(BENCH_OBJECTS)

$(BUILD)/tools/bench/device_bench: $(CUDA_BENCH_OBJECTS-yes) $(VULKAN_BENCH_OBJECTS-yes)
$(BUILD)/obj/tools/bench/operator_machine_vulkan.o: $(BUILD)/obj/tools/bench/peak.spv.h
$(BUILD)/obj/tools/bench/operator_machine_vulkan.o: private FLAGS += -I$(BUILD)/obj

$(BUILD)/tools/bench/gemm_peers: $(addprefix $(BUILD)/obj/tools/bench/,bench.o bench_backend.o machine_peak.o)
$(BUILD)/tools/bench/gemm_peers: private FLAGS += $(if $(RUNS),-DRUNS=$(RUNS)) $$(pkg-config --cflags $(BLAS))
$(BUILD)/tools/bench/gemm_peers: private LIBRARY_LIBS += -ldnnl $$(pkg-config --libs $(BLAS))

$(BUILD)/tools/%: tools/%.c $(STATIC)
	@mkdir -p $(@D)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -MMD -MP -MF $@.d -o $@ $(filter %.c %.o,$^) $(STATIC) $(LIBRARY_LIBS)

CANVAS_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/canvas/*.c))

tools: $(BENCH_PROGRAMS) canvas entropy
canvas: $(BUILD)/onedva-canvas
entropy: $(BUILD)/onedva-entropy

$(BUILD)/onedva-entropy: tools/entropy/onedva_entropy.c $(STATIC)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -o $@ $< $(STATIC) $(LIBRARY_LIBS)

$(BUILD)/onedva-canvas: $(CANVAS_OBJECTS) $(STATIC)
	@echo "CCLD    $@"
	$(Q)$(CC) $(FLAGS) -o $@ $(CANVAS_OBJECTS) $(STATIC) $(LIBRARY_LIBS)

-include $(CANVAS_OBJECTS:.o=.d) $(BENCH_OBJECTS:.o=.d) $(CUDA_BENCH_OBJECTS-yes:.o=.d) $(VULKAN_BENCH_OBJECTS-yes:.o=.d)
