"""How many of something there are, in words."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """Say how many there are of a thing, whose plural ends in s.

    >>> counted(1, "file"), counted(0, "file"), counted(12345, "other file")
    ('1 file', '0 files', '12,345 other files')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
