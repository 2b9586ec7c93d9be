"""The one shape every answer takes, so that any of them can be shown, audited, recomputed and replayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from careengine.kernel.errors import Refused
from careengine.kernel.policy import PolicyRef, Scalar


class Route(StrEnum):
    """Who carries the work from here."""

    PROCEED = "proceed"
    ASK = "ask"


class Bearing(StrEnum):
    """What a piece of evidence does for the answer."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code and its parameters; the words are policy and are rendered with the pinned version."""

    code: str
    params: Mapping[str, Scalar] = field(default_factory=dict)


def because(code: str, **params: Scalar) -> tuple[Reason, ...]:
    """Return one reason as the tuple a decision carries."""
    return (Reason(code, params),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the answer rests on: where it stands, and the words found there.

    ``source`` reads ``Type/id@version#element``; ``start`` and ``end`` are character
    offsets into that element's text, when the words are a part of it.
    """

    source: str
    words: str = ""
    start: int | None = None
    end: int | None = None
    bearing: Bearing = Bearing.SUPPORTS


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model spoke, to the version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Flip:
    """The nearest change that would change the answer: were ``fact`` ``becomes``, it would be ``answer``."""

    fact: str
    becomes: Scalar
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided, why, on which evidence, under which policy, how sure, and what would flip it.

    A pure rule returns one; only the engine writes it to the ledger. A plain
    ``Decision`` is favourable to the patient: it grants, moves forward or asks.
    """

    question: str
    """Which question was answered, ``capability.question``; its one sentence is wording policy."""
    route: Route
    answer: str
    because: tuple[Reason, ...]
    policy: PolicyRef
    evidence: tuple[Evidence, ...] = ()
    model: ModelRef | None = None
    confidence: float = 1.0
    threshold: float | None = None
    flips: tuple[Flip, ...] = ()

    def __post_init__(self) -> None:
        if not self.because:
            raise Refused(f"The decision on {self.question} gives no reason; every decision carries one.")
        if not 0.0 <= self.confidence <= 1.0:
            raise Refused(f"The decision on {self.question} has a confidence outside 0 to 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Decision):
    """An administrative no: not covered on the day, an exact duplicate, filed too late.

    It needs the plan's clause and the law that allow it, both from policy, and it can
    be appealed. It never rests on medical judgement: that is an ``AdverseDecision``.
    """

    clause: str
    law: str
    jurisdiction: str

    def __post_init__(self) -> None:
        # super() without arguments fails in a slotted dataclass: the class is made anew.
        Decision.__post_init__(self)
        if not (self.clause.strip() and self.law.strip() and self.jurisdiction.strip()):
            raise Refused(
                f"The refusal on {self.question} must name its clause, its law and its jurisdiction."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicianBasis:
    """Who answers for a clinical no: a licensed clinician who looked at this individual's record."""

    clinician: str
    licence: str
    specialty: str
    attestation: str
    """The clinician's own words that the individual record was reviewed."""

    def __post_init__(self) -> None:
        if not all(part.strip() for part in (self.clinician, self.licence, self.specialty, self.attestation)):
            raise Refused("A clinician's basis needs name, licence, specialty and attestation; one is empty.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseDecision(Decision):
    """A clinical denial, reduction or delay: medical necessity, level of care, experimental use.

    It cannot be built without a :class:`ClinicianBasis`; the engine accepts it only
    from a person's act, and the database refuses it otherwise. Software cannot make
    one (42 CFR 422.566(d); California SB 1120).
    """

    basis: ClinicianBasis

    def __post_init__(self) -> None:
        Decision.__post_init__(self)
        if not isinstance(self.basis, ClinicianBasis):
            raise Refused(f"The adverse decision on {self.question} has no clinician's basis.")
