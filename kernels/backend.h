/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * The operators that a device implements, which engine/ computes with: a backend is one codec's
 * sequence of them.
 *
 * Every operator that returns int gives ONEDVA_OK or a negative enum onedva_status. Operators of
 * one backend run in the order of the calls, and a call may only have begun one when it returns.
 * The host memory that it was given (data, structures, arrays) may change then, and buffers and
 * images may be freed, those of the host without what operators wrote since synchronize. What
 * operators wrote is there for the host when download or synchronize has returned; nothing else
 * waits. On the CPU all is done at once. A backend is used by one thread at a time; backends of one
 * device are independent.
 *
 * What a call must keep to is asserted where ONEDVA_CHECKS is defined: kernels/checked_ops.c.
 */
#ifndef ODVA_BACKEND_H
#define ODVA_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include "base/layout.h"
#include "kernels/device.h"
#include "onedva/onedva.h"

/**
 * A picture: luma, and two chroma planes of half the size or none. It was allocated on the device,
 * or it stands for planes of the host. Its samples have 8 bits and are bytes, or they have depth
 * bits, up to the device's max_depth, and are words of 16 bits. A sample v of depth bits stands for
 * v / 2^(depth - 8), which all that is said of samples below means. All pictures of a call have the
 * same depth.
 */
struct odva_image;

struct odva_image_shape {
    int width, height;
    int has_chroma;
    int depth;
};

/** Rows of numbers in a buffer; offset and stride (between rows) count numbers. */
struct odva_matrix {
    struct odva_buffer *buffer;
    int64_t offset;
    int64_t stride;
    enum odva_element element;
};

enum odva_activation {
    ODVA_ACTIVATION_NONE,
    ODVA_ACTIVATION_GELU, /* tanh form */
    ODVA_ACTIVATION_SILU,
};

/**
 * What follows a product, in this order: v = act(v + bias[col]);
 * v *= gate[gate_row[row]][col]; v += add[add_row ? add_row[row] : row][col].
 */
struct odva_epilogue {
    const struct odva_buffer *bias; /* NULL: none */
    enum odva_activation activation;
    struct odva_matrix gate;            /* buffer NULL: none */
    const struct odva_buffer *gate_row; /* int32 for each row */
    struct odva_matrix add;             /* buffer NULL: none; may be the destination */
    const struct odva_buffer *add_row;  /* int32 for each row; NULL: the same row */
    int64_t first_row;                  /* of the call's row 0 in gate_row and add_row */
};

/** Row of a per-tile modulation: y = LN(x) (1 + scale[row[r]]) + shift[row[r]]. */
struct odva_modulation {
    struct odva_matrix shift, scale; /* buffer NULL: neither, y = LN(x) */
    const struct odva_buffer *row;   /* int32 for each row */
    int64_t first_row;               /* of the call's row 0 in row */
};

#define ODVA_CHAIN_MAX 3 /* steps */

/**
 * One of several linear operators that follow each other: dst[r] = epilogue(x[r] W^T), x being src
 * or, with norm, what norm_modulate makes of it.
 */
struct odva_linear_step {
    struct odva_matrix dst, src; /* buffer NULL: rows between two steps, as the device likes */
    const struct odva_modulation *norm; /* NULL: none */
    const struct odva_weights *weights;
    struct odva_epilogue epilogue;
};

/** Sets of token rows that attend to each other, in compressed sparse row form (int32). */
struct odva_windows {
    int first, count; /* the windows to do: first .. first+count-1 */
    int max_length;
    const struct odva_buffer *begin; /* window i has the entries begin[i] .. begin[i+1]-1 */
    const struct odva_buffer *rows;  /* token row of each entry */
    const struct odva_buffer *rope;  /* row of the rotation table of each entry; -1: not rotated */
};

struct odva_attention {
    int heads, head_dim; /* head_dim a multiple of 16 */
    enum odva_precision precision;
    const struct odva_buffer *cosines; /* [positions][head_dim/2] */
    const struct odva_buffer *sines;
};

#define ODVA_ORDER_BITS 11 /* of k */
#define ODVA_ORDER_MASK ((1 << ODVA_ORDER_BITS) - 1)

/** One tile of a transform. */
struct odva_dct_tile {
    int nt, ny, nx;
    int y0, x0;       /* its first patch in the grid */
    int coefficients; /* the first ones of its scan; all others are 0 */
    int is_predicted; /* reconstruct: they are of the difference from the prediction */
    int64_t offset;   /* of them among the latents, in numbers */
    int64_t coefs;    /* of its K*nt*ny*nx numbers among coefs */
    const struct odva_buffer *rows;  /* int32: where (t*ny + y)*nx + x stands among its patches */
    const struct odva_buffer *order; /* int32: scan index i is ((ft*ny + fy)*nx + fx) << 11 | k */
};

/**
 * Displacements of the nodes of a square mesh over a clip, and where its pictures come from.
 * doc/bitstream.md, section 10, has the formulas of field and interpolation.
 */
struct odva_warp {
    int frames;
    int width, height;               /* of the pictures to make, luma samples */
    int source_width, source_height; /* luma samples */
    int left, top;     /* even: luma sample (x, y) at rest comes from (x + left, y + top) */
    int log2_spacing;  /* of the nodes, at least 3 */
    int columns, rows; /* enough to have a node at or beyond the last sample */
};

/** Sums over a 4x4 block, for motion estimation: gradients g of a + b and difference e = b - a. */
struct odva_structure_tensor {
    int32_t xx, xy, yy; /* of gx gx, gx gy, gy gy, with gx = (a+b)(x+1, y) - (a+b)(x-1, y) */
    int32_t xe, ye, ee;
};

struct odva_backend_ops {
    /** All buffers and images must have been freed. */
    void (*close)(struct odva_backend *backend);

    /** @return NULL when memory ran out. Contents are undefined. */
    struct odva_buffer *(*alloc)(struct odva_backend *backend, size_t bytes);
    /** A buffer that stands for memory of the host, likewise (image_wrap). @return NULL when memory
     * ran out */
    struct odva_buffer *(*wrap)(struct odva_backend *backend, void *memory, size_t bytes);
    void (*free)(struct odva_backend *backend, struct odva_buffer *buffer);
    size_t (*buffer_size)(const struct odva_buffer *buffer); /* bytes */
    /** The bytes offset .. offset+bytes-1 of a buffer, from data or to data. */
    int (*upload)(struct odva_backend *backend, struct odva_buffer *buffer, size_t offset,
                  const void *data, size_t bytes);
    int (*download)(struct odva_backend *backend, const struct odva_buffer *buffer, size_t offset,
                    void *data, size_t bytes);

    /**
     * @param reuse NULL, or an allocated image that is wanted no more and whose memory may be
     * enough; it is freed on failure @return with undefined contents; NULL when memory ran out
     */
    struct odva_image *(*image_alloc)(struct odva_backend *backend, struct odva_image *reuse,
                                      int width, int height, int depth);
    /**
     * An image that stands for planes of the host, which leaves them alone until it is freed, but
     * for this: what operators have written is there, to be read, after synchronize, and not
     * before. What operators read, they have read when their calls return.
     * @param picture its chroma planes may be NULL @return NULL when memory ran out
     */
    struct odva_image *(*image_wrap)(struct odva_backend *backend,
                                     const struct onedva_picture *picture, int width, int height,
                                     int depth);
    /**
     * Likewise, of a picture of 8 bits that is on the device: contents are undefined, and after
     * synchronize it has what operators have written.
     * @param picture struct onedva_vulkan_picture or struct onedva_cuda_picture, copied
     * @return NULL when memory ran out. NULL itself: there are no such pictures
     */
    struct odva_image *(*image_import)(struct odva_backend *backend, const void *picture, int width,
                                       int height);
    void (*image_free)(struct odva_backend *backend, struct odva_image *image);
    struct odva_image_shape (*image_shape)(const struct odva_image *image);
    /** What all planes hold that both have; sizes are equal. */
    int (*image_copy)(struct odva_backend *backend, struct odva_image *dst, struct odva_image *src);

    /** Wait until all that was begun is done. */
    int (*synchronize)(struct odva_backend *backend);

    /** dst[r][0..n_out) = epilogue(src[r][0..n_in) W^T). dst may not overlap src. */
    int (*linear)(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix src,
                  int64_t rows, const struct odva_weights *weights,
                  const struct odva_epilogue *epilogue);

    /**
     * All steps on some rows, then on others, in any order: a step must not read another row than
     * the one it makes of what an earlier step writes.
     * @param count 1 .. ODVA_CHAIN_MAX
     */
    int (*linear_chain)(struct odva_backend *backend, const struct odva_linear_step *steps,
                        int count, int64_t rows);

    /** Layer norm over width numbers with eps 1e-6, then modulation. dst may be src. */
    int (*norm_modulate)(struct odva_backend *backend, struct odva_matrix dst,
                         struct odva_matrix src, int64_t rows, int width,
                         const struct odva_modulation *modulation);

    /**
     * softmax(q k^T / sqrt(head_dim)) v inside each window.
     * @param qkv rows of [3][heads][head_dim], q and k not yet rotated
     * @param dst rows of [heads][head_dim]; may be the q columns of qkv, is of the same element
     */
    int (*attention)(struct odva_backend *backend, struct odva_matrix dst, struct odva_matrix qkv,
                     const struct odva_attention *attention, const struct odva_windows *windows);

    /**
     * Samples v of the patches first .. first+count-1 to v / 127.5 - 1, in rows of 1536. Beyond the
     * picture and the clip the last sample and frame repeat.
     * @param images   of the grid's size, with chroma, one for each frame
     * @param position int32: place of each patch in the grid, (t*gy + y)*gx + x
     */
    int (*patchify)(struct odva_backend *backend, struct odva_matrix dst,
                    const struct odva_grid *grid, struct odva_image *const *images,
                    const struct odva_buffer *position, int64_t first, int64_t count);

    /**
     * Rows of 1536 floats to samples clip(floor((x + 1) * 127.5 + 0.5), 0, 255), or of d bits
     * clip(floor((x + 1) * 127.5 * 2^(d-8) + 0.5), 0, 2^d - 1), those inside the picture.
     */
    int (*unpatchify)(struct odva_backend *backend, struct odva_image *const *images,
                      const struct odva_grid *grid, struct odva_matrix src,
                      const struct odva_buffer *position, int64_t first, int64_t count);

    /**
     * Pictures as the source pictures seen through a displacement field; integers only, the same on
     * every backend. Of the planes that both have.
     * @param nodes int16 [frames][rows][columns][2], 1/16 luma sample
     */
    int (*warp)(struct odva_backend *backend, struct odva_image *const *images,
                struct odva_image *const *sources, const struct odva_warp *warp,
                const struct odva_buffer *nodes);

    /**
     * Smooth the borders of tokens, all pictures of a clip in place (doc/bitstream.md, section 8);
     * integers only. @param limit how much of a step counts, 1..319
     * @param kept uint8 [gy][gx]: borders between tokens that are both marked stay as they are;
     * NULL: none is
     */
    int (*deblock)(struct odva_backend *backend, struct odva_image *const *images,
                   const struct odva_grid *grid, int limit, const struct odva_buffer *kept);

    /**
     * Smooth all samples but those of tokens that are marked, all pictures of a clip in place
     * (doc/bitstream.md, section 8); integers only.
     * @param limit from which on a difference counts for nothing, 1..63
     * @param kept  uint8 [gy][gx]; NULL: none is marked
     */
    int (*smooth)(struct odva_backend *backend, struct odva_image *const *images,
                  const struct odva_grid *grid, int limit, const struct odva_buffer *kept);

    /**
     * Half the size: each sample is the mean of 2x2, (a + b + c + d + 2) >> 2; an odd last row or
     * column repeats. Of the planes that both have, of 8 bits; dst has ceil(size/2) and is not src.
     */
    int (*downscale2x)(struct odva_backend *backend, struct odva_image *dst,
                       struct odva_image *src);

    /**
     * The tensors of all ceil(width/4) x ceil(height/4) blocks of two luma planes of one size and
     * of 8 bits, row by row. Samples outside of the planes are those of the edge for gradients, and
     * do not count in the sums. @param tensors struct odva_structure_tensor for each block
     */
    int (*structure_tensors)(struct odva_backend *backend, struct odva_buffer *tensors,
                             struct odva_image *a, struct odva_image *b);

    /**
     * Coefficients of the patches first .. first+count-1, rows of bands->basis floats: the DCT over
     * their 4 frames of (v - mean) / 127.5 by the basis. Beyond the picture and the clip the last
     * sample and frame repeat. Integers until the last product: the same on every backend.
     * @param position as in patchify
     */
    int (*project)(struct odva_backend *backend, struct odva_matrix coefs,
                   const struct odva_grid *grid, struct odva_image *const *images,
                   const struct odva_buffer *position, int64_t first, int64_t count,
                   const struct odva_basis *basis, const struct odva_bands *bands);

    /** Orthonormal 3D DCT-II of [nt][ny][nx][basis] floats per tile, then the scan. */
    int (*dct_forward)(struct odva_backend *backend, struct odva_buffer *latents,
                       const struct odva_buffer *coefs, int basis,
                       const struct odva_dct_tile *tiles, int count);

    /**
     * Tiles of latents, int32 in 1/32 of a sample's step, to pictures; integers only, the same on
     * every backend (doc/bitstream.md, section 8).
     * @param images     of the grid's size, with chroma, as the next
     * @param prediction of all frames; NULL: no tile is predicted
     */
    int (*reconstruct)(struct odva_backend *backend, struct odva_image *const *images,
                       const struct odva_grid *grid, const struct odva_buffer *latents,
                       const struct odva_basis *basis, const struct odva_bands *bands,
                       const struct odva_dct_tile *tiles, int count, struct odva_image *prediction);

    /** dst = a x + b y over rows x cols numbers. dst may be x or y. */
    int (*axpby)(struct odva_backend *backend, struct odva_matrix dst, float a,
                 struct odva_matrix x, float b, struct odva_matrix y, int64_t rows, int cols);

    /** Rows of 1536 standard normal numbers (doc/bitstream.md, section 8); position as in patchify.
     */
    int (*noise)(struct odva_backend *backend, struct odva_matrix dst,
                 const struct odva_buffer *position, int64_t first, int64_t count, uint64_t seed,
                 uint32_t step);
};

/** What all backends have; a backend's own structure begins with this. */
struct odva_backend {
    const struct odva_backend_ops *ops;
    struct odva_device *device;
    int64_t block_rows; /* rows that a temporary of full patches should have */
    int depth;          /* of the codec's pictures, which sets it; 8 at first */
#ifdef ONEDVA_CHECKS
    struct odva_backend_ops checked_ops; /* what ops is; calls unchecked_ops when all is right */
    const struct odva_backend_ops *unchecked_ops;
    int64_t buffers, images;      /* not freed yet */
    struct odva_wrapped *wrapped; /* those of the host */
#endif
};

/**
 * @param device   stays open as long as the backend
 * @param pool     the host's threads, lent until the backend is closed
 * @param logger   may be NULL
 * @return ONEDVA_OK or ONEDVA_ERR_NOMEM
 */
int odva_backend_open(struct odva_backend **backend, struct odva_device *device,
                      struct odva_thread_pool *pool, const struct onedva_logger *logger);
void odva_backend_close(struct odva_backend **backend);

#endif
