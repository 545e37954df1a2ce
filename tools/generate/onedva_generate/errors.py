# SPDX-License-Identifier: LGPL-2.1-or-later
class InputError(Exception):
    """What a user gave cannot be used; the message is one line that says why."""
