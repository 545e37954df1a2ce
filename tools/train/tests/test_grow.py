# SPDX-License-Identifier: LGPL-2.1-or-later
"""A grown decoder does what the one that it was grown from does, and all of it learns."""
import unittest

import torch

from onedva_train import codec, grow, model
from onedva_train.untrained import random_linear


def trained(width=32, layers=2):
    """A codec whose decoder's every part acts; the residual stream's mean is 0, where growth is exact."""
    torch.manual_seed(3)
    cfg = model.Config(**{**model.PRESETS["test"], "encoder_layers": 0, "width": width, "decoder_layers": layers})
    one = codec.Codec(cfg, random_linear())
    decoder = one.decoder
    with torch.no_grad():
        for p in decoder.parameters():
            p.add_(0.1 * torch.randn(p.shape))
        # gates are alike in all channels, so that what is written keeps its mean
        decoder.cond.mod.weight.unflatten(0, (6, -1))[[2, 5]] = 0
        decoder.cond.mod.bias.unflatten(0, (6, -1))[[2, 5]] = 0
        written = [decoder.patch, decoder.noise]
        for block in decoder.blocks:
            block.table[[2, 5]] = 0.7
            written += [block.proj, block.fc2]
        for layer in written:
            layer.weight -= layer.weight.mean(0)
            if layer.bias is not None:
                layer.bias -= layer.bias.mean()
        decoder.registers -= decoder.registers.mean(1, keepdim=True)
    return one.eval()


def inputs():
    torch.manual_seed(4)
    x = torch.rand(2, 2, 10, 9, 1536) * 2 - 1
    return torch.rand(2, 4), x, torch.tensor([-20, 4]), torch.tensor([0.0, 0.7]), torch.randn(x.shape)


class Grow(unittest.TestCase):
    def test_wider_and_deeper_it_does_the_same(self):
        one = trained()
        with torch.no_grad():
            before = one.correction(*inputs())
            for width, layers in ((32, 3), (48, 2), (64, 4)):
                after = grow.grow(one, "grown", width, layers).correction(*inputs())
                self.assertLess((after - before).abs().max(), 1e-4 * before.abs().max(), (width, layers))

    def test_every_part_of_it_learns(self):
        grown = grow.grow(trained(), "grown", 48, 4)
        optimiser = torch.optim.SGD(grown.parameters(), 1e-2)
        for _ in range(3):  # what meets a 0 has no gradient in the first step
            optimiser.zero_grad()
            grown.correction(*inputs()).pow(2).mean().backward()
            optimiser.step()
        for name, p in grown.decoder.named_parameters():
            self.assertTrue(bool((p.grad != 0).flatten(1).any(1).all() if p.dim() > 1 else p.grad.any()), name)


if __name__ == "__main__":
    unittest.main()
