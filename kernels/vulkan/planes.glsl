/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/* Pictures of a clip, and the tokens in them; include common.glsl before. Four samples are a word. */
#define LUMA_WORDS   64u /* of a token in a frame */
#define CHROMA_WORDS 16u
#define FRAME_WORDS  96u /* of all planes */
#define PATCH_WORDS  384u

layout(buffer_reference, std430, buffer_reference_align = 8) buffer Addresses
{
    uint64_t at[];
};

struct Frames {
    Addresses addresses; /* of each; the lowest bit: with chroma */
    uint stride[2];      /* bytes of a row: of luma, of chroma */
    uint offset[2];      /* bytes from a frame's start: of both chroma planes */
};

/** A plane of a frame. */
struct Plane {
    Words words;
    uint stride;
};

/** The tokens of a clip. */
struct Grid {
    uint frames, width, height, rows, columns;
};

/** Four samples of a token: where they are. */
struct Place {
    uint frame, plane, x, y;
};

Plane plane_of(Frames f, uint frame, uint plane)
{
    const uint offset = plane == 0u ? 0u : f.offset[plane - 1u];

    return Plane(Words((f.addresses.at[frame] & ~1ul) + offset), f.stride[min(plane, 1u)]);
}

bool has_plane(Frames f, uint frame, uint plane)
{
    return plane == 0u || (f.addresses.at[frame] & 1ul) != 0ul;
}

uint plane_size(uint luma, uint plane)
{
    return plane == 0u ? luma : (luma + 1u) / 2u;
}

uint sample_at(Plane plane, uint x, uint y)
{
    return byte_at(plane.words, y * plane.stride + x);
}

/* x a multiple of 4 */
uint word_at(Plane plane, uint x, uint y)
{
    return plane.words.at[(y * plane.stride + x) >> 2];
}

void set_word(Plane plane, uint x, uint y, uint word)
{
    plane.words.at[(y * plane.stride + x) >> 2] = word;
}

/* Samples of a word, the first one lowest. */
uvec4 unpack(uint word)
{
    return uvec4(word, word >> 8, word >> 16, word >> 24) & 255u;
}

uint pack(uvec4 samples)
{
    return samples.x | samples.y << 8 | samples.z << 16 | samples.w << 24;
}

uint pack_clipped(ivec4 v)
{
    return pack(uvec4(clamp(v, 0, 255)));
}

/* Of the samples 4 word .. 4 word + 3 of a token's 384 in a frame: plane and x, y in the plane. */
Place place_in_frame(Grid grid, uint token, uint word)
{
    const uint row = token / grid.columns % grid.rows, column = token % grid.columns;
    Place p;
    uint within;

    if (word < LUMA_WORDS) {
        p.plane = 0u;
        p.x = 16u * column + 4u * (word % 4u);
        p.y = 16u * row + word / 4u;
    } else {
        within = word - LUMA_WORDS;
        p.plane = 1u + within / CHROMA_WORDS;
        within %= CHROMA_WORDS;
        p.x = 8u * column + 4u * (within % 2u);
        p.y = 8u * row + within / 2u;
    }
    p.frame = token / grid.columns / grid.rows * 4u;
    return p;
}

/* Likewise of a token's 1536 in its frames, which may be behind the clip's last one. */
Place place_in_patch(Grid grid, uint token, uint word)
{
    Place p = place_in_frame(grid, token, word % FRAME_WORDS);

    p.frame += word / FRAME_WORDS;
    return p;
}

/* The four samples there; beyond the picture and the clip the last one and frame repeat. */
uvec4 samples_of(Frames f, Grid grid, Place p)
{
    Plane plane = plane_of(f, min(p.frame, grid.frames - 1u), p.plane);
    const uint last = plane_size(grid.width, p.plane) - 1u;
    const uint y = min(p.y, plane_size(grid.height, p.plane) - 1u);

    if (p.x + 3u <= last)
        return unpack(word_at(plane, p.x, y));
    return uvec4(sample_at(plane, min(p.x, last), y), sample_at(plane, min(p.x + 1u, last), y),
                 sample_at(plane, min(p.x + 2u, last), y), sample_at(plane, min(p.x + 3u, last), y));
}

/* Those that are inside of the picture; rows have room for whole tokens. */
void set_samples(Frames f, Grid grid, Place p, uint word)
{
    if (p.frame < grid.frames && p.y < plane_size(grid.height, p.plane))
        set_word(plane_of(f, p.frame, p.plane), p.x, p.y, word);
}
