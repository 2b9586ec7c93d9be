"""The FHIR Task that shows a case to other systems, written when its business status changes."""

from datetime import datetime

import orjson

from careengine.engine.journey import End, Journey, State
from careengine.engine.rows import CaseRow
from careengine.kernel.effect import Json
from careengine.runtime.codec import unpack

BUSINESS_STATUS = "http://hl7.org/fhir/us/bser/CodeSystem/TaskBusinessStatusCS"
"""The code system of BSeR, harmonised with IHE 360X."""


def task_of(row: CaseRow, journey: Journey, state: State | End, *, now: datetime) -> dict[str, Json]:
    """Return the Task of a case that is entering ``state``; ``focus`` is what the case is about."""
    data = orjson.loads(unpack(row.data))
    task: dict[str, Json] = {
        "resourceType": "Task",
        "id": f"case-{row.id}",
        "status": _status(state),
        "businessStatus": {"coding": [{"system": BUSINESS_STATUS, "code": state.status}]},
        "intent": "order",
        "code": {"text": journey.name},
        "authoredOn": row.opened_at.isoformat(),
        "lastModified": now.isoformat(),
    }
    if focus := data.get("focus"):
        task["focus"] = {"reference": focus}
    if patient := data.get("patient"):
        task["for"] = {"reference": patient}
    return task


def _status(state: State | End) -> str:
    if isinstance(state, State):
        return "in-progress"
    return "completed" if state.reached_goal else "cancelled"
