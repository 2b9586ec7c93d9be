"""What tests ask of the clinics' booking system, over real sockets."""

import json
from datetime import date, datetime
from typing import Any

import urllib3
from town_engine import HandClock, TownEngine

from caretown.servers import Servers
from caretown.town_plan import EhrPlan

QUIET = EhrPlan(
    weeks=2, taken_share=0.0, outside_per_day=0.0, freed_per_day=0.0, closed_share=0.0, moved_share=0.0,
    untold_share=0.0, no_report_share=0.0,
)  # fmt: skip
"""Nothing happens in the clinics but what the test does."""
MONDAY = date(2026, 11, 2)
SLOT = "cardiology-20261103-0930-1"
FHIR = {"content-type": "application/fhir+json"}


def ask(slot: str = SLOT, patient: str = "jane", key: str = "", focus: str = "one") -> dict[str, Any]:
    asked: dict[str, Any] = {
        "resourceType": "Appointment",
        "status": "booked",
        "basedOn": [{"reference": f"ServiceRequest/{focus}"}],
        "slot": [{"reference": f"Slot/{slot}"}],
        "participant": [{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
    }
    return asked | ({"identifier": [{"system": "urn:key", "value": key}]} if key else {})


def book(town: Servers, body: object, unless: str = "") -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "POST",
        f"{town.urls['ehr']}/Appointment",
        body=json.dumps(body),
        headers=FHIR | ({"if-none-exist": unless} if unless else {}),
        retries=False,
        timeout=10,
    )


def patch(
    town: Servers, own_id: str, change: object, headers: dict[str, str] | None = None
) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "PATCH", f"{town.urls['ehr']}/Appointment/{own_id}", body=json.dumps(change), headers=headers or {}
    )


def get(town: Servers, path: str) -> Any:
    return urllib3.request("GET", f"{town.urls['ehr']}/{path}").json()


def newest(engine: TownEngine, kind: str) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in engine.resources(kind)}


def through(town: Servers, clock: HandClock, until: datetime) -> None:
    """Step the clock from one thing to the next, as the town's week does."""
    while (due := town.next_due()) is not None and due <= until:
        clock.at = max(due, clock.at)
        assert town.settle(30)
    clock.at = until
    town.settle(30)
