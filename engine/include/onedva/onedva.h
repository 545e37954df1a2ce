/*
 * libonedva: the One-DVA learned video codec
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Encodes clips of up to 16 yuv420p or yuv420p10 frames to packets and packets back to clips. The
 * packet of a clip shows its first frame; each later frame has a packet of its own, of a few bytes,
 * that shows it. A key clip stands for itself; an inter clip is predicted from the clip before it.
 * The packet format is specified in doc/bitstream.md.
 *
 * Threading: a model is immutable and may be shared by any number of encoders and decoders in
 * any threads. An encoder or decoder is used by one thread at a time and owns its thread pool.
 * Every function that returns int gives ONEDVA_OK (0) or a negative enum onedva_status.
 *
 * Versions: a program runs with the library that it was compiled with and with later ones of the
 * same SONAME. Structures of settings begin with their size and grow at their end; other structures
 * that a caller allocates have room for more, which is 0.
 */
#ifndef ONEDVA_ONEDVA_H
#define ONEDVA_ONEDVA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && defined(ONEDVA_BUILDING)
#define ONEDVA_API __attribute__((visibility("default")))
#else
#define ONEDVA_API
#endif

#define ONEDVA_VERSION_MAJOR 0
#define ONEDVA_VERSION_MINOR 1
#define ONEDVA_VERSION_PATCH 0

/** Counts what was added to this interface: a function, a field, a constant. */
#define ONEDVA_API_VERSION 7

#define ONEDVA_MAX_CLIP_FRAMES   16
#define ONEDVA_MAX_LAYERS        16
#define ONEDVA_MAX_DIMENSION     65535
#define ONEDVA_MAX_STREAM_HEADER 64  /* bytes; no stream header is longer */
#define ONEDVA_FRAME_PACKET_SIZE 3   /* bytes */
#define ONEDVA_SUPERBLOCK_SIZE   128 /* luma samples each way: the largest tiles */
#define ONEDVA_MIN_TILE_SIZE     16  /* likewise: the smallest tiles */
#define ONEDVA_MAX_CRF           63.0
#define ONEDVA_MAX_QP            103
#define ONEDVA_MIN_QIDX          (-64)
#define ONEDVA_MAX_QIDX          63
#define ONEDVA_MAX_STEPS         64
#define ONEDVA_MAX_DETAIL        3
#define ONEDVA_MAX_DEPTH         10 /* bits of a sample */

enum onedva_status {
    ONEDVA_OK = 0,
    ONEDVA_ERR_NOMEM = -1,          /* an allocation failed */
    ONEDVA_ERR_ARGUMENT = -2,       /* the caller passed a value out of range */
    ONEDVA_ERR_DATA = -3,           /* a packet or stream header is damaged */
    ONEDVA_ERR_VERSION = -4,        /* the packet's bitstream version is not known */
    ONEDVA_ERR_MODEL = -5,          /* a model file is damaged or unusable */
    ONEDVA_ERR_MODEL_MISMATCH = -6, /* the stream was made with another model */
    ONEDVA_ERR_NO_HEADER = -7,      /* a packet came before any stream header */
    ONEDVA_ERR_IO = -8,             /* a model file cannot be opened or read */
    ONEDVA_ERR_LIMIT = -9,          /* larger than a limit in the settings */
    ONEDVA_ERR_UNSUPPORTED = -10,   /* valid, but this build cannot do it */
    ONEDVA_ERR_DEVICE = -11,        /* a device that computes failed or was lost */
};

/** A short English text for a status; never NULL. */
ONEDVA_API const char *onedva_status_text(int status);

/** The library's version, e.g. "0.1.0". */
ONEDVA_API const char *onedva_version(void);

/** The library's ONEDVA_API_VERSION: what the header of a lower or the same one names, it has. */
ONEDVA_API int onedva_api_version(void);

enum onedva_log_level {
    ONEDVA_LOG_ERROR,
    ONEDVA_LOG_WARNING,
    ONEDVA_LOG_INFO,
    ONEDVA_LOG_DEBUG,
};

/** Receives one line of text without a newline. May be called from the thread that made the call
 * only. */
typedef void (*onedva_log_fn)(void *opaque, enum onedva_log_level level, const char *message);

struct onedva_logger {
    onedva_log_fn log; /* NULL: silent */
    void *opaque;
};

/* ---- model ------------------------------------------------------------------------------- */

typedef struct onedva_model onedva_model;

struct onedva_model_info {
    uint64_t id;           /* what packets name; two models with the same one differ in their
                            * networks alone: XXH64 (seed 0) of the file, if it names no other */
    const char *name;      /* e.g. "tiny"; lives as long as the model */
    int basis;             /* K: linear coefficients per patch */
    int max_tile_tokens;   /* latent tokens of a full tile of 128x128x16 samples: 8 K */
    int64_t parameters;    /* number of weights */
    int has_query_encoder; /* 0: linear latents only */
    int has_decoder;       /* 0: every decode is linear */
    uint64_t reserved[8];  /* 0: room for what later versions say */
};

/**
 * Open a model file and validate all of it. The first encoder or decoder that wants a matrix packs
 * it as the device likes it, once for each kind of arithmetic; all others share it, and it is freed
 * with the model. Vectors, tables and what a picture's size asks for each has for itself.
 * @param path NULL: the file that the environment variable ONEDVA_MODEL names, or else the model
 *             embedded in the library.
 * @param logger may be NULL; copied.
 */
ONEDVA_API int onedva_model_open(onedva_model **model, const char *path,
                                 const struct onedva_logger *logger);
ONEDVA_API void onedva_model_close(onedva_model **model);
ONEDVA_API void onedva_model_get_info(const onedva_model *model, struct onedva_model_info *info);

/* ---- stream ------------------------------------------------------------------------------ */

/** What the stream header carries. Colour fields are ISO/IEC 23091-2 code points (2: unspecified).
 */
struct onedva_stream {
    uint32_t width, height; /* luma samples, 1..65535 */
    uint32_t timebase_num;  /* unit of durations, in seconds: num/den */
    uint32_t timebase_den;
    uint32_t frame_duration;   /* default duration of a frame in that unit, 0: none */
    uint32_t sar_num, sar_den; /* sample aspect ratio, 0/1: unknown */
    uint8_t full_range;        /* 0: unspecified, 1: limited, 2: full (AVColorRange) */
    uint8_t colour_primaries;
    uint8_t transfer;
    uint8_t matrix;
    uint8_t chroma_location; /* AVChromaLocation: 0 unspecified, 1 left, 2 center, ... */
    uint64_t model_id;       /* filled in by the encoder and the parser */
    uint32_t depth;          /* bits of a sample, 8 or 10; 0: 8, which the parser fills in */
    uint32_t reserved_int;   /* 0: as reserved */
    uint64_t reserved[7];    /* 0: what is set here, a later version knows */
};

/**
 * One yuv420p picture: planes Y, U, V; chroma planes are ceil(w/2) x ceil(h/2). Where its stream
 * has a depth of 10, samples are words of 16 bits in the machine's order: planes begin at even
 * addresses, and strides, in bytes as always, are even.
 */
struct onedva_picture {
    uint8_t *data[3];
    ptrdiff_t stride[3];
};

/** Same as onedva_picture, for reading. */
struct onedva_const_picture {
    const uint8_t *data[3];
    ptrdiff_t stride[3];
};

/* ---- settings shared by both sides ------------------------------------------------------- */

enum onedva_backend {
    ONEDVA_BACKEND_AUTO, /* a GPU that works here, or else the CPU, which bitexact asks for */
    ONEDVA_BACKEND_CPU,
    ONEDVA_BACKEND_CUDA,
    ONEDVA_BACKEND_VULKAN,
};

/** A device of Vulkan that the caller has opened, and a picture on it: onedva_vulkan.h. */
struct onedva_vulkan_device;
struct onedva_vulkan_picture;

/** CUcontext and CUstream, as NVIDIA's cuda.h has them. */
struct CUctx_st;
struct CUstream_st;

/**
 * A yuv420p picture in memory of the context of CUDA that a decoder computes in
 * (onedva_decoder_settings.cuda_context).
 */
struct onedva_cuda_picture {
    uint64_t data[3];    /* CUdeviceptr of Y, U and V, multiples of 4 */
    ptrdiff_t stride[2]; /* bytes, of Y, and of U and V: multiples of 4, and positive. A row has
                          * room for them, of which those behind the picture are undefined */
    struct CUstream_st *stream; /* the planes are written when what was begun there before is done;
                                 * NULL: the default stream */
};

/** Whether this build has a backend, and it works on this machine. */
ONEDVA_API int onedva_backend_available(enum onedva_backend backend);

enum onedva_preset {
    ONEDVA_PRESET_ULTRAFAST, /* linear latents, no network, large tiles tried where they may win */
    ONEDVA_PRESET_MEDIUM, /* compensates for deblocking and smoothing; query encoder, where there is
                             one */
    ONEDVA_PRESET_SLOW,   /* and for one step of the decoder's network; per-coefficient choice */
};

/** Two passes over a video give it the size that a bitrate asks for, and all of it one quality. */
enum onedva_pass {
    ONEDVA_PASS_ONLY,
    ONEDVA_PASS_FIRST,  /* gives statistics beside its packets */
    ONEDVA_PASS_SECOND, /* takes them */
};

/** How a clip's content is aligned over time before it is coded. */
enum onedva_motion {
    ONEDVA_MOTION_OFF,    /* as it is */
    ONEDVA_MOTION_GLOBAL, /* the whole picture moves: translation, zoom, rotation */
    ONEDVA_MOTION_MESH,   /* every part moves on its own */
    ONEDVA_MOTION_AUTO,   /* what costs least, clip by clip */
};

/** What a packet shows. */
enum onedva_packet_kind {
    ONEDVA_PACKET_WHOLE_CLIP, /* all frames of its clip, which it holds */
    ONEDVA_PACKET_CLIP,       /* the first frame of its clip, which it holds */
    ONEDVA_PACKET_FRAME,      /* a later frame of the clip before it: nothing depends on it */
};

/* ---- encoder ----------------------------------------------------------------------------- */

typedef struct onedva_encoder onedva_encoder;

/** Made by onedva_encoder_settings_default; new fields come at the end. */
struct onedva_encoder_settings {
    size_t struct_size; /* of the caller's structure; fields beyond it have their defaults */
    double crf; /* 0 (best) .. 63: constant quality; the quantiser index is crf - 40, rounded up */
    int qp; /* 0..103: every clip has the quantiser index qp - 40, whatever crf says; -1: none */
    int64_t bitrate; /* bits per second; 0: constant quality by crf */
    /* No packet takes more than a decoder's buffer of so many bits holds when its first frame is
     * due; it fills at max_rate bits per second and begins with buffer_start bits. 0: no limit. */
    int64_t max_rate, buffer_size, buffer_start;
    double target_psnr; /* dB, 15..60: each clip has the coarsest quantiser with which its luma, as
                         * decoded with one step, has at least this PSNR; 0: none */
    double aq;          /* 0 (none) .. 1: how much sooner tiles end where activity hides errors */
    enum onedva_pass pass;
    const char *pass_stats; /* second pass: all that the first one gave; not kept after opening */
    /* Upper bound of latent tokens per tile of 128x128 samples, 32 coefficients each. A smaller
     * tile may have as many coefficients for its area, one token at least: none is cut up so far
     * that all together could have more. 0: none */
    int max_tokens;
    int layers; /* 1..16 layers per packet, of which any first ones decode: up to four halve the
                 * quantiser's step, more divide these */
    enum onedva_preset preset;
    enum onedva_motion motion;
    int adaptive_clips; /* end clips at scene cuts, and early where shorter ones cost less */
    enum onedva_backend backend;
    int threads;           /* 0: one per processor that the process may run on */
    int bitexact;          /* use the strict C kernels only */
    int header_in_packets; /* repeat the stream header in every packet of a key clip */
    struct onedva_logger logger;
    int clip_packets; /* a packet shows all frames of its clip, which have no packets of their own
                       */
    int gop; /* frames from the start of a key clip to that of the next, at most, default 250: clips
              * end there, and those between may be inter clips; 1: all clips are key clips, of any
              * length; 0: no limit */
    int device;    /* as a decoder's */
    int tile_size; /* 16, 32, 64 or 128 samples: all tiles are of this size, where the picture's end
                    * or max_tokens allow it; 0: what costs least, place by place */
    const struct onedva_vulkan_device *vulkan; /* as a decoder's */
    struct CUctx_st *cuda_context;             /* likewise */
    int detail; /* 0..3: how many coefficients the patches of every clip may have, so that all clips
                 * have the same; -1, the default: as many as its quantiser leaves something of */
};

/** @param struct_size sizeof(*settings): what there is room for */
ONEDVA_API void onedva_encoder_settings_init(struct onedva_encoder_settings *settings,
                                             size_t struct_size);
static inline void onedva_encoder_settings_default(struct onedva_encoder_settings *settings)
{
    onedva_encoder_settings_init(settings, sizeof(*settings));
}

/** Figures of the clip encoded last. */
struct onedva_clip_stats {
    int qidx;       /* quantiser index used: step 2^(qidx/8) in units of half the sample range */
    int64_t tokens; /* latent tokens kept, over all tiles; by a tile's size of 8, 16 or 32
                       coefficients */
    int64_t coefficients; /* that these are */
    int64_t tiles;
    size_t bytes;              /* with those of its frames' packets */
    enum onedva_motion motion; /* used: off, global or mesh */
    size_t motion_bytes;
    uint64_t reserved[4]; /* 0: room for what later versions say */
};

struct onedva_packet {
    const uint8_t *data; /* owned by the encoder, valid until its next call */
    size_t size;
    /* of the clip: the first ones given; fewer than n only with adaptive_clips or where a gop ends
     */
    int frames;
    struct onedva_clip_stats stats;
    const char *pass_stats; /* first pass: text to append to the statistics, or else NULL */
    int is_key;             /* whether it holds a key clip: a decoder can begin with it */
    int reserved_int;       /* 0 */
    uint64_t reserved[3];   /* 0: room for what later versions say */
};

/**
 * @param model must outlive the encoder. @param stream model_id is ignored.
 * @return ONEDVA_OK or an error; ONEDVA_ERR_UNSUPPORTED, too, where settings of a later version set
 * what this one does not know
 */
ONEDVA_API int onedva_encoder_open(onedva_encoder **encoder, const onedva_model *model,
                                   const struct onedva_encoder_settings *settings,
                                   const struct onedva_stream *stream);
ONEDVA_API void onedva_encoder_close(onedva_encoder **encoder);

/** Change the quality from the next clip on. */
ONEDVA_API int onedva_encoder_set_crf(onedva_encoder *encoder, double crf);

/** Make the next clip a key clip, with which another gop begins. */
ONEDVA_API void onedva_encoder_begin_gop(onedva_encoder *encoder);

/** The stream header for the container. @param data owned by the encoder. */
ONEDVA_API void onedva_encoder_stream_header(const onedva_encoder *encoder, const uint8_t **data,
                                             size_t *size);

/**
 * Encode one clip: the first packet->frames of the pictures given. The caller gives the others
 * again with the next clip.
 * Unless settings.clip_packets is set, the packet shows the clip's first frame, which is a keyframe
 * where packet->is_key, and lasts durations[0]. A packet for each later frame i, which lasts
 * durations[i], is written by onedva_frame_packet_write: no keyframe, and nothing depends on it.
 * @param frames    n pictures of the stream's size
 * @param durations n durations in the stream's time base, each > 0: the distance to the next frame;
 *                  NULL: every frame has the stream's frame_duration
 * @param n         1..16
 */
ONEDVA_API int onedva_encode(onedva_encoder *encoder, const struct onedva_const_picture *frames,
                             const uint32_t *durations, int n, struct onedva_packet *packet);

/** How many clips it pays to begin before the first of them is ended: 1 where a packet's bytes can
 * be made beside the next clip's analysis, or else 0. */
ONEDVA_API int onedva_encoder_delay(const onedva_encoder *encoder);

/**
 * Encode one clip as onedva_encode does, but for the bytes of its packet, which onedva_encode_end
 * gives: clips end in the order in which they were begun. The frames are not kept.
 * @param packet without data, size and stats.bytes
 * @return ONEDVA_OK or an error; ONEDVA_ERR_ARGUMENT, too, where two clips are begun and not ended
 */
ONEDVA_API int onedva_encode_begin(onedva_encoder *encoder,
                                   const struct onedva_const_picture *frames,
                                   const uint32_t *durations, int n, struct onedva_packet *packet);

/**
 * @param packet of the clip begun first; its data are valid until the next clip but one is begun
 * @return ONEDVA_OK, ONEDVA_ERR_NOMEM, or ONEDVA_ERR_ARGUMENT where no clip is begun
 */
ONEDVA_API int onedva_encode_end(onedva_encoder *encoder, struct onedva_packet *packet);

/**
 * End a pass after its last clip.
 * @param pass_stats first pass: the end of the statistics, owned by the encoder; or else NULL. A
 *                   second pass that had fewer frames than the first is logged as a warning
 */
ONEDVA_API int onedva_encoder_end_pass(onedva_encoder *encoder, const char **pass_stats);

/** The clip encoded last as it was coded: its canvases, or its frames where motion is off. */
struct onedva_canvas {
    int frames, width, height;                                   /* luma samples */
    struct onedva_const_picture picture[ONEDVA_MAX_CLIP_FRAMES]; /* yuv420p */
    /* 1 where a 4x4 block of a canvas shows content of its frame, 0 where it was filled in:
     * [frames][ceil(height/4)][ceil(width/4)]; NULL where all is content */
    const uint8_t *visible;
    uint64_t reserved[4]; /* 0: room for what later versions say */
};

/** @param canvas owned by the encoder, valid until its next call; a picture may be a frame's memory
 */
ONEDVA_API void onedva_encoder_get_canvas(const onedva_encoder *encoder,
                                          struct onedva_canvas *canvas);

/** A square of the canvases that is transformed and coded by itself, and what it keeps of its
 * latent coefficients: the first ones of its sequence. It may have max_coefficients with all
 * detail, whatever its clip's detail is. */
struct onedva_tile {
    int x, y;       /* luma samples on the canvas */
    int side;       /* luma samples: 128, 64, 32 or 16; the canvas may end before */
    int superblock; /* in which it is: columns * (y / 128) + x / 128 */
    int coefficients, max_coefficients;
    int reserved[2]; /* 0: room for what later versions say */
};

/** The tiles of a clip. */
struct onedva_tiles {
    int columns, rows; /* of superblocks, ONEDVA_SUPERBLOCK_SIZE luma samples each way */
    int count;
    const struct onedva_tile *tile; /* superblock by superblock, row by row */
    int map_columns, map_rows;      /* of squares of ONEDVA_MIN_TILE_SIZE luma samples */
    const int32_t *map;             /* [map_rows][map_columns]: the tile that each belongs to */
    uint64_t reserved[4];           /* 0: room for what later versions say */
};

/**
 * The tiles of the clip encoded last.
 * @param tiles tile and map are owned by the encoder, valid until its next call
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT where no clip was encoded, or ONEDVA_ERR_NOMEM
 */
ONEDVA_API int onedva_encoder_get_tiles(onedva_encoder *encoder, struct onedva_tiles *tiles);

/* ---- decoder ----------------------------------------------------------------------------- */

typedef struct onedva_decoder onedva_decoder;

/** As many steps, 0 to 8, as keep up with the stream's frame rate on this machine: the time that
 * the first three clips take decides, and the logger is told. */
#define ONEDVA_STEPS_AUTO (-1)

/** The coarsest factors that the decoder's network may be multiplied with; sums are float32, of
 * 8-bit factors int32. A machine takes what is measured to be fastest, and no coarser. */
enum onedva_precision {
    ONEDVA_PRECISION_FLOAT32,
    ONEDVA_PRECISION_BFLOAT16,
    ONEDVA_PRECISION_INT8, /* weights scaled by output, activations by token */
};

enum onedva_sampler {
    ONEDVA_SAMPLER_EULER,
    ONEDVA_SAMPLER_HEUN,
};

/** Made by onedva_decoder_settings_default; new fields come at the end. */
struct onedva_decoder_settings {
    size_t struct_size; /* of the caller's structure; fields beyond it have their defaults */
    int steps;          /* 0: linear, 1: conditional mean, 2..64: diffusion, or ONEDVA_STEPS_AUTO */
    enum onedva_sampler sampler;
    int max_tokens; /* decode only the first tokens of each tile: so many of 128x128 samples, and of
                     * a smaller one as many for its area, one at least; 0: all */
    int smooth_clips;   /* smooth the change from clip to clip: pixels depend on the clip before */
    int64_t max_pixels; /* refuse larger pictures, and canvases of 4 max_pixels + 2^20 pixels;
                         * default 2^27, 0: 65535 x 65535 */
    enum onedva_precision precision; /* default ONEDVA_PRECISION_BFLOAT16 */
    enum onedva_backend backend;
    int threads;  /* 0: one per processor that the process may run on */
    int bitexact; /* use the strict C kernels only */
    struct onedva_logger logger;
    int device; /* which one of the backend's: the number that it has there, from 0; default -1: the
                 * first GPU, or else the first. The CPU has none */
    /* Compute on this device, with backend auto or vulkan and no number; NULL: not */
    const struct onedva_vulkan_device *vulkan;
    /* Compute in this context, a CUcontext, with backend auto or cuda and no number; NULL: not. It
     * must stay until the models are closed whose codecs were opened with it */
    struct CUctx_st *cuda_context;
    int max_depth; /* bits of samples that the caller's pictures have room for, 8 or 10; default 8:
                    * streams of more are refused, as those are whose pictures are too large */
};

/** @param struct_size sizeof(*settings): what there is room for */
ONEDVA_API void onedva_decoder_settings_init(struct onedva_decoder_settings *settings,
                                             size_t struct_size);
static inline void onedva_decoder_settings_default(struct onedva_decoder_settings *settings)
{
    onedva_decoder_settings_init(settings, sizeof(*settings));
}

/** What a packet says of its clip. */
struct onedva_clip {
    int frames;                                 /* 1..16 */
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES]; /* in stream.timebase; 0 where not known */
    int qidx;                                   /* of the finest quantiser that was read */
    int layers;                                 /* layers the packet announces */
    int layers_decoded;                         /* whole layers that were read */
    int64_t tokens;                             /* latent tokens read, over all tiles */
    int64_t coefficients;                       /* that these are */
    struct onedva_stream stream;
    enum onedva_packet_kind kind;
    int frame;      /* of its clip that ONEDVA_PACKET_FRAME shows, 1..15 */
    int is_key;     /* 0: it is an inter clip, which is predicted from the one before */
    int is_corrupt; /* an inter clip behind one that is missing, damaged or corrupt itself: its
                     * pictures are not those that were encoded */
    uint64_t reserved[6]; /* 0: room for what later versions say */
};

/**
 * @param model must outlive the decoder.
 * @return ONEDVA_OK or an error; ONEDVA_ERR_UNSUPPORTED, too, where settings of a later version set
 * what this one does not know
 */
ONEDVA_API int onedva_decoder_open(onedva_decoder **decoder, const onedva_model *model,
                                   const struct onedva_decoder_settings *settings);
ONEDVA_API void onedva_decoder_close(onedva_decoder **decoder);

/** Give the stream header that the container carried. After one that is refused, or is refused in a
 * packet, so are packets without a header of their own: what they belong to is not known. */
ONEDVA_API int onedva_decoder_set_stream_header(onedva_decoder *decoder, const uint8_t *data,
                                                size_t size);

/** How many packets of clips it pays to announce before the first of them is read: 0 with one
 * thread. It may change with the pictures' size. */
ONEDVA_API int onedva_decoder_lookahead(const onedva_decoder *decoder);

/**
 * Let other threads decode the latents of a packet that will be read after those announced before.
 * Results are the same without, and what is wrong with the packet is said when it is read. All are
 * forgotten when a packet is read that was not announced first, with a stream header, and with a
 * flush. The packet is not kept. Packets of later frames take no room and need not be announced.
 * @return whether there was room: 1, or 0 where onedva_decoder_lookahead() are announced
 */
ONEDVA_API int onedva_decoder_announce_packet(onedva_decoder *decoder, const uint8_t *data,
                                              size_t size);

/**
 * Parse a packet and decode its latents, not yet its pixels. The packet is not kept.
 * A packet cut or damaged behind its first whole layer gives ONEDVA_OK with fewer layers_decoded;
 * one without a single whole layer gives ONEDVA_ERR_DATA, and then clip->frames is the number of
 * frames lost, or 0 when not even the header could be read.
 * An inter clip that does not follow the clip that it is predicted from gives ONEDVA_OK with
 * clip->is_corrupt where there is any picture of its size to predict from, and ONEDVA_ERR_DATA
 * where there is none: clip->frames are lost. So do all up to the next key clip; one line tells of
 * them.
 *
 * The packet of a later frame (clip->kind is ONEDVA_PACKET_FRAME) tells which of the pictures that
 * the caller has of the clip is shown: clip->frame. clip->frames is then 1, the rest what the
 * clip's packet said. One that is damaged, or behind a clip's packet that is missing, gives
 * ONEDVA_ERR_DATA; more of them, and all that come behind a flush or a packet that was refused,
 * ONEDVA_OK and clip->frames 0: there is nothing to show.
 */
ONEDVA_API int onedva_decoder_read_packet(onedva_decoder *decoder, const uint8_t *data, size_t size,
                                          struct onedva_clip *clip);

/** As onedva_decoder_read_packet, of a clip's packet that the one read or tried next takes the
 * place of: what each of several packets of one clip gives can be seen before one of them is read.
 */
ONEDVA_API int onedva_decoder_try_packet(onedva_decoder *decoder, const uint8_t *data, size_t size,
                                         struct onedva_clip *clip);

/** Reconstruct the pictures of the clip read last, of its clip.stream.depth. @param n its
 * clip.frames */
ONEDVA_API int onedva_decoder_reconstruct(onedva_decoder *decoder,
                                          const struct onedva_picture *pictures, int n);

/**
 * Likewise, of pictures on the device of settings.vulkan, which stay there. Work on them may go on
 * when this returns: their semaphores say when it is done. Not with smooth_clips.
 */
ONEDVA_API int
onedva_decoder_reconstruct_vulkan(onedva_decoder *decoder,
                                  const struct onedva_vulkan_picture *const *pictures, int n);

/**
 * Likewise, of pictures in memory of settings.cuda_context, which stay there and are complete when
 * this returns. Not with smooth_clips.
 */
ONEDVA_API int onedva_decoder_reconstruct_cuda(onedva_decoder *decoder,
                                               const struct onedva_cuda_picture *pictures, int n);

/** Where the content of a clip's frames lies on its canvases (doc/bitstream.md, section 10). */
struct onedva_mesh {
    enum onedva_motion motion; /* off, global or mesh */
    int left, top;             /* of the picture on the canvas, luma samples */
    int canvas_width, canvas_height;
    /* picture whose displacements are 0: a frame of a key clip; of an inter clip 0 is the picture
     * before it, and its own frames count from 1 */
    int reference;
    int spacing; /* of the nodes, luma samples; node (i, j) is at (i, j) * spacing */
    int columns, rows;
    const int16_t (
        *nodes)[2];       /* [frames][rows][columns], 1/16 luma sample; NULL where motion is off */
    uint64_t reserved[4]; /* 0: room for what later versions say */
};

/** The next clip does not continue the one before: after a seek. Packets announced are forgotten.
 */
ONEDVA_API void onedva_decoder_flush(onedva_decoder *decoder);

/** The mesh of the packet read last. @param mesh its nodes are valid until the next packet */
ONEDVA_API int onedva_decoder_get_mesh(onedva_decoder *decoder, struct onedva_mesh *mesh);

/* ---- packets without a model ------------------------------------------------------------- */

/** What a packet's header says (doc/bitstream.md, section 3). */
struct onedva_packet_info {
    int frames;                  /* 1..16 */
    uint16_t model_tag;          /* the low 11 bits of the model's id */
    int detail;                  /* 0..3, how many coefficients its patches may have */
    int has_stream;              /* repeats the stream header */
    struct onedva_stream stream; /* where has_stream */
    int has_durations;
    uint32_t durations[ONEDVA_MAX_CLIP_FRAMES]; /* where has_durations, in the stream's time base */
    int has_motion;
    size_t motion_size;
    int dropped_refinements; /* finer ones that were cut off, 0..3 */
    int layers;              /* announced */
    int whole_layers;        /* that are not cut short; they may be damaged */
    struct {
        int qidx;                        /* of the quantiser that the layer belongs to */
        uint32_t token_start, token_end; /* tokens of each tile that it goes through */
        int threshold;                   /* what it leaves for later ones; 0: nothing */
        size_t size;                     /* of the packet with this layer as its last */
    } layer[ONEDVA_MAX_LAYERS];          /* coarse to fine */
    enum onedva_packet_kind kind;        /* ONEDVA_PACKET_FRAME: all but frame is 0 */
    int frame;                           /* of its clip that ONEDVA_PACKET_FRAME shows, 1..15 */
    int is_key;                          /* 0: an inter clip */
    int smoothing;                       /* 0..7, how strongly pictures are smoothed */
    uint64_t reserved[6];                /* 0: room for what later versions say */
};

/** Tell what a packet is by its size and first byte, whatever is wrong with the others.
 * @return ONEDVA_OK, or ONEDVA_ERR_DATA where it is none */
ONEDVA_API int onedva_packet_get_kind(enum onedva_packet_kind *kind, const uint8_t *data,
                                      size_t size);

/** Whether a packet's first byte says that it holds a key clip. @param size may be 0 */
ONEDVA_API int onedva_packet_is_key(const uint8_t *data, size_t size);

/** @return ONEDVA_OK, or an error where there is no whole header */
ONEDVA_API int onedva_packet_get_info(struct onedva_packet_info *info, const uint8_t *data,
                                      size_t size);

/**
 * Leave only the first layers of a packet: the clip at a lower rate, without encoding it again.
 * @param layers      1..info.whole_layers
 * @param result      room for size bytes; it does not overlap data
 * @param result_size bytes written
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT, ONEDVA_ERR_NOMEM, or an error where there is no whole
 * header
 */
ONEDVA_API int onedva_packet_truncate(const uint8_t *data, size_t size, int layers, uint8_t *result,
                                      size_t *result_size);

/**
 * Repeat a stream header in a packet, in the place of the one that it has.
 * @param data        a packet that is not cut short
 * @param result      room for size + ONEDVA_MAX_STREAM_HEADER + 1 bytes; it does not overlap data
 * @param result_size bytes written
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT, ONEDVA_ERR_NOMEM, or an error where there is no whole
 * header
 */
ONEDVA_API int onedva_packet_set_stream(const uint8_t *data, size_t size,
                                        const struct onedva_stream *stream, uint8_t *result,
                                        size_t *result_size);

/**
 * Write the packet of a later frame of a clip.
 * @param result room for ONEDVA_FRAME_PACKET_SIZE bytes, all of which are written
 * @param clip   the clip's packet, or its first layers; it may be cut or damaged behind its header
 * @param frame  1..info.frames - 1
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT, or an error where there is no whole header
 */
ONEDVA_API int onedva_frame_packet_write(uint8_t *result, const uint8_t *clip, size_t size,
                                         int frame);

/**
 * Let the packet of a clip show all of its frames, or the first one only: then
 * onedva_frame_packet_write makes those of the others.
 * @param kind        ONEDVA_PACKET_WHOLE_CLIP or ONEDVA_PACKET_CLIP
 * @param durations   of info.frames frames, for the packet to hold; all 0: it holds none and they
 *                    are what the stream header says; NULL: as it is
 * @param result      room for size + 5 * ONEDVA_MAX_CLIP_FRAMES bytes; it does not overlap data
 * @param result_size bytes written
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT, ONEDVA_ERR_NOMEM, or an error where there is no whole
 * header
 */
ONEDVA_API int onedva_packet_set_kind(const uint8_t *data, size_t size,
                                      enum onedva_packet_kind kind, const uint32_t *durations,
                                      uint8_t *result, size_t *result_size);

/**
 * Write a stream header, model_id included.
 * @param result room for ONEDVA_MAX_STREAM_HEADER bytes
 * @return ONEDVA_OK, ONEDVA_ERR_ARGUMENT where a field cannot be written, or ONEDVA_ERR_NOMEM
 */
ONEDVA_API int onedva_stream_header_write(uint8_t *result, size_t *result_size,
                                          const struct onedva_stream *stream);

/** Parse a stream header. */
ONEDVA_API int onedva_stream_header_parse(struct onedva_stream *stream, const uint8_t *data,
                                          size_t size);

#ifdef __cplusplus
}
#endif
#endif
