# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training for a span of this process' CPU time, so that what is compared has had equally much of the machine."""
import math
import time

import torch


def fit(weights, loss, cpu_minutes, rate, warm_up, log):
    """The rate rises for so many steps and falls as a cosine; loss(share of the time that has passed) -> a scalar.

    -> steps"""
    budget, begin, step = cpu_minutes * 60, time.process_time(), 0
    weights = [p for p in weights if p.requires_grad]
    optimiser = torch.optim.AdamW(weights, rate, betas=(0.9, 0.98), weight_decay=0.01)
    mean = None
    while (part := (time.process_time() - begin) / budget) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1, (step + 1) / warm_up) * (0.02 + 0.49 * (1 + math.cos(math.pi * part)))
        found = loss(part)
        optimiser.zero_grad(set_to_none=True)
        found.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        step += 1
        mean = float(found.detach()) if mean is None else 0.98 * mean + 0.02 * float(found.detach())
        if step % 50 == 0:
            log(f"step {step} loss {mean:.4f} {100 * part:.0f} % of {cpu_minutes:g} min")
    return step
