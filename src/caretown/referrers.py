"""The senders beyond acknowledgements: they are asked for what is missing, and read reports.

They listen where the partners listen (``POST /<partner>``). What they answer, they send as FHIR: the referral
 with nothing missing, and a Task that says that a report was reviewed.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from caretown.agenda import Agenda
from caretown.ehr_feed import Feed
from caretown.letters import Letter
from caretown.listener import Reply, Request
from caretown.oddities import Plan
from caretown.partner_log import PartnerLog
from caretown.partners import Partners
from caretown.people import Resource
from caretown.town_plan import TownPlan

_PROVIDE = "provide-missing-information"
_REVIEWS = "urn:careengine:review"
_REVIEW = {"coding": [{"system": "urn:careengine:task", "code": "review-report"}]}
_THEIRS = frozenset({"meta", "text"})


@dataclass(slots=True)
class Referrers:
    """Every practice that refers; ``answer`` is the partners' HTTP application with more behind it."""

    plan: TownPlan
    agenda: Agenda
    feed: Feed
    now: Callable[[], datetime]
    log: PartnerLog
    oddities: Plan
    read: Callable[[str], Awaitable[Resource | None]]
    """How a resource of the engine is read, as a partner may."""
    asked: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(partner, referral, item) → how often it was asked for."""
    late: int = 0
    """Requests whose due time had passed when they came."""
    undated: int = 0
    reviews: dict[str, str] = field(default_factory=dict)
    """Task to be reviewed → "waits", "done" or "never"."""
    unreadable: int = 0
    _completed: dict[str, Resource] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)
    _partners: Partners = field(init=False)

    def __post_init__(self) -> None:
        self._partners = Partners(self.oddities, self.log)

    def know(self, letters: Iterable[Letter]) -> None:
        """Learn what each referral would be with nothing missing."""
        for letter in letters:
            if letter.completed is not None:
                self._completed[f"ServiceRequest/{letter.truth.service_request}"] = letter.completed
                self._completed[letter.truth.placer] = letter.completed

    def answer(self, request: Request) -> Reply:
        """Answer as the partners do; what is new is also read and acted upon later."""
        partner = request.path.strip("/").split("/")[0]
        key = request.headers.get(b"idempotency-key", b"").decode("latin-1")
        known = key in self.log.keys(partner)
        reply = self._partners.answer(request)
        if request.method == "POST" and key and not known and key in self.log.keys(partner):
            self._read(partner, request.body)
        return reply

    def _read(self, partner: str, raw: bytes) -> None:
        try:
            said = orjson.loads(raw)
            entries = [one["resource"] for one in said.get("entry", ())]
            for resource in (said, *entries):
                if resource.get("resourceType") == "Task":
                    self._task(partner, resource)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            self.unreadable += 1

    def _task(self, partner: str, task: Mapping[str, Any]) -> None:
        codes = {one.get("code") for one in task.get("code", {}).get("coding", ())}
        if _PROVIDE in codes:
            self._asked(partner, task)
        review = next(
            (one["value"] for one in task.get("identifier", ()) if one.get("system") == _REVIEWS), ""
        )
        if review:
            self._to_review(str(review))

    def _asked(self, partner: str, task: Mapping[str, Any]) -> None:
        focus = _referral(task)
        for given in task.get("input", ()):
            for coding in given.get("valueCodeableConcept", {}).get("coding", ()):
                self.asked[partner, focus, str(coding.get("code", ""))] += 1
        due = task.get("restriction", {}).get("period", {}).get("end")
        self.undated += not due
        self.late += bool(due) and datetime.fromisoformat(due) <= self.now()
        completed = self._completed.get(focus)
        never = self.plan.chance("never answers", focus) < self.plan.referrers.never_answer_share
        if completed is None or never or focus in self._answered:
            return
        self._answered.add(focus)
        hours = self.plan.between(self.plan.referrers.answer_hours, "answers", focus)
        self.agenda.at(self.now() + timedelta(hours=hours), lambda: self._send(completed))

    def _send(self, completed: Resource) -> None:
        self.feed.push(*(entry["resource"] for entry in completed["entry"]))

    def _to_review(self, task: str) -> None:
        if task in self.reviews:
            return
        if self.plan.chance("never reviews", task) < self.plan.referrers.never_review_share:
            self.reviews[task] = "never"
            return
        self.reviews[task] = "waits"
        hours = self.plan.between(self.plan.referrers.review_hours, "reviews", task)
        self.agenda.at(self.now() + timedelta(hours=hours), lambda: self._review(task))

    async def _review(self, task: str) -> None:
        """Say that the report was read: the Task as the engine keeps it, completed."""
        kept = await self.read(task) or {"intent": "order", "code": _REVIEW}
        self.reviews[task] = "done"
        done = {"resourceType": "Task", "id": task.rpartition("/")[2], "status": "completed"}
        self.feed.push({name: value for name, value in kept.items() if name not in _THEIRS} | done)

    def told(self) -> dict[str, Any]:
        """Return the counts: what was asked and how often, what was reviewed."""
        states = Counter(self.reviews.values())
        return {
            "items_asked": len(self.asked),
            "asked_more_than_once": sum(times > 1 for times in self.asked.values()),
            "most_often": max(self.asked.values(), default=0),
            "late": self.late,
            "undated": self.undated,
            "answered": len(self._answered),
            "to_review": len(self.reviews),
            "reviewed": states["done"],
            "never_reviewed": states["never"],
            "unreadable": self.unreadable,
            "partners": self.log.summary(),
        }


def _referral(task: Mapping[str, Any]) -> str:
    focus = task.get("focus", {})
    return str(focus.get("identifier", {}).get("value") or focus.get("reference", ""))
