# SPDX-License-Identifier: LGPL-2.1-or-later
"""One process, or several that torchrun started: one for each accelerator, or two on a CPU."""
import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


class Processes:
    def __init__(self, device):
        """device: cpu or cuda; each process of several takes the accelerator of its local rank."""
        self.count = int(os.environ.get("WORLD_SIZE", 1))
        self.rank = int(os.environ.get("RANK", 0))
        self.device = device
        if self.count > 1:
            if device == "cuda":
                self.device = f"cuda:{os.environ['LOCAL_RANK']}"
                torch.cuda.set_device(self.device)
            dist.init_process_group("nccl" if device == "cuda" else "gloo")

    def close(self):
        if self.count > 1:
            dist.destroy_process_group()

    @property
    def first(self):
        return self.rank == 0

    def share(self, module):
        """The module, its gradients averaged over all processes. Not all of it takes part in each step."""
        if self.count == 1:
            return module
        return DistributedDataParallel(module, find_unused_parameters=True, broadcast_buffers=False)

    def agree(self, value):
        """The first process' number, in all of them."""
        if self.count == 1:
            return value
        shared = torch.tensor([float(value)], dtype=torch.float64, device=self.device)
        dist.broadcast(shared, 0)
        return float(shared)

    def wait(self):
        if self.count > 1:
            dist.barrier()
