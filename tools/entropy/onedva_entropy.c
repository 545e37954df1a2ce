/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
/*
 * Fits the tables from which symbols are predicted (doc/bitstream.md, section 6), and measures what
 * each part of the prediction saves, on clips that onedva-canvas wrote.
 *
 * usage: onedva-entropy --model FILE --fit DIRECTORY [--every N] [--out FILE] [--test DIRECTORY]
 *
 * --fit    clips to learn from, every Nth one of each directory's *.canvas
 * --out    the tables, all as int32: symbol.weight, large.cdf, symbol.cdf, length.cdf,
 * dequant.delta
 * --test   clips to measure on: bits by part, and with fewer parts, all fitted alike
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/thread_pool.h"
#include "bitstream/logistic.h"
#include "bitstream/symbol_predictor.h"
#include "encoder/trial_coder.h"
#include "kernels/backend.h"
#include "model/device_weights.h"
#include "model/model.h"
#include "rate/bit_cost.h"
#include "transform/quantiser.h"

#define QUALITIES  6
#define EPOCHS     3
#define ALL        ((1u << ODVA_PREDICTOR_FEATURES) - 1)
#define MAX_LINE   1000
#define LARGE_ROOM 20.0 /* counts to begin with */

/* A quantised clip, only what is coded. */
struct sample {
    struct odva_clip_size size;
    int detail, quality;
    uint32_t *splits;
    int *tokens;
    int16_t *q;
};

struct samples {
    struct sample *sample;
    int count, capacity;
};

/* What a fit learns. */
struct tables {
    float weight[ODVA_PREDICTOR_WEIGHTS][ODVA_PREDICTOR_DECISIONS]; /* nats */
    double large[ODVA_LARGE_CONTEXTS][ODVA_LARGE_SYMBOLS];
};

/* What is counted of quantised clips for the tables that need no regression. */
struct counts {
    double symbol[ODVA_SYMBOL_CLASSES][ODVA_SYMBOL_ACTIVITIES][ODVA_SYMBOL_NEIGHBOURS]
                 [ODVA_SYMBOLS];
    double length[ODVA_TILE_SIZES][ODVA_LENGTH_CLASSES][ODVA_LENGTH_CLASSES];
    struct {
        double sum, count;
    } offset[ODVA_SYMBOL_CLASSES][3]; /* of magnitudes from their levels, in steps */
};

/* Bits by part of the syntax. */
struct bits {
    double pixels, lengths, decision[ODVA_PREDICTOR_DECISIONS], large, escape, sign;
    double estimate; /* all symbols by the encoder's static estimate */
};

struct entropy {
    onedva_model *model;
    struct odva_thread_pool *pool;
    struct odva_backend *backend;
    struct odva_trial_coder coder;
    struct odva_bit_cost bit_cost;
    struct odva_latents latents;
    struct odva_symbol_predictor predictor;
    uint8_t *near;
    struct counts *counts; /* NULL: nothing is counted */
};

static void die(const char *what, const char *name)
{
    fprintf(stderr, "onedva-entropy: %s: %s\n", name, what);
    exit(1);
}

static void *take(void *memory)
{
    if (!memory)
        die("out of memory", "tables");
    return memory;
}

static int qidx_of(int quality)
{
    static const int qidx[QUALITIES] = {-34, -20, -10, 0, 10, 20}; /* crf 6, 20, 30 .. 60 */

    return qidx[quality];
}

/* ---- clips ------------------------------------------------------------------------------- */

static void keep(struct samples *samples, const struct odva_latents *latents, int quality)
{
    const struct odva_grid *grid = &latents->grid;
    struct sample *sample;
    size_t held = 0, at = 0;

    if (samples->count == samples->capacity) {
        samples->capacity = 2 * samples->capacity + 64;
        samples->sample =
            take(realloc(samples->sample, samples->capacity * sizeof(*samples->sample)));
    }
    sample = &samples->sample[samples->count++];
    *sample = (struct sample){
        .size = odva_grid_clip_size(grid), .detail = latents->detail, .quality = quality};
    sample->splits = take(malloc(grid->superblock_count * sizeof(*sample->splits)));
    memcpy(sample->splits, latents->splits, grid->superblock_count * sizeof(*sample->splits));
    sample->tokens = take(malloc(grid->tile_count * sizeof(*sample->tokens)));
    for (int i = 0; i < grid->tile_count; i++) {
        sample->tokens[i] = latents->tiles[i].tokens;
        held += odva_coefficients_of(&latents->tiles[i], sample->tokens[i]);
    }
    sample->q = take(malloc(held * sizeof(*sample->q) + 1));
    for (int i = 0; i < grid->tile_count; i++) {
        const int count = odva_coefficients_of(&latents->tiles[i], sample->tokens[i]);
        for (int c = 0; c < count; c++) {
            const int32_t q = latents->q[latents->tiles[i].offset + c];
            sample->q[at++] = (int16_t)(q < -INT16_MAX  ? -INT16_MAX
                                        : q > INT16_MAX ? INT16_MAX
                                                        : q);
        }
    }
}

/* Set entropy->latents to a sample. */
static void unpack(struct entropy *entropy, const struct sample *sample)
{
    struct odva_latents *latents = &entropy->latents;
    size_t at = 0;

    if (odva_latents_set_size(latents, entropy->coder.scans, sample->detail, sample->size) < 0)
        die("out of memory", "latents");
    memcpy(latents->splits, sample->splits,
           latents->grid.superblock_count * sizeof(*sample->splits));
    odva_latents_set_partition(latents);
    latents->qidx = qidx_of(sample->quality);
    for (int i = 0; i < latents->grid.tile_count; i++) {
        struct odva_latent_tile *tile = &latents->tiles[i];
        const int count = odva_coefficients_of(tile, sample->tokens[i]);
        tile->tokens = sample->tokens[i];
        for (int c = 0; c < count; c++)
            latents->q[tile->offset + c] = sample->q[at++];
    }
}

static void count_symbols(struct entropy *entropy, const struct odva_latent_tile *tile, int qidx)
{
    const struct odva_latents *latents = &entropy->coder.latents;
    struct odva_symbol_context context = {.near = entropy->near};
    struct counts *counts = entropy->counts;
    const int count = odva_coefficients_of(tile, tile->tokens);
    const double step = odva_quantiser_step(qidx);

    odva_symbol_context_start(&context, tile->scan, count);
    for (int i = 0; i < count; i++) {
        const int level = abs(latents->q[tile->offset + i]);
        const int symbol = level < ODVA_ESCAPE ? level : ODVA_ESCAPE;
        const int scale_class = odva_scale_class(tile->scan->scale[i], qidx);
        counts->symbol[scale_class][odva_activity_context(context.activity)]
                      [odva_neighbour_context(&context, i)][symbol]++;
        odva_symbol_context_update(&context, i, symbol);
        if (level > 0) {
            const int point = level < 3 ? level - 1 : 2;
            counts->offset[scale_class][point].sum +=
                level - fabs(entropy->coder.linear[tile->offset + i]) / step;
            counts->offset[scale_class][point].count++;
        }
    }
}

/* Count what the clip quantised last holds. */
static void count_clip(struct entropy *entropy)
{
    const struct odva_latents *latents = &entropy->coder.latents;
    struct odva_length_context context = {0};

    for (int i = 0; i < latents->grid.tile_count; i++) {
        const struct odva_latent_tile *tile = &latents->tiles[i];
        const int size = latents->grid.tiles[i].size;

        entropy->counts->length[size][odva_length_context_of(context, size)]
                               [odva_length_class(tile->tokens)]++;
        odva_length_context_move(&context, size, tile->tokens);
        count_symbols(entropy, tile, latents->qidx);
    }
}

static int number(const cJSON *entry, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, name);

    if (!cJSON_IsNumber(item))
        die("an index line lacks this number", name);
    return (int)item->valuedouble;
}

/* Fine quality has most symbols; fewer of its clips keep the others in sight. */
static int is_learned(int quality, int clip)
{
    static const int every[QUALITIES] = {27, 9, 3, 1, 1, 1};

    return clip % every[quality] == 0;
}

/* @param clip its number, -1 for one of a test, which has every quality */
static void read_clip(struct entropy *entropy, FILE *data, const cJSON *entry, const char *name,
                      int clip, struct samples *samples)
{
    const struct odva_clip_size clip_size = {number(entry, "frames"), number(entry, "width"),
                                             number(entry, "height")};
    const int frames = clip_size.frames, half_width = (clip_size.width + 1) / 2;
    const size_t luma = (size_t)clip_size.width * clip_size.height;
    const size_t chroma = (size_t)half_width * ((clip_size.height + 1) / 2);
    const size_t size = luma + 2 * chroma;
    const double offset = cJSON_GetObjectItemCaseSensitive(entry, "offset")->valuedouble;
    struct onedva_const_picture picture[ONEDVA_MAX_CLIP_FRAMES];
    uint8_t *samples8;

    if (frames < 1 || frames > ONEDVA_MAX_CLIP_FRAMES)
        die("not 1 to 16 frames", name);
    samples8 = take(malloc(frames * size));
    if (fseeko(data, (off_t)offset, SEEK_SET) != 0 ||
        fread(samples8, size, frames, data) != (size_t)frames)
        die("shorter than its index", name);
    for (int t = 0; t < frames; t++) {
        const uint8_t *y = samples8 + t * size;
        picture[t] = (struct onedva_const_picture){{y, y + luma, y + luma + chroma},
                                                   {clip_size.width, half_width, half_width}};
    }
    for (int quality = 0; quality < QUALITIES; quality++) {
        double bits;
        if (clip >= 0 && !is_learned(quality, clip))
            continue;
        if (odva_trial_coder_analyse(&entropy->coder, picture, clip_size, NULL, qidx_of(quality)) <
                0 ||
            odva_trial_coder_quantise(&entropy->coder, qidx_of(quality), &bits) < 0)
            die("cannot be analysed and quantised", name);
        keep(samples, &entropy->coder.latents, quality);
        if (clip >= 0)
            count_clip(entropy);
    }
    free(samples8);
}

/* @param every 0: all, as a test */
static void read_video(struct entropy *entropy, const char *path, int every, int *clips,
                       struct samples *samples)
{
    char index_path[MAX_LINE + 6], line[MAX_LINE];
    FILE *data = fopen(path, "rb"), *index;

    snprintf(index_path, sizeof(index_path), "%s.index", path);
    index = fopen(index_path, "r");
    if (!data || !index)
        die("cannot be opened", data ? index_path : path);
    while (fgets(line, sizeof(line), index)) {
        const int number_of_clip = (*clips)++;
        cJSON *entry;
        if (every > 0 && number_of_clip % every)
            continue;
        entry = cJSON_Parse(line);
        number(entry, "offset");
        read_clip(entropy, data, entry, path, every > 0 ? number_of_clip / every : -1, samples);
        cJSON_Delete(entry);
    }
    fclose(data);
    fclose(index);
}

static int is_canvas(const struct dirent *entry)
{
    const size_t length = strlen(entry->d_name);

    return length > 7 && strcmp(entry->d_name + length - 7, ".canvas") == 0;
}

static struct samples read_directory(struct entropy *entropy, const char *name, int every)
{
    struct samples samples = {0};
    struct dirent **entries;
    const int count = scandir(name, &entries, is_canvas, alphasort);
    int clips = 0;

    if (count < 1)
        die("no directory with *.canvas", name);
    for (int i = 0; i < count; i++) {
        char path[MAX_LINE];
        snprintf(path, sizeof(path), "%s/%s", name, entries[i]->d_name);
        read_video(entropy, path, every, &clips, &samples);
        free(entries[i]);
    }
    free(entries);
    return samples;
}

static void free_samples(struct samples *samples)
{
    for (int i = 0; i < samples->count; i++) {
        free(samples->sample[i].splits);
        free(samples->sample[i].tokens);
        free(samples->sample[i].q);
    }
    free(samples->sample);
}

/* ---- fit --------------------------------------------------------------------------------- */

/* What is done with the symbols of a clip. */
struct walk {
    struct entropy *entropy;
    unsigned parts; /* bit f: feature f counts */
    struct tables *tables;
    double (*large)[ODVA_LARGE_SYMBOLS]; /* counts of this epoch */
    float rate;
    struct bits *bits; /* NULL: learn tables; otherwise measure the engine's arithmetic */
};

/* The weight of a feature's row. */
static float *weight_of(const struct walk *walk, const struct odva_symbol_features *features, int f,
                        int d)
{
    return &walk->tables->weight[features->row[f] - walk->entropy->predictor.weight][d];
}

/* One step of logistic regression. @return the logit */
static float learn(struct walk *walk, const struct odva_symbol_features *features, int d, int bit)
{
    float logit = 0, change;

    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++)
        logit += walk->parts >> f & 1 ? *weight_of(walk, features, f, d) : 0;
    change = walk->rate * ((float)bit - 1 / (1 + expf(-logit)));
    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++) {
        if (walk->parts >> f & 1)
            *weight_of(walk, features, f, d) += change;
    }
    return logit;
}

/* The same as decoders do it; weights of other parts are 0 and begin to learn nothing. */
static int measure(struct walk *walk, const struct odva_symbol_features *features, int d, int bit)
{
    struct odva_symbol_predictor *predictor = &walk->entropy->predictor;
    const int logit = odva_symbol_logit(features, d);
    const int probability = odva_logistic(logit);
    const uint64_t change = odva_symbol_change(d, probability, bit);

    walk->bits->decision[d] -= log2((bit ? probability : 32768 - probability) / 32768.0);
    odva_symbol_learn(predictor, features, change);
    for (int f = 0; f < ODVA_PREDICTOR_FEATURES; f++) {
        if (!(walk->parts >> f & 1))
            *features->row[f] -= change;
    }
    return logit;
}

static void walk_symbol(struct walk *walk, const struct odva_symbol_features *features, int level)
{
    const int symbol = level < ODVA_ESCAPE ? level : ODVA_ESCAPE;
    int logit = 0;

    for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
        logit = walk->bits ? measure(walk, features, d, symbol > d)
                           : (int)(ODVA_LOGIT_ONE * learn(walk, features, d, symbol > d));
        if (symbol <= d)
            return;
    }
    if (walk->bits) {
        const double *row = walk->tables->large[odva_large_context(logit)];
        double sum = 0;
        for (int s = 0; s < ODVA_LARGE_SYMBOLS; s++)
            sum += row[s];
        walk->bits->large -= log2(row[symbol - ODVA_PREDICTOR_DECISIONS] / sum);
    } else {
        walk->large[odva_large_context(logit)][symbol - ODVA_PREDICTOR_DECISIONS]++;
    }
}

static void add_plain_bits(struct walk *walk, struct odva_symbol_context *context, int i, int level)
{
    const int scale_class = odva_scale_class(context->scan->scale[i], walk->entropy->latents.qidx);
    const uint16_t *cost =
        walk->entropy->bit_cost.symbol[scale_class][odva_activity_context(context->activity)]
                                      [odva_neighbour_context(context, i)];
    const int all = odva_level_cost(cost, scale_class, level);

    walk->bits->estimate += all / (double)ODVA_BIT;
    walk->bits->sign += level > 0;
    if (level >= ODVA_ESCAPE)
        walk->bits->escape += (all - cost[ODVA_ESCAPE]) / (double)ODVA_BIT - 1;
    odva_symbol_context_update(context, i, level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
}

static void walk_tile(struct walk *walk, int index)
{
    struct entropy *entropy = walk->entropy;
    struct odva_latents *latents = &entropy->latents;
    const struct odva_latent_tile *tile = &latents->tiles[index];
    const int count = odva_coefficients_of(tile, tile->tokens);
    struct odva_symbol_context context = {.near = entropy->near};

    odva_symbol_predictor_start_tile(&entropy->predictor, latents, index, 0, count);
    odva_symbol_context_start(&context, tile->scan, count);
    for (int i = 0; i < count; i++) {
        const int level = abs(latents->q[tile->offset + i]);
        struct odva_symbol_features features;
        odva_symbol_features(&entropy->predictor, i, &features);
        walk_symbol(walk, &features, level);
        if (walk->bits)
            add_plain_bits(walk, &context, i, level);
        if (level > 0)
            odva_symbol_note(&entropy->predictor, i, level < ODVA_ESCAPE ? level : ODVA_ESCAPE);
    }
    odva_symbol_predictor_end_tile(&entropy->predictor, latents, index, count);
}

static void walk_clip(struct walk *walk, const struct sample *sample)
{
    struct entropy *entropy = walk->entropy;
    struct odva_length_context context = {0};

    unpack(entropy, sample);
    odva_symbol_predictor_start_layer(&entropy->predictor, &entropy->model->tables);
    for (int i = 0; i < entropy->latents.grid.tile_count; i++) {
        const int tokens = entropy->latents.tiles[i].tokens;
        const int size = entropy->latents.grid.tiles[i].size;
        if (walk->bits)
            walk->bits->lengths +=
                odva_length_cost(&entropy->bit_cost, context, size, tokens) / (double)ODVA_BIT;
        odva_length_context_move(&context, size, tokens);
        walk_tile(walk, i);
    }
    if (walk->bits)
        walk->bits->pixels +=
            (double)sample->size.frames * sample->size.width * sample->size.height;
}

/* A permutation that is the same everywhere. */
static void shuffle(int *order, int count)
{
    uint64_t state = 1;

    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j, other;
        state = state * 6364136223846793005u + 1442695040888963407u;
        j = (int)((state >> 33) % (uint64_t)(i + 1));
        other = order[i];
        order[i] = order[j];
        order[j] = other;
    }
}

/* Magnitudes are Laplacian around their scale; large ones continue as their context's logit says.
 */
static void start_tables(struct tables *tables)
{
    memset(tables, 0, sizeof(*tables));
    for (int row = 0; row < ODVA_PREDICTOR_SCALES; row++) {
        const double mean = exp2((2 * row - 39) / 8.0);
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
            const double above = exp(-(d + 0.5 + ODVA_DEAD_ZONE) / mean);
            const double at_least = d == 0 ? 1 : exp(-(d - 0.5 + ODVA_DEAD_ZONE) / mean);
            const double logit = log(above / (at_least - above));
            tables->weight[row][d] = (float)(logit < -7 ? -7 : logit > 7 ? 7 : logit);
        }
    }
    for (int c = 0; c < ODVA_LARGE_CONTEXTS; c++) {
        const double ratio = 1 / (1 + exp(-(c - 8) / 2.0));
        for (int s = 0; s < ODVA_LARGE_SYMBOLS; s++)
            tables->large[c][s] =
                LARGE_ROOM * pow(ratio, s) * (s < ODVA_LARGE_SYMBOLS - 1 ? 1 - ratio : 1);
    }
}

static void fit(struct entropy *entropy, const struct samples *samples, unsigned parts,
                struct tables *tables)
{
    static const float rate[EPOCHS] = {0.03f, 0.01f, 0.003f};
    static double first[ODVA_LARGE_CONTEXTS][ODVA_LARGE_SYMBOLS];
    int *order = take(malloc(samples->count * sizeof(*order)));

    start_tables(tables);
    memcpy(first, tables->large, sizeof(first));
    shuffle(order, samples->count);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        static double counts[ODVA_LARGE_CONTEXTS][ODVA_LARGE_SYMBOLS];
        struct walk walk = {entropy, parts, tables, counts, rate[epoch], NULL};
        memcpy(counts, first, sizeof(counts));
        for (int i = 0; i < samples->count; i++) {
            walk_clip(&walk, &samples->sample[order[i]]);
        }
        memcpy(tables->large, counts, sizeof(counts));
    }
    free(order);
}

/* ---- results ----------------------------------------------------------------------------- */

/* @param weight of the symbols, all above 0 */
static void set_cdf(uint16_t *cdf, const double *weight, int symbols)
{
    const int free_total = ODVA_CDF_TOTAL - symbols;
    double sum = 0, below = 0;

    for (int s = 0; s < symbols; s++)
        sum += weight[s];
    for (int s = 0; s <= symbols; s++) {
        cdf[s] = (uint16_t)(s + (int)(below / sum * free_total + 1e-6));
        below += s < symbols ? weight[s] : 0;
    }
}

/* Round the tables to integers, into the model. */
static void round_tables(const struct tables *tables, struct odva_model_tables *out)
{
    for (int r = 0; r < ODVA_PREDICTOR_WEIGHTS; r++) {
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++) {
            const long w = lrintf(tables->weight[r][d] * ODVA_LOGIT_ONE);
            out->symbol_weight[r][d] = (int16_t)(w < -INT16_MAX  ? -INT16_MAX
                                                 : w > INT16_MAX ? INT16_MAX
                                                                 : w);
        }
    }
    for (int c = 0; c < ODVA_LARGE_CONTEXTS; c++)
        set_cdf(out->large_cdf[c], tables->large[c], ODVA_LARGE_SYMBOLS);
}

/* Distribution of a class' symbols before any is counted: a Laplacian of its mean magnitude. */
static void laplacian(double p[ODVA_SYMBOLS], int scale_class)
{
    const double scale = exp2((4 * scale_class - 38) / 8.0);
    double above = 1;

    for (int s = 0; s < ODVA_SYMBOLS; s++) {
        const double next = s < ODVA_SYMBOLS - 1 ? exp(-(s + 0.5 + ODVA_DEAD_ZONE) / scale) : 0;
        p[s] = fmax(above - next, 1e-6);
        above = next;
    }
}

static void add_scaled(double *sum, const double *p, double weight)
{
    double all = 0;

    for (int s = 0; s < ODVA_SYMBOLS; s++)
        all += p[s];
    for (int s = 0; s < ODVA_SYMBOLS; s++)
        sum[s] += p[s] * weight / all;
}

/* Contexts that were seldom met lean on their activity and neighbours, these on their class. */
static void set_symbol_cdfs(const struct counts *counts, struct odva_model_tables *out)
{
    for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++) {
        double all[ODVA_SYMBOLS] = {0}, prior[ODVA_SYMBOLS];
        double activity[ODVA_SYMBOL_ACTIVITIES][ODVA_SYMBOLS] = {0};
        double near[ODVA_SYMBOL_NEIGHBOURS][ODVA_SYMBOLS] = {0};

        for (int a = 0; a < ODVA_SYMBOL_ACTIVITIES; a++)
            for (int n = 0; n < ODVA_SYMBOL_NEIGHBOURS; n++)
                for (int s = 0; s < ODVA_SYMBOLS; s++) {
                    all[s] += counts->symbol[c][a][n][s];
                    activity[a][s] += counts->symbol[c][a][n][s];
                    near[n][s] += counts->symbol[c][a][n][s];
                }
        laplacian(prior, c);
        add_scaled(all, prior, 200);
        for (int a = 0; a < ODVA_SYMBOL_ACTIVITIES; a++)
            add_scaled(activity[a], all, 100);
        for (int n = 0; n < ODVA_SYMBOL_NEIGHBOURS; n++)
            add_scaled(near[n], all, 100);
        for (int a = 0; a < ODVA_SYMBOL_ACTIVITIES; a++)
            for (int n = 0; n < ODVA_SYMBOL_NEIGHBOURS; n++) {
                double sum[ODVA_SYMBOLS];

                memcpy(sum, counts->symbol[c][a][n], sizeof(sum));
                add_scaled(sum, activity[a], 15);
                add_scaled(sum, near[n], 15);
                set_cdf(out->symbol_cdf[c][a][n], sum, ODVA_SYMBOLS);
            }
    }
}

static void set_length_cdfs(const struct counts *counts, struct odva_model_tables *out)
{
    for (int size = 0; size < ODVA_TILE_SIZES; size++)
        for (int p = 0; p < ODVA_LENGTH_CLASSES; p++) {
            double sum[ODVA_LENGTH_CLASSES];

            for (int c = 0; c < ODVA_LENGTH_CLASSES; c++)
                sum[c] = counts->length[size][p][c] + 3 * exp(-abs(p - c));
            set_cdf(out->length_cdf[size][p], sum, ODVA_LENGTH_CLASSES);
        }
}

static void set_deltas(const struct counts *counts, struct odva_model_tables *out)
{
    for (int c = 0; c < ODVA_SYMBOL_CLASSES; c++)
        for (int point = 0; point < 3; point++) {
            const double mean = (counts->offset[c][point].sum + 0.05 * 200) /
                                (counts->offset[c][point].count + 200);

            out->dequant_delta[c][point] = (uint8_t)lrint(fmin(fmax(mean, 0) * 256, 127));
        }
}

static int write_int32(FILE *file, int32_t v)
{
    return fwrite(&v, sizeof(v), 1, file) != 1;
}

static int write_cdfs(FILE *file, const uint16_t *cdf, int count)
{
    int failed = 0;

    for (int i = 0; i < count; i++)
        failed |= write_int32(file, cdf[i]);
    return failed;
}

static void write_tables(const struct odva_model_tables *tables, const char *name)
{
    FILE *file = fopen(name, "wb");
    int failed = !file;

    for (int r = 0; !failed && r < ODVA_PREDICTOR_WEIGHTS; r++) {
        for (int d = 0; d < ODVA_PREDICTOR_DECISIONS; d++)
            failed |= write_int32(file, tables->symbol_weight[r][d]);
    }
    if (!failed)
        failed = write_cdfs(file, tables->large_cdf[0], sizeof(tables->large_cdf) / 2) ||
                 write_cdfs(file, tables->symbol_cdf[0][0][0], sizeof(tables->symbol_cdf) / 2) ||
                 write_cdfs(file, tables->length_cdf[0][0], sizeof(tables->length_cdf) / 2);
    for (int c = 0; !failed && c < ODVA_SYMBOL_CLASSES; c++) {
        for (int point = 0; point < 3; point++)
            failed |= write_int32(file, tables->dequant_delta[c][point]);
    }
    if (failed || fclose(file) != 0)
        die("cannot be written", name);
}

static double symbol_bits(const struct bits *bits)
{
    return bits->decision[0] + bits->decision[1] + bits->decision[2] + bits->large + bits->escape +
           bits->sign;
}

static void measure_all(struct entropy *entropy, const struct samples *samples, unsigned parts,
                        struct tables *tables, struct bits bits[QUALITIES])
{
    memset(bits, 0, QUALITIES * sizeof(*bits));
    round_tables(tables, &entropy->model->tables);
    for (int i = 0; i < samples->count; i++) {
        struct walk walk = {entropy, parts, tables, NULL, 0, &bits[samples->sample[i].quality]};
        walk_clip(&walk, &samples->sample[i]);
    }
}

static void print_parts(const struct bits bits[QUALITIES])
{
    printf("| crf | bpp | zero | above 1 | above 2 | larger | escape | sign | lengths |\n"
           "|---|---|---|---|---|---|---|---|---|\n");
    for (int quality = 0; quality < QUALITIES; quality++) {
        const struct bits *b = &bits[quality];
        const double all = symbol_bits(b) + b->lengths, share = 100 / all;
        printf(
            "| %d | %.5f | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% | %.1f %% |\n",
            qidx_of(quality) + 40, all / b->pixels, share * b->decision[0], share * b->decision[1],
            share * b->decision[2], share * b->large, share * b->escape, share * b->sign,
            share * b->lengths);
    }
}

static void print_savings(struct entropy *entropy, const struct samples *train,
                          const struct samples *test, struct tables *tables)
{
    static const struct {
        const char *name;
        unsigned parts;
    } steps[] = {
        {"scale, mean of the tile", 0x003},
        {"+ means by frequency, basis index, zone", 0x01f},
        {"+ magnitudes around", 0x03f},
        {"+ tile to the left", 0x07f},
        {"+ tile above", ALL},
    };
    struct bits bits[QUALITIES];

    printf("\n| against static contexts | crf 6 | 20 | 30 | 40 | 50 | 60 "
           "|\n|---|---|---|---|---|---|---|\n");
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        fit(entropy, train, steps[s].parts, tables);
        measure_all(entropy, test, steps[s].parts, tables, bits);
        printf("| %s |", steps[s].name);
        for (int quality = 0; quality < QUALITIES; quality++)
            printf(" %+.2f %% |", 100 * (symbol_bits(&bits[quality]) / bits[quality].estimate - 1));
        printf("\n");
        fflush(stdout);
    }
}

/* ---- program ----------------------------------------------------------------------------- */

static void open_entropy(struct entropy *entropy, const char *model)
{
    const struct onedva_logger silent = {0};
    const struct odva_device_wish wish = {.kind = ONEDVA_BACKEND_CPU,
                                          .index = ODVA_ANY_DEVICE,
                                          .precision = ONEDVA_PRECISION_BFLOAT16,
                                          .logger = &silent};
    struct onedva_encoder_settings settings;
    struct onedva_model_info info;
    struct odva_device *device;

    if (onedva_model_open(&entropy->model, model, &silent) < 0)
        die("not a model", model);
    onedva_model_get_info(entropy->model, &info);
    onedva_encoder_settings_default(&settings);
    settings.preset = ONEDVA_PRESET_ULTRAFAST;
    entropy->near = take(malloc(odva_symbol_context_size(info.basis)));
    odva_bit_cost_init(&entropy->bit_cost, &entropy->model->tables);
    if (odva_model_device(entropy->model, &wish, &device) < 0 ||
        odva_thread_pool_open(&entropy->pool, 1) < 0 ||
        odva_backend_open(&entropy->backend, device, entropy->pool, &silent) < 0 ||
        odva_trial_coder_open(&entropy->coder, entropy->model, entropy->backend, entropy->pool,
                              &settings) < 0 ||
        odva_symbol_predictor_init(&entropy->predictor, info.basis) < 0)
        die("out of memory", model);
}

static void close_entropy(struct entropy *entropy)
{
    odva_symbol_predictor_free(&entropy->predictor);
    odva_latents_free(&entropy->latents);
    odva_trial_coder_close(&entropy->coder);
    odva_backend_close(&entropy->backend);
    odva_thread_pool_close(&entropy->pool);
    onedva_model_close(&entropy->model);
    free(entropy->near);
}

int main(int count, char **arguments)
{
    static struct entropy entropy;
    static struct tables tables;
    static struct counts counts;
    const char *model = NULL, *train = NULL, *test = NULL, *out = NULL;
    struct samples samples, others;
    int every = 12;

    for (int i = 1; i + 1 < count; i += 2) {
        const char *name = arguments[i], *value = arguments[i + 1];
        if (strcmp(name, "--model") == 0)
            model = value;
        else if (strcmp(name, "--fit") == 0)
            train = value;
        else if (strcmp(name, "--every") == 0)
            every = atoi(value);
        else if (strcmp(name, "--out") == 0)
            out = value;
        else if (strcmp(name, "--test") == 0)
            test = value;
        else
            die("unknown option", name);
    }
    if (!model || !train || every < 1 || count % 2 == 0)
        die("--model FILE --fit DIRECTORY [--every N] [--out FILE] [--test DIRECTORY]", "usage");
    open_entropy(&entropy, model);
    entropy.counts = &counts;
    samples = read_directory(&entropy, train, every);
    fit(&entropy, &samples, ALL, &tables);
    if (out) {
        round_tables(&tables, &entropy.model->tables);
        set_symbol_cdfs(&counts, &entropy.model->tables);
        set_length_cdfs(&counts, &entropy.model->tables);
        set_deltas(&counts, &entropy.model->tables);
        write_tables(&entropy.model->tables, out);
    }
    if (test) {
        struct bits bits[QUALITIES];
        others = read_directory(&entropy, test, 0);
        measure_all(&entropy, &others, ALL, &tables, bits);
        print_parts(bits);
        print_savings(&entropy, &samples, &others, &tables);
        free_samples(&others);
    }
    free_samples(&samples);
    close_entropy(&entropy);
    return 0;
}
