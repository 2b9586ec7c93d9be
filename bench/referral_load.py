"""The real referral journey under load: patients, coverage, results, referrals put down, then carried.

Counted are the steps of cases (received, decided, acknowledgement asked for, delivered,
closed), not the writing of the load. Deliveries are told to the cases as sending would.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import rig

from careengine.engine.case import EFFECT_DELIVERED
from careengine.engine.case_clock import ClockDesk
from careengine.engine.composition import Engine
from careengine.engine.dispatcher import Dispatcher, coded_sites
from careengine.engine.feed_reading import read_feed
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.routing import route_arrived
from careengine.entrypoints.compose import Installation, build, prepare
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import FixedClock, real_now
from careengine.runtime.codec import pack
from careengine.runtime.collector import calm
from careengine.runtime.database import Connection, connect
from careengine.runtime.embedded import EmbeddedServer
from careengine.runtime.organisation import Organisation
from careengine.runtime.settings import Settings

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
_TEAM = {"people": ["a"], "backup": "b", "supervisor": "c", "director": "d", "executive": "e"}
Resource = dict[str, Any]


def installed(url: str) -> Installation:
    """Return an installation around a database: one site, one sender."""
    organisation = Organisation.model_validate_json(
        orjson.dumps({
            "name": "Bench", "side": "provider",
            "sites": {"main": {"zone": "America/New_York", "calendar": "calendars.us_federal"}},
            "teams": {"access": _TEAM, "nurses": _TEAM, "integration": _TEAM},
            "journeys": ["referral_acknowledged"],
            "partners": {"sender": {"url": "http://127.0.0.1:9/", "concurrency": 8, "per_second": 1000.0}},
        })
    )  # fmt: skip
    settings = Settings(database_url=url, organisation=Path("bench"))
    return Installation(settings=settings, organisation=organisation, url=url, clock=FixedClock(NOW))


def directory() -> list[Resource]:
    """Return the sender: one organisation, one practitioner and the role that joins them."""
    return [
        {"resourceType": "Organization", "id": "sender", "name": "Sender",
         "identifier": [{"system": "urn:careengine:partner", "value": "sender"}]},
        {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Hale"}]},
        {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "Practitioner/dr"},
         "organization": {"reference": "Organization/sender"}},
    ]  # fmt: skip


def referral(n: int) -> list[Resource]:
    """Return one complete referral to cardiology with its own patient, coverage and recent ECG."""
    patient = {"reference": f"Patient/p{n}"}
    recent = (NOW - timedelta(days=9)).isoformat()
    mr = {"coding": [{"system": TYPES, "code": "MR"}]}
    placer = {"coding": [{"system": TYPES, "code": "PLAC"}]}
    return [
        {"resourceType": "Patient", "id": f"p{n}", "gender": "female", "birthDate": "1961-04-02",
         "identifier": [{"type": mr, "system": "urn:bench:mrn", "value": f"M{n}"}],
         "name": [{"family": f"Family{n}", "given": ["Given"]}],
         "telecom": [{"system": "phone", "value": f"555-{n:07d}"}]},
        {"resourceType": "Coverage", "id": f"c{n}", "status": "active", "beneficiary": patient,
         "payor": [{"reference": "Organization/sender"}],
         "period": {"start": "2026-01-01", "end": "2026-12-31"}},
        {"resourceType": "Observation", "id": f"e{n}", "status": "final", "subject": patient,
         "code": {"coding": [{"system": LOINC, "code": "11524-6"}]}, "effectiveDateTime": recent},
        {"resourceType": "ServiceRequest", "id": f"r{n}", "status": "active", "intent": "order",
         "identifier": [{"type": placer, "system": "urn:bench:placer", "value": f"B{n}"}],
         "category": [{"coding": [{"system": SNOMED, "code": "3457005"}]}], "priority": "routine",
         "code": {"coding": [{"system": SNOMED, "code": "308471005"}]}, "subject": patient,
         "authoredOn": (NOW - timedelta(minutes=12)).isoformat(),
         "requester": {"reference": "PractitionerRole/role"}, "insurance": [{"reference": f"Coverage/c{n}"}],
         "reasonCode": [{"text": "Palpitations on exertion for some weeks, no warning signs."}],
         "note": [{"text": "Is more to be done? Denies chest pain at rest. Mother had a stroke."}],
         "supportingInfo": [{"reference": f"Observation/e{n}"}]},
    ]  # fmt: skip


def put_down(conn: Connection, resources: list[Resource]) -> None:
    """Write resources to the record, a few hundred at a time."""
    for start in range(0, len(resources), 800):
        versions = [
            NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=r)
            for r in resources[start : start + 800]
        ]
        write_versions(conn, versions, recorded_at=real_now())
        conn.commit()


def load(url: str, count: int) -> None:
    """Prepare the database, write the load, and route every referral to a case of its own."""
    here = installed(url)
    prepare(here)
    with connect(url) as conn:
        put_down(conn, directory())
        put_down(conn, [resource for n in range(count) for resource in referral(n)])
        engine, _ = build(conn, here)
        clocks = ClockDesk(engine.book, coded_sites(engine), engine.clock.now())
        while read_feed(conn, engine) + route_arrived(conn, engine, clocks):
            pass


def tell_deliveries(conn: Connection, engine: Engine) -> None:
    """Tell every case that its acknowledgement was delivered, as sending does."""
    rows = conn.execute("select id, case_id, kind from effect where status = 0 order by id").fetchall()
    at, names = engine.clock.now(), engine.codes.name
    for start in range(0, len(rows), 2000):
        events = [
            NewEvent(
                kind=EFFECT_DELIVERED, at=at, key=key_of("delivered", effect), cases=(case,),
                body=pack(orjson.dumps({"effect": effect, "effect_kind": names("effect", kind)})),
            )
            for effect, case, kind in rows[start : start + 2000]
        ]  # fmt: skip
        post(conn, engine, events, recorded_at=real_now())
        conn.commit()


def measure(running: EmbeddedServer, count: int) -> dict[str, float]:
    """Return the rate of the real handler over all steps of ``count`` referrals, two workers."""
    url = rig.database(running, "bench_referrals")
    load(url, count)
    steps, took = _drained(running, url)
    here = installed(url)
    with connect(url) as conn:
        engine, _ = build(conn, here)
        tell_deliveries(conn, engine)
    more, longer = _drained(running, url)
    with connect(url) as conn:
        ended = conn.execute("select count(*) from engine_case where closed_at is not null").fetchone()
    if ended is None or ended[0] != count:
        raise SystemExit(
            f"Only {ended} of {count} referrals were acknowledged; the load is not what it should be."
        )
    return {
        "transitions_per_s": round((steps + more) / (took + longer)),
        "referrals": count,
        "steps_per_referral": round((steps + more) / count, 2),
    }


def _drained(running: EmbeddedServer, url: str) -> tuple[int, float]:
    with connect(running.url("postgres"), autocommit=True) as conn:
        conn.execute("checkpoint")
    workers = [rig.spawn("referral_load.py", url) for _ in range(2)]
    rig.when_ready(workers)
    began = time.perf_counter()
    rig.release(workers)
    done = [int(worker.stdout.readline()) for worker in workers if worker.stdout]
    took = time.perf_counter() - began
    for worker in workers:
        worker.wait()
    return sum(done), took


def main() -> None:
    """Be one worker process: say ready, wait for the word, advance until nothing is left."""
    with connect(sys.argv[1]) as conn:
        engine, access = build(conn, installed(sys.argv[1]))
        conn.commit()
        hand = Dispatcher(conn, engine, access=access, batch_size=400)
        calm()
        print("ready", flush=True)
        sys.stdin.readline()
        while hand.advance():
            pass
        print(hand.counts.advanced, flush=True)


if __name__ == "__main__":
    main()
