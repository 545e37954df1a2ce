# SPDX-License-Identifier: LGPL-2.1-or-later


class InputError(Exception):
    """One line on what is wrong with a video, a file or an option."""
