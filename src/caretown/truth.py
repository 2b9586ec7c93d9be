"""What was planted in each referral, kept apart from the referrals: only tests and benches look at it."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path


class Expect(StrEnum):
    """What a careful coordinator would do with a referral."""

    ACKNOWLEDGE = "acknowledge"
    """Accept it and tell the sender, alone."""
    ASK = "ask"
    """Show it to a person."""
    JOIN = "join"
    """Recognise it as one that is already here."""
    WITHDRAW = "withdraw"
    """Stop the work on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One referral's secret: what is right about it and what is wrong."""

    letter: str
    service_request: str
    placer: str
    patient: str
    clinic: str
    """Empty when no clinic here offers the service."""
    at: str
    plant: str
    expect: Expect
    urgent: bool = False
    lacks: tuple[str, ...] = ()
    words: str = ""
    """The words that make it urgent, as they stand in the note."""
    decoy: str = ""
    """Why alarming words in it are harmless: denied, past, family, conditional."""
    twin_of: str = ""
    """The id of the ServiceRequest it repeats, nearly repeats or withdraws."""
    visits: int = 1
    """How many visits it orders."""


_NO_VISIT = frozenset({Expect.JOIN, Expect.WITHDRAW})
_NOT_OURS = frozenset({"dead_patient", "only_a_draft", "unknown_clinic"})


def due_a_visit(truths: Iterable[Truth]) -> tuple[Truth, ...]:
    """Return the referrals that should lead to a visit here: what a share of completed ones is a share of.

    Without duplicates, without those that were withdrawn, and without letters that are no
    referral to a clinic of this town (drafts, the dead, services nobody offers).
    """
    known = tuple(truths)
    withdrawn = {one.service_request for one in known if one.expect is Expect.WITHDRAW}
    return tuple(
        one
        for one in known
        if one.expect not in _NO_VISIT and one.plant not in _NOT_OURS and one.service_request not in withdrawn
    )


def write_truth(truths: Iterable[Truth], path: Path) -> None:
    """Write one JSON object a line."""
    lines = [json.dumps(asdict(truth), ensure_ascii=False, sort_keys=True) for truth in truths]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_truth(path: Path) -> tuple[Truth, ...]:
    """Read what :func:`write_truth` wrote."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return tuple(
        Truth(**{**row, "expect": Expect(row["expect"]), "lacks": tuple(row["lacks"])}) for row in rows
    )
