/*
 * Copyright (C) 2026 the One-DVA for FFmpeg authors
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */
#include "generate/latent_flow.h"

#include <math.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/noise.h"
#include "base/reserve.h"

int odva_latent_flow_open(struct odva_latent_flow *flow, const struct onedva_prior *prior,
                          struct odva_backend *backend)
{
    *flow = (struct odva_latent_flow){0};
    return odva_prior_network_open(&flow->network, prior, backend);
}

void odva_latent_flow_close(struct odva_latent_flow *flow)
{
    odva_prior_network_close(&flow->network);
    free(flow->z);
    free(flow->x);
    *flow = (struct odva_latent_flow){0};
}

/* Coarse latents, which are larger, are made out of the noise first: steps are shorter there. */
static float time_of(int step, int steps)
{
    const float share = (float)step / (float)steps;

    return share * sqrtf(share);
}

/* x of the class and of none to what guidance makes of them, in place. */
static void guide(float *x, int64_t count, float guidance)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = guidance * x[i] + (1 - guidance) * x[count + i];
}

/* z at t to z at t_next, with the velocity (x - z) / (1 - t). */
static void step(float *z, const float *x, int64_t count, float t, float t_next)
{
    const float share = (t_next - t) / (1 - t);

    for (int64_t i = 0; i < count; i++)
        z[i] = share * x[i] + (1 - share) * z[i];
}

static int reserve(struct odva_latent_flow *flow, int64_t count)
{
    flow->z = odva_reserve(flow->z, &flow->z_capacity, count, sizeof(*flow->z));
    flow->x = odva_reserve(flow->x, &flow->x_capacity, 2 * count, sizeof(*flow->x));
    return flow->z && flow->x ? ONEDVA_OK : ONEDVA_ERR_NOMEM;
}

int odva_latent_flow_run(struct odva_latent_flow *flow, const struct odva_flow_params *params)
{
    struct odva_prior_sequence sequence = params->sequence;
    const int64_t count =
        (int64_t)flow->network.prior->config.tiles * sequence.length * ODVA_LATENT_TOKEN;
    int status;

    ODVA_ASSERT(params->steps >= 1);
    sequence.is_guided = params->guidance != 1 && sequence.class_index >= 0;
    status = odva_prior_network_set(&flow->network, &sequence);
    if (status == ONEDVA_OK)
        status = reserve(flow, count);
    if (status < 0)
        return status;
    odva_noise_fill(flow->z, 0, (int)count, params->seed, params->clip);
    for (int k = 0; k < params->steps; k++) {
        const float t = time_of(k, params->steps), t_next = time_of(k + 1, params->steps);

        status = odva_prior_network_run(&flow->network, t, flow->z, flow->x);
        if (status < 0)
            return status;
        if (sequence.is_guided)
            guide(flow->x, count, params->guidance);
        step(flow->z, flow->x, count, t, t_next);
    }
    return ONEDVA_OK;
}
