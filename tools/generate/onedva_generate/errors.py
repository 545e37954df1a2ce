# SPDX-License-Identifier: LGPL-2.1-or-later
class InputError(Exception):
    """What a user gave cannot be used; the message is one line that says why."""


def first_line(error):
    """Of what an exception says, or its name where it says nothing."""
    return (str(error) or type(error).__name__).splitlines()[0]
