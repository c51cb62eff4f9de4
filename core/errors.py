"""What a person can put right, and what is no error at all: work that was stopped."""


class UserError(Exception):
    """Something the user can put right.

    The message is one or two plain sentences: what was expected, what came, what to do. It is
    shown as it is, so it holds no path of the server and no traceback.
    """


class StopRequested(Exception):
    """Raised by a `report` callback to end work that the user has stopped."""
