"""The error for files that aren't laid out as their format requires."""


class Odd(Exception):
    """The file isn't laid out as expected, so no part can be removed safely."""
