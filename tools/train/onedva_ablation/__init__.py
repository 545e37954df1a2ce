# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each part of the codec is worth: variants trained for equal time on equal data."""
