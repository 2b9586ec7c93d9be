"""One policy as its file says it: whose it is, what it answers, and what it says from which day until which.

A policy is ``<area>/<name>.yaml`` with ``<name>.cases.yaml`` beside it::

    policy: access.acknowledgement          # area.name, as the path says
    schema: access.acknowledgement          # the registered shape of what stands under "values"
    question: Within how many days is a referral acknowledged?
    owner: access-operations
    approver: clinical-safety               # somebody else than the owner
    references:
      - {title: "Referral agreement, section 4", href: "https://intranet.example/agreement#4"}
    jurisdiction: US
    applies_by: received                    # received | service | decision: which day counts
    review_by: 2027-01-01
    guardrails:                             # optional: publishing is refused when a replay breaks one
      acknowledged_late_per_day: {may_rise_by: 0.0}
    effective:                              # half-open: the first day counts, "until" does not
      - from: 2026-01-01
        values: {days: 3}
      - from: 2026-07-01                    # without "until", values hold until the next ones begin
        values: {days: 2}

Instead of ``values``, a decision table may stand: ``table: triage.jdm.json`` (a file in the same folder).
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from careengine.kernel.period import Period
from careengine.policy.findings import BrokenPolicy, Finding
from careengine.policy.plain import Document, read_plain
from careengine.policy.strict import Place, fit

NAME = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
_TABLE_FILE = r"^[a-z0-9_]+\.jdm\.json$"


class AppliesBy(StrEnum):
    """Which day of a case chooses among the dated values."""

    RECEIVED = "received"
    SERVICE = "service"
    DECISION = "decision"


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Reference(_Strict):
    """Where it is written: a law, a contract, a guideline, a decision of the house."""

    title: str = Field(min_length=1)
    href: str = Field(pattern=r"^(https?://|urn:)\S+$")


class Guardrail(_Strict):
    """A bound that a replay of a draft may not break; shares are of the present value (0.2 is a fifth)."""

    may_rise_by: float | None = Field(default=None, ge=0)
    may_fall_by: float | None = Field(default=None, ge=0)
    at_least: float | None = None
    at_most: float | None = None


class Span(_Strict):
    """What the policy says from one day on, half-open."""

    from_: date = Field(alias="from")
    until: date | None = None
    values: dict[str, Any] | None = None
    table: str | None = Field(default=None, pattern=_TABLE_FILE)


class Header(_Strict):
    """The head of every policy file."""

    policy: str = Field(pattern=NAME)
    schema_: str = Field(alias="schema", pattern=r"^[a-z][a-z0-9_.]*$")
    question: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    approver: str = Field(min_length=1)
    references: tuple[Reference, ...] = Field(min_length=1)
    jurisdiction: str = Field(min_length=1)
    applies_by: AppliesBy
    review_by: date
    guardrails: dict[str, Guardrail] = Field(default_factory=dict)
    effective: tuple[Span, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class PolicySource:
    """The texts that make up one policy, wherever they are kept."""

    where: str
    """The file as a person would find it; it stands in every finding."""
    text: str
    cases: str | None = None
    tables: Mapping[str, str] | None = None

    def body(self) -> bytes:
        """Return the texts as they are published and kept."""
        return msgspec.json.encode(
            {"text": self.text, "cases": self.cases, "tables": self.tables or {}}, order="sorted"
        )

    @classmethod
    def from_body(cls, where: str, body: bytes) -> "PolicySource":
        """Return what :meth:`body` kept."""
        kept = msgspec.json.decode(body)
        return cls(where, kept["text"], kept["cases"], kept["tables"])

    def digest(self) -> bytes:
        """Return the digest of what decides: the policy's text and its tables, not its cases."""
        return hashlib.sha256(msgspec.json.encode([self.text, self.tables or {}], order="sorted")).digest()


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy that reads well: its head is complete and its dates do not overlap."""

    header: Header
    source: PolicySource
    document: Document
    periods: tuple[Period, ...]
    """When each of ``header.effective`` holds, in the same order: the earliest first."""

    @property
    def name(self) -> str:
        """The policy's name, ``area.name``."""
        return self.header.policy

    @property
    def schema(self) -> str:
        """The name of the shape its values have."""
        return self.header.schema_

    def gaps(self) -> tuple[Period, ...]:
        """Return the spans between two dated versions in which the policy says nothing."""
        return tuple(
            Period(earlier.end, later.start)
            for earlier, later in pairwise(self.periods)
            if earlier.end is not None and earlier.end < later.start
        )


def read_policy(source: PolicySource) -> PolicyFile:
    """Return the policy that ``source`` states; its values are judged later, by their schema.

    Raises:
        BrokenPolicy: it is no YAML, a field is missing, unknown or of the wrong kind, two
            dated versions overlap, or an owner approves their own policy.
    """
    document = read_plain(source.where, source.text)
    if not isinstance(document.value, dict):
        raise BrokenPolicy(
            [Finding("", source.where, "The file is no mapping.", "Begin with policy, schema, question.")]
        )
    name = str(document.value.get("policy", ""))
    place = Place(name, source.where, document)
    header = fit(Header, document.value, place)
    findings = [
        *_head_findings(header, place),
        *_span_findings(header, place, source.tables or ()),
        *_order_findings(header, place),
    ]
    if findings:
        raise BrokenPolicy(findings)
    return PolicyFile(header, source, document, _periods(header.effective))


def _periods(spans: Sequence[Span]) -> tuple[Period, ...]:
    following = [span.from_ for span in spans[1:]] + [None]
    return tuple(Period(span.from_, span.until or nxt) for span, nxt in zip(spans, following, strict=True))


def _head_findings(header: Header, place: Place) -> list[Finding]:
    findings = []
    if header.owner == header.approver:
        problem = f"{header.owner} owns and approves the policy."
        findings.append(place.finding(("approver",), problem, "Name somebody else as the approver."))
    first = min(span.from_ for span in header.effective)
    if header.review_by <= first:
        problem = f"The review on {header.review_by} is due before the policy begins on {first}."
        findings.append(place.finding(("review_by",), problem, "Set review_by after the first day."))
    return findings


def _span_findings(header: Header, place: Place, tables: Collection[str]) -> list[Finding]:
    findings = []
    for index, span in enumerate(header.effective):
        at = ("effective", index)
        if span.until is not None and span.until <= span.from_:
            problem = f"It ends on {span.until}, not after it begins on {span.from_}."
            findings.append(place.finding(at, problem, "Correct from or until."))
        if (span.values is None) == (span.table is None):
            findings.append(
                place.finding(at, "It must have either values or a table.", "Give one of the two.")
            )
        if span.table is not None and span.table not in tables:
            problem = f"The table {span.table} is not beside the policy."
            findings.append(place.finding(at, problem, "Add the file, or correct its name."))
    return findings


def _order_findings(header: Header, place: Place) -> list[Finding]:
    findings = []
    for index, (earlier, later) in enumerate(pairwise(header.effective)):
        at = ("effective", index + 1)
        if later.from_ < earlier.from_:
            problem = f"The version from {later.from_} stands after the one from {earlier.from_}."
            findings.append(place.finding(at, problem, "Put the earliest first."))
        elif later.from_ == earlier.from_ or (earlier.until is not None and earlier.until > later.from_):
            until = earlier.until or "the next begins"
            problem = f"Two versions overlap: one from {earlier.from_} until {until}, one from {later.from_}."
            do = f"End the first on {later.from_} or earlier: until is the first day it no longer holds."
            findings.append(place.finding(at, problem, do))
    return findings
