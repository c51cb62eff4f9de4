"""The space that commands work in: the one of this computer's owner."""

from core.storage import home

SPACE = home.HOME
