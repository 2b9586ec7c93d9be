"""Eligibility over X12: the 270 asks, the 271 answers (005010X279A1), as values of ours."""

from careengine.wire.x12.asking import build_270, read_270
from careengine.wire.x12.envelope import MOST_BYTES, X12Unreadable, X12Unsendable
from careengine.wire.x12.telling import build_271, read_271
from careengine.wire.x12.values import Answer, Benefit, Inquiry, Person, Rejected, Said

__all__ = [
    "MOST_BYTES",
    "Answer",
    "Benefit",
    "Inquiry",
    "Person",
    "Rejected",
    "Said",
    "X12Unreadable",
    "X12Unsendable",
    "build_270",
    "build_271",
    "read_270",
    "read_271",
]
