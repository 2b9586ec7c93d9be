"""Cases that look for slots at the same moment, through the real engine and record; also one worker process.

The journey does what an offer does: it reads the openings, decides, holds what it offers, and
whoever loses a hold decides again on fresh facts.
"""

import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import trivial

from careengine.capabilities import scheduling
from careengine.capabilities.scheduling import ClinicSetting, ClinicsPolicy
from careengine.capabilities.scheduling.wiring import LOADERS
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine, compose
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.journey import Case, Event, Facts, Instant, Journey, Open, Policies
from careengine.engine.keys import key_of
from careengine.engine.opening import new_row, open_rows
from careengine.kernel.next import Next, to
from careengine.kernel.policy import PolicyRef
from careengine.kernel.refs import Ref
from careengine.kernel.team import Team
from careengine.policy.book import book_of
from careengine.policy.sources import all_sources
from careengine.record.subjects import subject_of
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import unpack
from careengine.runtime.codes import Codes
from careengine.runtime.collector import calm
from careengine.runtime.database import Connection, connect
from careengine.runtime.ids import SystemIds
from careengine.runtime.organisation import Organisation
from careengine.trust.access import Access

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
CLOCK = "engine.place_event"
CLINICS = 100
_MAY_READ = """
@id("bench.slot_race")
permit (principal == Journey::"slot_race", action == Action::"read", resource)
when { resource in [Kind::"identity", Kind::"scheduling"] };
"""
_TEAM = {"people": ["a"], "backup": "b", "supervisor": "c", "director": "d", "executive": "e"}


def clinics(offered: int) -> ClinicsPolicy:
    """Return clinics without limits of time, so that only the slots are scarce."""
    return ClinicsPolicy(
        ref=PolicyRef("bench.clinics", 1),
        clinics={
            f"c{n}": ClinicSetting(
                name=f"c{n}", service="urn:bench|visit", partner="ehr", address="here", phone="+15550100000",
                windows={"routine": 720}, minutes=30, offered=offered, hold_minutes=600, lead_hours=0,
            )
            for n in range(CLINICS)
        },
        parts={},
        apart_minutes=120,
        near_km=10,
    )  # fmt: skip


RULES = {one: clinics(one) for one in (1, 3)}


def one_worker_a_clinic(case: Case) -> tuple[str, ...]:
    """Return the clinic as a lock; a race for a single slot goes without, so that its hold is contested."""
    return () if case.data["offered"] == 1 else (f"clinic:{case.data['clinic']}",)


journey = Journey(
    "slot_race", version=1, subject="ServiceRequest", outcome="holds a slot", target="bench.race"
)


@journey.state(
    "looking", owner=Team.ACCESS, clock=CLOCK, awaits="a_slot", needs=(scheduling.OPENINGS,),
    goes=("holding", "left_out"), locks=one_worker_a_clinic,
)  # fmt: skip
def looking(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
    """Hold what is offered, or go without."""
    rules, clinic = RULES[int(case.data["offered"] or 1)], str(case.data["clinic"])  # type: ignore[arg-type]
    offer = scheduling.decide_offer(
        facts[scheduling.OPENINGS], clinic=clinic, urgency="routine", wish=str(case.data.get("wish") or ""),
        now=now, zone=case.zone, policy=rules,
    )  # fmt: skip
    slots = scheduling.offered(offer)
    if not slots:
        return to("left_out", because=offer)
    held = scheduling.holds(offer, clinic=clinic, now=now, policy=rules)
    return to("holding", because=offer, holds=held, data={"slots": " ".join(slots)})


journey.end("holding", outcome="holds a slot", reached_goal=True)
journey.end("left_out", outcome="nothing was left", reached_goal=False)


def engine_on(conn: Connection, clock: FixedClock) -> Engine:
    """Return an engine that knows only the race."""
    organisation = Organisation.model_validate_json(
        orjson.dumps({
            "name": "Bench", "side": "provider",
            "sites": {"main": {"zone": "America/Chicago", "calendar": "calendars.us_federal"}},
            "teams": {"access": _TEAM},
            "journeys": ["slot_race"],
            "partners": {},
        })
    )  # fmt: skip
    known = {name: source for name, source in all_sources().items() if trivial.fits(name)}
    engine = Engine(
        journeys=(journey,), loaders=LOADERS, runners={}, organisation=organisation,
        book=book_of(known, trivial.SCHEMAS), codes=Codes.load(conn), ids=SystemIds.of(conn),
        clock=clock, code_version="bench", placing="slot_race",
        access=Access.from_package(),
    )  # fmt: skip
    engine = compose(conn, engine)
    conn.commit()
    return engine


def access(engine: Engine) -> Access:
    """Return the package's access policies with a line for the race."""
    with tempfile.TemporaryDirectory() as pack:
        (Path(pack) / "access").mkdir()
        (Path(pack) / "access" / "bench.cedar").write_text(_MAY_READ)
        return Access.load(engine.book, [Path(pack)])


def put(conn: Connection, resources: Iterable[dict[str, Any]]) -> None:
    """Write resources into the record, some thousands at a time."""
    some = [
        NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=r) for r in resources
    ]
    for start in range(0, len(some), 5000):
        write_versions(conn, some[start : start + 5000], recorded_at=real_now())
        conn.commit()


def calendar(names: Sequence[str], days: int, per_day: int, *, span: int = 1) -> list[dict[str, Any]]:
    """Return clinics with free half-hours every day from tomorrow on, a schedule for each ``span`` days."""
    found: list[dict[str, Any]] = []
    first = NOW.replace(hour=14) + timedelta(days=1)
    for name in names:
        found.append({"resourceType": "HealthcareService", "id": name, "active": True})
        for day in range(days):
            start = first + timedelta(days=day)
            schedule = f"{name}-{day // span}"
            if day % span == 0:
                found.append(_schedule(schedule, name, start, start + timedelta(days=span - 1, hours=8)))
            found += [
                _slot(f"{name}-{day}-{n}", schedule, start + timedelta(minutes=30 * (n // 4)))
                for n in range(per_day)
            ]
    return found


def _schedule(own_id: str, clinic: str, start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "resourceType": "Schedule", "id": own_id, "active": True,
        "actor": [{"reference": f"HealthcareService/{clinic}"}],
        "planningHorizon": {"start": start.isoformat(), "end": end.isoformat()},
    }  # fmt: skip


def _slot(own_id: str, schedule: str, start: datetime) -> dict[str, Any]:
    return {
        "resourceType": "Slot", "id": own_id, "schedule": {"reference": f"Schedule/{schedule}"},
        "status": "free", "start": start.isoformat(), "end": (start + timedelta(minutes=30)).isoformat(),
    }  # fmt: skip


def open_cases(conn: Connection, engine: Engine, wanted: Sequence[dict[str, Any]]) -> None:
    """Open one case for each of ``wanted``, its data; every case has its own patient."""
    put(conn, ({"resourceType": "Patient", "id": f"p{n}"} for n in range(len(wanted))))
    people = [Ref("Patient", f"p{n}") for n in range(len(wanted))]
    subjects = subject_of(conn, people)
    clocks, coded = (
        ClockDesk(engine.book, coded_sites(engine), engine.clock.now()),
        engine.newest("slot_race"),
    )
    rows = {
        key_of("race", n): new_row(
            engine, clocks, coded, Open(key=str(n), data={"focus": f"ServiceRequest/{n}", **data}),
            subject=subjects[people[n]],
        )
        for n, data in enumerate(wanted)
    }  # fmt: skip
    open_rows(conn, rows)
    conn.commit()


def outcomes(conn: Connection, engine: Engine) -> tuple[dict[str, int], list[str]]:
    """Return how many cases are in which state, and the slots that cases hold, as the cases tell it."""
    counts: dict[str, int] = {}
    held: list[str] = []
    for state, data in conn.execute("select state, data from engine_case"):
        name = engine.codes.name("state", state)
        counts[name] = counts.get(name, 0) + 1
        held += str(orjson.loads(unpack(data)).get("slots") or "").split()
    return counts, held


def main() -> None:
    """Be one worker process: say ready, wait for the word, advance until nothing is left."""
    url, size = sys.argv[1], int(sys.argv[2])
    with connect(url) as conn:
        clock = FixedClock(NOW)
        engine = engine_on(conn, clock)
        hand = Dispatcher(conn, engine, access=access(engine), batch_size=size)
        calm()
        print("ready", flush=True)
        sys.stdin.readline()
        while hand.advance() or _time_passes(conn, clock):
            pass
        print(hand.counts.advanced, flush=True)


def _time_passes(conn: Connection, clock: FixedClock) -> bool:
    """Let a second pass while some case still looks: one that lost its holds waits that long."""
    found = conn.execute("select exists (select from engine_case where closed_at is null)").fetchone()
    conn.rollback()
    clock.advance(timedelta(seconds=1))
    return bool(found and found[0])


if __name__ == "__main__":
    main()
