# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training of One-DVA models (doc/training.md)."""

import os
import sys

# what it shares with other programs; a pack for another machine has it beside this folder
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "python"))
