"""A toy journey to a kept visit on the real engine, whose cases live through histories planted day by day."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine, compose
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.intake import NewEvent, post
from careengine.engine.journey import (
    Candidate,
    CardDecided,
    Case,
    Event,
    Facts,
    Instant,
    Join,
    Journey,
    Open,
    Policies,
    Unplaced,
)
from careengine.engine.keys import key_of
from careengine.engine.outgoing import Delivered
from careengine.engine.routing import route_arrived
from careengine.entrypoints.answering import AnswerGiven, answer_card
from careengine.entrypoints.compose import SCHEMAS
from careengine.kernel.decision import Decision, Reason, Route
from careengine.kernel.effect import Effect
from careengine.kernel.next import Next, ask, stay, to
from careengine.kernel.policy import PolicyRef
from careengine.kernel.team import Team
from careengine.oversight.insight.referrals import Report, report_referrals
from careengine.oversight.insight.selecting import Selection
from careengine.policy.book import book_of
from careengine.policy.sources import all_sources
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection
from careengine.runtime.ids import SystemIds
from careengine.runtime.organisation import Organisation
from careengine.trust.access import Access

NAME = "toy_visit"
CLOCK = "access.acknowledge_referral"
_TEAM = {"people": ["ann"], "backup": "bob", "supervisor": "sue", "director": "dan", "executive": "eva"}
ORGANISATION = Organisation.model_validate_json(
    orjson.dumps({
        "name": "Toy", "side": "provider",
        "sites": {
            "main": {"zone": "UTC", "calendar": "calendars.us_federal"},
            "north": {"zone": "UTC", "calendar": "calendars.us_federal"},
        },
        "teams": {"access": _TEAM}, "journeys": [NAME], "partners": {"sms": {"url": "http://127.0.0.1:9/"}},
    })
)  # fmt: skip
FOLLOWS = """
        toy_visit:
          milestones: {kept: [awaiting_report, completed], closed: [completed]}
          not_counted: [joined]
          booked: [scheduled]
"""
_STATES = ("received", "offering", "scheduled", "awaiting_report")
_ENDS = ("completed", "unreachable", "withdrawn", "joined")
_EVERYWHERE = (*_STATES, *_ENDS)

journey = Journey(
    NAME, version=1, subject="ServiceRequest", outcome="visit kept", target="toy.target",
    listens=("toy.arrived",),
)  # fmt: skip


@journey.route
def route(event: Event, candidates: Sequence[Candidate]) -> Join | Open | Unplaced | None:
    key = str(event.body["key"])
    return Open(key=key, site=str(event.body["site"]), data={"clinic": str(event.body["clinic"])})


def _wait(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay()


for _state in _STATES:
    journey.state(
        _state, owner=Team.ACCESS, clock=CLOCK, awaits="our_check", goes=_EVERYWHERE,
        asks=("referrals.duplicate",),
    )(_wait)  # fmt: skip
journey.end("completed", outcome="loop closed", reached_goal=True)
journey.end("unreachable", outcome="nobody could be reached", reached_goal=False)
journey.end("withdrawn", outcome="withdrawn", reached_goal=False)
journey.end("joined", outcome="the same as another", reached_goal=True)


def _said(question: str, answer: str, code: str, route: Route = Route.PROCEED, **params: str) -> Decision:
    return Decision(
        question=question, route=route, answer=answer, because=(Reason(code, params),),
        policy=PolicyRef("toy.policy", 1),
    )  # fmt: skip


@journey.on_any("toy.go", goes=_EVERYWHERE)
def go(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    why = str(event.body.get("why") or "toy.moved")
    return to(str(event.body["to"]), because=_said("toy.go", "go", why, other="secret"))


@journey.on_any("toy.offer")
def offer(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    said = _said("scheduling.offer", "offer", "toy.offered", group=str(event.body["group"]))
    return stay(because=said)


@journey.on_any("toy.text")
def text(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    wait = timedelta(hours=int(str(event.body.get("hours") or 0)))
    sending = Effect(
        kind="messaging.send_text", partner="sms", body={"n": event.id},
        not_before=now + wait if wait else None,
    )  # fmt: skip
    return stay(effects=(sending,))


@journey.on_any("toy.book")
def book(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    body = {"slot": event.body["slot"], "start": "whenever"}
    return stay(effects=(Effect(kind="scheduling.book_appointment", partner="sms", body=body),))


@journey.on_any("toy.ask", asks=("referrals.duplicate",))
def asked(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    proposal = _said("referrals.duplicate", "joined", "toy.looks_the_same", Route.ASK)
    return ask("referrals.duplicate", because=proposal)


@journey.on_any(CardDecided, goes=_EVERYWHERE)
def answered(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert isinstance(event, CardDecided)
    return to("joined") if event.answer == "joined" else stay()


waitlist = Journey(
    "clinic_waitlist", version=1, subject="HealthcareService", outcome="none stays empty",
    target="toy.target", listens=("toy.list",),
)  # fmt: skip


@waitlist.route
def one_list(event: Event, candidates: Sequence[Candidate]) -> Join | Open | Unplaced | None:
    key = str(event.body["key"])
    return Open(key=key, data={"key": key})


waitlist.state("watching", owner=Team.ACCESS, clock=CLOCK, awaits="our_check", goes=("closed",))(_wait)
waitlist.end("closed", outcome="closed", reached_goal=True)


@waitlist.on("watching", "slot.freed")
def freed(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    return stay()


@waitlist.on("watching", "toy.deal", goes=("closed",))
def deal(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    assert event is not None
    asked = tuple(
        Reason("toy.pair", {"case": int(who), "slot": "Slot/x", "group": group})
        for who, group in dict(event.body["to"]).items()  # type: ignore[arg-type]  a test's own words
    )
    because = (Reason("toy.freed", {"slots": 1}), *asked)
    said = Decision(
        question="scheduling.backfill", route=Route.PROCEED, answer="offer", because=because,
        policy=PolicyRef("toy.policy", 1),
    )  # fmt: skip
    return stay(because=said)


@dataclass(frozen=True, slots=True)
class Act:
    """What happens to a case so many days after the beginning."""

    day: float
    kind: str
    body: dict[str, Any] = field(default_factory=dict)


def moved(day: float, state: str, why: str = "") -> Act:
    return Act(day, "toy.go", {"to": state, "why": why})


def offered(day: float, group: str) -> Act:
    return Act(day, "toy.offer", {"group": group})


def texted(day: float, held_hours: int = 0) -> Act:
    return Act(day, "toy.text", {"hours": held_hours})


def booked(day: float, slot: str) -> Act:
    return Act(day, "toy.book", {"slot": slot})


def asked_twin(day: float) -> Act:
    return Act(day, "toy.ask")


def said(day: float, answer: str) -> Act:
    """A person answers the case's open card."""
    return Act(day, "answer", {"answer": answer})


@dataclass
class Histories:
    """The toy's engine on one database, living through what was planted."""

    conn: Connection
    engine: Engine
    clock: FixedClock
    hand: Dispatcher
    start: datetime
    planted: list[tuple[float, int, str, Act | None]] = field(default_factory=list)
    cases: dict[str, int] = field(default_factory=dict)
    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    def plant(
        self, key: str, *acts: Act, opened: float = 0.0, site: str = "main", clinic: str = "cardiology"
    ) -> None:
        """Plant one case: when it is opened, and what happens to it."""
        self.places[key] = (site, clinic)
        self.planted.append((opened, len(self.planted), key, None))
        for act in acts:
            self.planted.append((act.day, len(self.planted), key, act))

    def live_until(self, day: float) -> None:
        """Let everything planted happen in its order, and time pass until ``day``."""
        due = sorted(one for one in self.planted if one[0] <= day)
        self.planted = [one for one in self.planted if one[0] > day]
        for when, _, key, act in due:
            self._pass_to(when)
            self._happen(key, act)
            self._drain()
        self._pass_to(day)

    def report(self, **narrowed: Any) -> Report:
        """Report on what has happened so far."""
        return report_referrals(self.conn, self.engine, Selection(journey=NAME, **narrowed))

    def named(self, ids: Sequence[int]) -> list[str]:
        """Return the keys of cases."""
        keys = {case: key for key, case in self.cases.items()}
        return [keys[case] for case in ids]

    def open_list(self, clinic: str) -> None:
        """Open the waitlist of a clinic."""
        self._post("toy.list", {"key": clinic})
        self._drain()
        row = self.conn.execute("select max(id) from engine_case").fetchone()
        assert row is not None
        self.cases[clinic] = row[0]

    def free(self, clinic: str, slot: str) -> None:
        """Tell a clinic's waitlist that a slot became free."""
        self._post("slot.freed", {"slot": slot}, self.cases[clinic])
        self._drain()

    def deal(self, clinic: str, **to: str) -> None:
        """Let a waitlist offer a slot to cases, each of a group."""
        asked = {str(self.cases[key]): group for key, group in to.items()}
        self._post("toy.deal", {"to": asked}, self.cases[clinic])
        self._drain()

    def reopen(self, key: str, state: str) -> None:
        """Open a closed case again, as a release that mends a mistake would: in the log, and in its row."""
        codes, case, now = self.engine.codes, self.cases[key], self.clock.now()
        values = {
            "case": case, "now": now, "due": now + timedelta(days=1), "state": codes.id("state", state),
            "what": codes.id("what", "migrated"), "real": real_now(),
        }  # fmt: skip
        self.conn.execute(
            "insert into case_event (case_id, version, recorded_at, at, what, from_state, to_state, owner)"
            " select id, version + 1, %(real)s, %(now)s, %(what)s, state, %(state)s, owner from engine_case"
            " where id = %(case)s",
            values,
        )
        self.conn.execute(
            "update engine_case set version = version + 1, state = %(state)s, closed_at = null,"
            " due_at = %(due)s, clock_from = %(now)s, clock_until = %(due)s where id = %(case)s",
            values,
        )
        self.conn.commit()

    def _pass_to(self, day: float) -> None:
        """Let time pass from one due time to the next, so that clocks are heard when they run out."""
        goal = self.start + timedelta(days=day)
        while (due := self._next_due()) is not None and due <= goal:
            self.clock.advance(max(due - self.clock.now(), timedelta()))
            while self.hand.advance():
                pass
        self.clock.advance(goal - self.clock.now())

    def _next_due(self) -> datetime | None:
        row = self.conn.execute("select min(due_at) from engine_case").fetchone()
        self.conn.commit()
        return row[0] if row else None

    def _happen(self, key: str, act: Act | None) -> None:
        if act is None:
            site, clinic = self.places[key]
            self._post("toy.arrived", {"key": key, "site": site, "clinic": clinic})
            self._drain()
            row = self.conn.execute("select max(id) from engine_case").fetchone()
            assert row is not None
            self.cases[key] = row[0]
        elif act.kind == "answer":
            self._answer(self.cases[key], act.body["answer"])
        else:
            self._post(act.kind, act.body, self.cases[key])

    def _answer(self, case: int, answer: str) -> None:
        kind = self.engine.codes.id("card", "referrals.duplicate")
        row = self.conn.execute(
            "select id from card where case_id = %s and kind = %s and status = 0", (case, kind)
        ).fetchone()
        assert row is not None
        given = AnswerGiven(card=row[0], answer=answer, actor="ann", reason="seen", at_once=True)
        answer_card(self.conn, self.engine, given)

    def _post(self, kind: str, body: dict[str, Any], *cases: int) -> None:
        name = key_of(kind, self.engine.ids.next())
        event = NewEvent(kind=kind, at=self.clock.now(), key=name, cases=cases, body=pack(orjson.dumps(body)))
        post(self.conn, self.engine, [event], recorded_at=real_now())
        self.conn.commit()

    def _drain(self) -> None:
        clocks = ClockDesk(self.engine.book, coded_sites(self.engine), self.clock.now())
        while route_arrived(self.conn, self.engine, clocks) + self.hand.advance():
            pass
        self.conn.execute("update effect set status = 1 where status = 0")
        self.conn.commit()


def open_histories(conn: Connection, clock: FixedClock) -> Histories:
    """Return the toy's engine on a fresh database; its report follows the toy journey."""
    sources = dict(all_sources())
    kept = sources["insight.referrals"]
    sources["insight.referrals"] = replace(kept, text=kept.text.rstrip("\n") + FOLLOWS)
    engine = Engine(
        journeys=(journey, waitlist), loaders={},
        runners=dict.fromkeys(
            ("messaging.send_text", "scheduling.book_appointment"), lambda *_: Delivered({})
        ),
        organisation=ORGANISATION, book=book_of(sources, SCHEMAS), codes=Codes.load(conn),
        ids=SystemIds.of(conn), clock=clock, code_version="toy", placing=NAME,
        access=Access.from_package(),
    )  # fmt: skip
    engine = compose(conn, engine)
    conn.commit()
    hand = Dispatcher(conn, engine, access=Access.load(engine.book), batch_size=100)
    return Histories(conn, engine, clock, hand, clock.now())
