# SPDX-License-Identifier: LGPL-2.1-or-later
"""A generator on the latents of One-DVA: clips, prior, training, samples (doc/generation.md)."""
