# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The files of the library, one list for each folder. A file that is in none is not built.

BASE_SOURCES = $(addprefix engine/base/, \
    byte_reader byte_writer layout log noise reserve settings squared_error status strict_math thread_pool)

MODEL_SOURCES = $(addprefix engine/model/, \
    device_weights linear_layer mapped_file model safetensors tensor_reader)

BITSTREAM_SOURCES = $(addprefix engine/bitstream/, \
    crc16 frame_packet latent_decoder latent_encoder latents layer_plan logistic motion motion_context motion_decoder \
    motion_encoder packet_decoder partition packet_encoder packet_info packet_metadata packet_parser \
    packet_truncation packet_writer range_decoder range_encoder scan stream_header symbol_context \
    symbol_predictor)

TRANSFORM_SOURCES = $(addprefix engine/transform/, \
    deblocking linear_path patch_walk quantiser tile_tables)

MOTION_SOURCES = $(addprefix engine/motion/, \
    canvas canvas_builder displacement_mesh inverse_mesh inverse_nodes luma_pyramid mesh_solver mosaic \
    motion_estimation motion_fit motion_paths motion_warp prediction_canvas scene_cut)

NETWORK_SOURCES = $(addprefix engine/network/, \
    diffusion_decoder latent_shares query_encoder sampler transformer)

RATE_SOURCES = $(addprefix engine/rate/, \
    activity_mask bit_cost first_pass first_pass_reader first_pass_writer partition_choice psnr_target rate_control \
    rate_distortion rate_plan)

ENCODER_SOURCES = $(addprefix engine/encoder/, \
    clip_choice clip_encoder compensation detail_choice encoder encoder_settings motion_choice picture_error quantiser_choice reduced_frames \
    smoothing_choice trial_coder)

DECODER_SOURCES = $(addprefix engine/decoder/, \
    clip_frames clip_smoothing decoder packet_queue reference step_choice)

GENERATE_SOURCES = $(addprefix engine/generate/, \
    generator latent_flow prior prior_network)

KERNELS_SOURCES = $(addprefix kernels/, backend device device_array host_pictures images registry)
KERNELS_SOURCES-$(SANITIZERS) += kernels/checked_ops kernels/wrapped_memory

CPU_SOURCES = $(addprefix kernels/cpu/, \
    attention_c basis choose cpu_backend cpu_device dct deblock_c downscale2x_c fastest image linear_c linear_path_tasks network_tasks norm_c operators_c \
    patches picture_tasks smooth_c structure_tensors_c warp_c weights wide_c)

# One file for each instruction set that configure found.
CPU_SOURCES-$(HAVE_AVX2)           += kernels/cpu/operators_avx2 kernels/cpu/wide_avx2
CPU_SOURCES-$(HAVE_AVX512)         += kernels/cpu/operators_avx512 kernels/cpu/wide_avx512
CPU_SOURCES-$(HAVE_AVX512BF16)     += kernels/cpu/operators_avx512bf16
CPU_SOURCES-$(HAVE_AVX512VNNI)     += kernels/cpu/operators_avx512vnni
CPU_SOURCES-$(HAVE_AVX512BF16VNNI) += kernels/cpu/operators_avx512bf16vnni
CPU_SOURCES-$(HAVE_NEON)           += kernels/cpu/operators_neon kernels/cpu/wide_neon

VULKAN_SOURCES-$(HAVE_VULKAN) += $(addprefix kernels/vulkan/, \
    arena gpu image linear_path_operators loader matrices network_operators picture picture_operators pipeline_cache pipelines \
    shaders stream vulkan_backend vulkan_device)

# One file for each operator, or for each step of one.
VULKAN_SHADERS-$(HAVE_VULKAN) += $(addprefix kernels/vulkan/, \
    attention axpby dct_forward dct_inverse deblock_columns deblock_rows downscale2x linear noise norm_modulate \
    patchify project reconstruct scan smooth structure_tensors unpatchify warp)
VULKAN_SHADERS-$(HAVE_VULKAN_MATRICES) += kernels/vulkan/linear_matrices

# What runs on the host; tests run it without a GPU, and have it where the library has not.
CUDA_HOST = $(addprefix kernels/cuda/, \
    cublas cuda_backend cuda_device driver gpu image linear_path_operators network_operators picture_operators stream)
CUDA_SOURCES-$(HAVE_CUDA) += $(CUDA_HOST)

# One file for each operator, or for what some have in common.
CUDA_KERNELS = $(addprefix kernels/cuda/, \
    attention attention_bf16 axpby dct deblock downscale2x linear linear_bf16 noise norm_modulate patchify product_rows project reconstruct scan smooth \
    structure_tensors unpatchify warp)
CUDA_MODULES-$(HAVE_CUDA) += $(CUDA_KERNELS)

SOURCES = $(addsuffix .c, $(BASE_SOURCES) $(MODEL_SOURCES) $(BITSTREAM_SOURCES) $(TRANSFORM_SOURCES) \
    $(MOTION_SOURCES) $(NETWORK_SOURCES) $(RATE_SOURCES) $(ENCODER_SOURCES) $(DECODER_SOURCES) \
    $(GENERATE_SOURCES) $(KERNELS_SOURCES) $(KERNELS_SOURCES-yes) $(CPU_SOURCES) $(CPU_SOURCES-yes) $(VULKAN_SOURCES-yes) $(CUDA_SOURCES-yes))
