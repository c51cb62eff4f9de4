"""What a person can put right, and what is no error at all: work that was stopped."""

from typing import Any

from core.saying import Sentence, say


class Said(Exception):
    """An error whose message is a sentence for people.

    Attributes:
        said: The message, which a page can translate.
    """

    said: Sentence

    def __init__(self, template: str, **values: Any) -> None:
        """
        Args:
            template: The message, with named placeholders as `core.saying.say` has them.
            values: What fills them.
        """
        self.said = say(template, **values)
        super().__init__(self.said)


class UserError(Said):
    """Something the user can put right.

    The message is one or two plain sentences: what was expected, what came, what to do. It is
    shown as it is, so it holds no path of the server and no traceback.
    """


class StopRequested(Exception):
    """Raised by a `report` callback to end work that the user has stopped."""
