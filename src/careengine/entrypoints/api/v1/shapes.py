"""What the JSON API is sent, bounded and strict."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=1, le=(1 << 63) - 1)]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[a-z][a-z0-9_.]*$")]
Batch = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Words = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class Sent(BaseModel):
    """A body: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid")


class Answer(Sent):
    """An answer to a card."""

    answer: Word
    reason: Words = ""
    version: Annotated[int, Field(ge=1, le=1 << 30)] | None = None
    """The card's version that was looked at; without it, as it is now."""
    batch: Batch = "single"


class HandOver(Sent):
    """Another team for a card, and what was tried."""

    team: Word
    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00]*\S[^\x00]*$")]
    batch: Batch = "single"


class Snooze(Sent):
    """For how many hours a card is put aside."""

    hours: Annotated[int, Field(ge=1, le=240)]
    batch: Batch = "single"


class Problem(BaseModel):
    """What went wrong (RFC 9457), without a word of a chart."""

    title: str
    status: int
    detail: str
