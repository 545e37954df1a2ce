# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each part of the codec is worth: variants trained for equal time on equal data."""
import os
import sys

# BD-rates and seams are those of tools/eval
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "eval"))
