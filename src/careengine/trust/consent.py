"""What a patient agreed to or refused, from FHIR Consent; asked at chart reads and before the wire.

Of several consents the newest that speaks to the question counts, in it the deepest
provision. What we cannot read exactly (a recipient, a class of documents) grants
nothing but still refuses: when unsure, the chart stays closed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from careengine.policy.book import PolicyBook
from careengine.record import read
from careengine.record.moments import LATEST, moment
from careengine.runtime.database import Connection
from careengine.trust.actor import Purpose
from careengine.trust.sharing import SHARING, Label

CHANNEL_SYSTEM = "http://hl7.org/fhir/contact-point-system"
"""A provision whose code is one of these (sms, phone, email) speaks of messages only."""
ADDRESS_SYSTEM = "urn:careengine:address"
"""A provision whose code is one of these speaks of the number or e-mail address of that digest only."""
_PURPOSES: Mapping[str, Purpose] = {
    "TREAT": Purpose.TREATMENT,
    "CAREMGT": Purpose.TREATMENT,
    "COC": Purpose.TREATMENT,
    "HPAYMT": Purpose.PAYMENT,
    "CLMATTCH": Purpose.PAYMENT,
    "COVAUTH": Purpose.PAYMENT,
    "HOPERAT": Purpose.OPERATIONS,
    "ETREAT": Purpose.EMERGENCY,
    "BTG": Purpose.EMERGENCY,
}
"""HL7 v3 ActReason as our purposes; other reasons (research, marketing) are none of ours."""
_UNREAD = ("actor", "class", "data", "dataPeriod")
"""Narrowings of a provision that we do not read."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_PRIVACY = "patient-privacy"
_SPEAKS = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One provision: permits or refuses, for which purposes, channels and labels, from when until when."""

    permits: bool
    given_at: datetime
    depth: int
    start: datetime
    end: datetime
    narrowed: bool = False
    """It holds for a part we cannot tell."""
    purposes: frozenset[Purpose] | None = None
    """``None`` is every purpose; an empty set is none of ours."""
    channels: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    labels: frozenset[Label] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is about to be done with a person's data, at which time."""

    purpose: Purpose
    at: datetime
    channel: str = ""
    address: str = ""
    """The digest of the number or e-mail address that would be written to."""
    labels: frozenset[Label] = frozenset()


def answer(rules: Iterable[Rule], question: Question) -> bool | None:
    """Say whether the patient agreed (True), refused (False) or said nothing to it (None)."""
    speaking = [rule for rule in rules if _speaks_to(rule, question)]
    if not speaking:
        return None
    return max(speaking, key=lambda rule: (rule.given_at, rule.depth, not rule.permits)).permits


def _speaks_to(rule: Rule, question: Question) -> bool:
    if not rule.start <= question.at < rule.end or (rule.narrowed and rule.permits):
        return False
    if rule.purposes is not None and question.purpose not in rule.purposes:
        return False
    if rule.channels and question.channel not in rule.channels:
        return False
    if rule.addresses and not _is_about(rule, question):
        return False
    if rule.labels and not rule.labels & question.labels:
        return False
    # A general yes is no yes to texts, nor to what is specially protected; a general no is a no to both.
    unnamed = (question.channel and not rule.channels) or (question.labels and not rule.labels)
    return not (unnamed and rule.permits)


def _is_about(rule: Rule, question: Question) -> bool:
    """Say whether a rule about some numbers speaks to this one; unsure which one is meant, a no does."""
    return question.address in rule.addresses or (not question.address and not rule.permits)


def rules_of(consent: Mapping[str, Any]) -> list[Rule]:
    """Return a Consent's provisions; one that is not active, or is no privacy consent, has none."""
    scopes = {coding.get("code") for coding in (consent.get("scope") or {}).get("coding") or ()}
    if consent.get("status") != _SPEAKS or (scopes and _PRIVACY not in scopes):
        return []
    found = moment(consent.get("dateTime") or "")
    return list(_provisions(consent.get("provision") or {}, found[0] if found else _EARLIEST, 0))


def _provisions(provision: Mapping[str, Any], given_at: datetime, depth: int) -> Iterator[Rule]:
    kind = provision.get("type")
    if kind in {"permit", "deny"}:
        start, end = _period(provision.get("period") or {})
        codes = [c for concept in provision.get("code") or () for c in concept.get("coding") or ()]
        channels = [c.get("code", "") for c in codes if c.get("system") == CHANNEL_SYSTEM]
        addresses = [c.get("code", "") for c in codes if c.get("system") == ADDRESS_SYSTEM]
        yield Rule(
            permits=kind == "permit", given_at=given_at, depth=depth, start=start, end=end,
            narrowed=any(n in provision for n in _UNREAD) or len(channels) + len(addresses) < len(codes),
            purposes=_purposes(provision.get("purpose")), channels=frozenset(channels),
            addresses=frozenset(addresses),
            labels=frozenset(
                (c.get("system", ""), c.get("code", "")) for c in provision.get("securityLabel") or ()
            ),
        )  # fmt: skip
    for inner in provision.get("provision") or ():
        yield from _provisions(inner, given_at, depth + 1)


def _purposes(codings: Sequence[Mapping[str, Any]] | None) -> frozenset[Purpose] | None:
    if not codings:
        return None
    return frozenset(_PURPOSES[c["code"]] for c in codings if c.get("code") in _PURPOSES)


def _period(period: Mapping[str, Any]) -> tuple[datetime, datetime]:
    start = moment(period.get("start") or "")
    end = moment(period.get("end") or "")
    return start[0] if start else _EARLIEST, end[1] if end else LATEST


def consents_of(conn: Connection, subjects: Iterable[UUID]) -> dict[UUID, list[Rule]]:
    """Return what each person agreed to or refused, whatever chart it stands in."""
    wanted = list(dict.fromkeys(subjects))
    if not wanted:
        return {}
    found = read.by_subject(conn, wanted, ("Consent",))
    return {
        subject: [rule for one in stored for rule in rules_of(orjson.loads(one.raw))]
        for subject, stored in found.items()
    }


class Leaving(Protocol):
    """An effect about to leave, as far as consent must know it."""

    @property
    def id(self) -> int:
        """Its id."""
        ...

    @property
    def subject(self) -> UUID:
        """Whom it is about."""
        ...

    @property
    def purpose(self) -> str:
        """Why it leaves."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """What it carries: ``channel`` for one to the patient, ``address`` (a digest) to where."""
        ...


class Objections:
    """Says, just before the wire, what may not leave: refused, not agreed to, or to somebody who died."""

    def __init__(self, book: PolicyBook) -> None:
        self._book = book

    def __call__(self, conn: Connection, leaving: Sequence[Leaving], now: datetime) -> dict[int, str]:
        """Return a reason code by effect id for each that may not leave; one query for the whole batch."""
        agree_first = self._book.value(SHARING, now.astimezone(UTC).date()).agree_first
        rules = consents_of(conn, (one.subject for one in leaving))
        written_to = {one.subject for one in leaving if one.body.get("channel")}
        dead = _dead(conn, written_to) if written_to else set()
        found = {}
        for one in leaving:
            channel = str(one.body.get("channel") or "")
            why = _objection(
                rules.get(one.subject, []), _question(one, channel, now), agreed_first=channel in agree_first
            )
            if channel and one.subject in dead:
                why = "consent.patient_died"
            if why:
                found[one.id] = why
        return found


def _question(leaving: Leaving, channel: str, now: datetime) -> Question | None:
    try:
        address = str(leaving.body.get("address") or "")
        return Question(purpose=Purpose(leaving.purpose), at=now, channel=channel, address=address)
    except ValueError:
        return None


def _objection(rules: Sequence[Rule], question: Question | None, *, agreed_first: bool) -> str:
    if question is None:
        return "consent.purpose_unknown"
    said = answer(rules, question)
    if said is False:
        return "consent.refused"
    return "consent.not_given" if said is None and agreed_first else ""


def _dead(conn: Connection, subjects: Iterable[UUID]) -> set[UUID]:
    found = read.by_subject(conn, subjects, ("Patient",))
    return {subject for subject, stored in found.items() if any(_has_died(one.raw) for one in stored)}


def _has_died(raw: bytes) -> bool:
    patient = orjson.loads(raw)
    return bool(patient.get("deceasedBoolean") or patient.get("deceasedDateTime"))
