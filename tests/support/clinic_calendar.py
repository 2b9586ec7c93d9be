"""A clinic's schedules, slots, patients and appointments as its own system sends them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from careengine.engine.case import Case
from careengine.kernel.refs import Ref
from careengine.record.subjects import subject_of
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.trust.access import Access
from careengine.trust.actor import Reader
from careengine.trust.charts import NOTHING_HELD, Charts, Holds
from careengine.trust.policies import installed_book

NOW = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
"""A Thursday, ten in the morning in New York."""
MAY_READ = """
@id("tests.scheduling")
permit (principal == Journey::"test_visits", action == Action::"read", resource)
when { resource in [Kind::"identity", Kind::"scheduling"] };
"""
ANN = {
    "resourceType": "Patient",
    "id": "ann",
    "name": [{"family": "Adams"}],
    "address": [
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/geolocation",
                    "extension": [
                        {"url": "latitude", "valueDecimal": 42.0},
                        {"url": "longitude", "valueDecimal": -71.0},
                    ],
                }
            ]
        }
    ],
    "extension": [
        {
            "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
            "extension": [
                {
                    "url": "ombCategory",
                    "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"},
                },
                {"url": "text", "valueString": "White"},
            ],
        }
    ],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "es"}]}}],
}
BEN = {"resourceType": "Patient", "id": "ben", "name": [{"family": "Boyle"}]}


def put(conn: Connection, *resources: Mapping[str, Any]) -> None:
    """Write resources as if they had just come in."""
    versions = [
        NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=dict(r))
        for r in resources
    ]
    write_versions(conn, versions, recorded_at=real_now())


def clinic(name: str = "cardiology", *, latitude: float = 42.0, marked: str = "") -> list[dict[str, Any]]:
    """Return a clinic as a service at a place; ``marked`` gives it our identifier and another id."""
    service: dict[str, Any] = {"resourceType": "HealthcareService", "id": marked or name, "active": True}
    if marked:
        service["identifier"] = [{"system": "urn:careengine:clinic", "value": name}]
    place = {
        "resourceType": "Location", "id": name, "position": {"latitude": latitude, "longitude": -71.0},
    }  # fmt: skip
    return [service, place]


def day(
    start: datetime,
    *,
    slots: int = 4,
    of: str = "cardiology",
    service: str = "",
    active: bool = True,
    practitioner: str = "",
) -> list[dict[str, Any]]:
    """Return a schedule of one day and its free half-hours; slots are called ``clinic-MMDD-n``."""
    own_id = f"{of}-{start:%m%d}"
    end = start + timedelta(minutes=30) * slots
    actors = [
        f"HealthcareService/{service or of}",
        f"Location/{of}",
        *([practitioner] if practitioner else []),
    ]
    schedule = {
        "resourceType": "Schedule",
        "id": own_id,
        "active": active,
        "actor": [{"reference": one} for one in actors],
        "planningHorizon": {"start": start.isoformat(), "end": end.isoformat()},
    }
    return [schedule, *(slot(own_id, n, start + timedelta(minutes=30) * n) for n in range(slots))]


def slot(schedule: str, n: int, start: datetime, status: str = "free") -> dict[str, Any]:
    """Return one half-hour of a schedule."""
    return {
        "resourceType": "Slot",
        "id": f"{schedule}-{n}",
        "schedule": {"reference": f"Schedule/{schedule}"},
        "status": status,
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
    }


def appointment(own_id: str, slot_id: str, start: datetime, **said: Any) -> dict[str, Any]:
    """Return Ann's booked half-hour on behalf of referral ``one``."""
    who = ["Patient/ann", *said.pop("with_", ())]
    return {
        "resourceType": "Appointment",
        "id": own_id,
        "status": "booked",
        "basedOn": [{"reference": "ServiceRequest/one"}],
        "slot": [{"reference": f"Slot/{slot_id}"}],
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in who],
        **said,
    }


def a_case(conn: Connection, number: int = 1, *, patient: str = "ann", about: str = "", **data: Any) -> Case:
    """Return a case of a patient that looks for a visit at the heart clinic."""
    ref = Ref("Patient", patient)
    return Case(
        id=number, journey="test_visits", journey_version=1, state="offering", version=1,
        subject=subject_of(conn, [ref])[ref], site="main", zone="America/New_York",
        opened_at=NOW - timedelta(days=3, minutes=-number), entered_at=NOW, about=about,
        data={"clinic": "cardiology", "focus": "ServiceRequest/one", "urgency": "routine", **data},
    )  # fmt: skip


def charts(conn: Connection, pack: Path, *, at: datetime = NOW, held: Holds = NOTHING_HELD) -> Charts:
    """Return charts as the engine hands them to loaders; ``pack`` is a folder for their permission."""
    (pack / "access").mkdir(exist_ok=True)
    (pack / "access" / "tests.cedar").write_text(MAY_READ)
    access = Access.load(installed_book(), [pack])
    return Charts(conn, reader=Reader.for_journey("test_visits"), access=access, at=at, held=held)
