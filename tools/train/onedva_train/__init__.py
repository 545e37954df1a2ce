# SPDX-License-Identifier: LGPL-2.1-or-later
"""Training of One-DVA models (doc/training.md)."""
