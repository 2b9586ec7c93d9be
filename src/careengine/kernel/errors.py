"""The base of every failure we expect, so that an unexpected one is recognised as a bug."""


class CareError(Exception):
    """An expected failure: it says what happened, to what, and what to do next.

    The message never holds a patient's value (no name, date of birth, chart text);
    ids of our own and names of policies, files and states may stand in it.
    """

    status: int = 500
    """The HTTP status a caller over the wire receives."""


class NotFound(CareError):
    """What was asked for is not there."""

    status = 404


class Refused(CareError):
    """The request was understood and may not or cannot be done."""

    status = 422


class Conflict(CareError):
    """Somebody changed the thing meanwhile; look again and decide again."""

    status = 409
