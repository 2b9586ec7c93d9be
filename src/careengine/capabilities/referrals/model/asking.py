"""What is asked while something is missing: of whom, by which way, how often, and by when it is due. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from careengine.kernel.policy import PolicyName, PolicyRef, Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One missing item that was asked for: of whom, by which way, how far along its ways, until when."""

    item: str
    of: str
    """``sender`` or ``patient``: whose it is to bring, whichever way they are asked."""
    way: str
    """``sender`` (a Task to their system), ``message`` or ``letter``."""
    step: int
    """Which of the item's ways this was, counted from 1."""
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAsk:
    """What a patient is written: a template's name and its parameters; ``letter`` when only post will do."""

    template: str
    params: Mapping[str, Scalar] = field(default_factory=dict)
    letter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingPolicy:
    """By which ways each item is asked for, one after the other, and how long each has."""

    ref: PolicyRef
    of_sender: tuple[str, ...]
    """The ways for whatever a sender owes, first to last."""
    of_patient: Mapping[str, tuple[str, ...]]
    """Item → its ways, first to last; an item not listed is a person's."""
    days: Mapping[str, int]
    """Way → how many weekdays an answer by it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPolicy:
    """How a referral that came as a document is read."""

    ref: PolicyRef
    notes: frozenset[str]
    """LOINC codes of documents that are a referral as a whole."""
    reasons: frozenset[str]
    """LOINC codes of the sections that say why, and what is asked."""
    further: frozenset[str]
    """LOINC codes of the sections whose words may be urgent too."""
    systems: Mapping[str, str]
    """Systems of patients' numbers as senders write them → as our record does."""


DOCUMENTS = PolicyName("referrals.documents", DocumentPolicy)
ASKING = PolicyName("referrals.asking", AskingPolicy)
