# SPDX-License-Identifier: LGPL-2.1-or-later
"""A generator on the latents of One-DVA: clips, prior, training, samples (doc/generation.md)."""

import os
import sys

# what it shares with other programs
sys.path[:0] = (os.path.join(os.path.dirname(__file__), "..", "..", part) for part in ("python", "train"))
