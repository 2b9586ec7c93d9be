"""A story as FHIR: one transaction Bundle holding the ServiceRequest and what it points at."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from caretown.people import Resource
from caretown.phrasebook import Item, Sender
from caretown.story import Story
from caretown.truth import Truth

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
PARTNER = "urn:careengine:partner"
AUTHORED_BEFORE = timedelta(minutes=12)
RESULT_BEFORE = timedelta(days=9)
STALE_BY = timedelta(days=45)


@dataclass(frozen=True, slots=True)
class Letter:
    """One referral ready to be sent."""

    id: str
    at: datetime
    bundle: Resource
    truth: Truth
    completed: Resource | None = None
    """What the sender sends when somebody rings and asks for what is missing."""


def write_letter(story: Story, *, seed: int) -> Letter:
    """Write the story as a transaction; the same story and seed give the same bytes."""
    original = story.twin_of if story.revises and story.twin_of else story
    service_request = _id(seed, original.number, "ServiceRequest")
    return Letter(
        id=f"letter-{story.number:04d}",
        at=story.at,
        bundle=transaction(_resources(story, service_request, seed)),
        truth=_truth(story, service_request, seed),
        completed=_completed(story, service_request, seed) if story.lacks else None,
    )


def _resources(story: Story, service_request: str, seed: int) -> list[Resource]:
    supporting = _supporting(story, seed)
    coverage = _coverage(story, seed)
    request = _service_request(story, service_request, supporting, next(iter(coverage), ""))
    return [*supporting, *coverage.values(), *_patient(story), request]


def _completed(story: Story, service_request: str, seed: int) -> Resource:
    """Return the same referral with nothing missing: a new version of it, and the patient's telephone."""
    telephone = [story.person.patient] if "phone" in story.lacks else []
    return transaction([*telephone, *_resources(replace(story, lacks=()), service_request, seed)])


def transaction(resources: list[Resource]) -> Resource:
    """Return a transaction Bundle that puts each resource under its sender's id."""
    entries = [
        {
            "fullUrl": f"urn:uuid:{resource['id']}",
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def organization_of(sender: Sender) -> Resource:
    """Return the sender's own Organization; its partner identifier says where acknowledgements go."""
    organization: Resource = {
        "resourceType": "Organization",
        "id": _named("Organization", sender.name),
        "active": True,
        "name": sender.title,
    }
    if sender.partner:
        organization["identifier"] = [{"system": PARTNER, "value": sender.partner}]
    return organization


def role_of(sender: Sender, practitioner: str) -> Resource:
    """Return the PractitionerRole under which a clinician refers for a practice."""
    return {
        "resourceType": "PractitionerRole",
        "id": _role_id(sender, practitioner),
        "active": True,
        "practitioner": {"reference": f"Practitioner/{practitioner}"},
        "organization": {"reference": f"Organization/{_named('Organization', sender.name)}"},
    }


def _service_request(story: Story, own_id: str, supporting: list[Resource], coverage: str) -> Resource:
    code, display = story.service or (story.clinic.code, story.clinic.display)
    request: Resource = {
        "resourceType": "ServiceRequest",
        "id": own_id,
        "identifier": [
            {
                "type": {"coding": [{"system": IDENTIFIER_TYPES, "code": "PLAC"}]},
                "system": story.sender.numbers,
                "value": story.placer,
            }
        ],
        "status": story.status,
        "intent": story.intent,
        "category": [{"coding": [{"system": SNOMED, "code": "3457005", "display": "Patient referral"}]}],
        "priority": story.priority,
        "code": {"coding": [{"system": SNOMED, "code": code, "display": display}]},
        "subject": {"reference": f"Patient/{story.person.id}"},
        "authoredOn": _instant(story.at - AUTHORED_BEFORE),
        "performerType": {"coding": [{"system": SNOMED, "code": story.specialty or story.clinic.specialty}]},
    }
    if supporting:
        request["supportingInfo"] = [
            {"reference": f"{one['resourceType']}/{one['id']}"} for one in supporting
        ]
    return request | _said(story) | _signed(story, coverage) | _repeated(story)


def _said(story: Story) -> Resource:
    said: Resource = {}
    if "reason" not in story.lacks:
        said["reasonCode"] = [{"text": story.ask.reason}]
        if story.condition:
            said["reasonReference"] = [{"reference": f"Condition/{story.condition['id']}"}]
    if "question" not in story.lacks:
        said["note"] = [{"text": story.ask.note}]
    return said


def _repeated(story: Story) -> Resource:
    """Return how many visits are ordered, and in which rhythm, where it is more than one."""
    if story.visits == 1:
        return {}
    rhythm = {"count": story.visits, "frequency": 2, "period": 1, "periodUnit": "wk"}
    return {"quantityQuantity": {"value": story.visits}, "occurrenceTiming": {"repeat": rhythm}}


def _signed(story: Story, coverage: str) -> Resource:
    signed: Resource = {}
    if "requester" not in story.lacks:
        organization = f"Organization/{_named('Organization', story.sender.name)}"
        role = f"PractitionerRole/{_role_id(story.sender, story.practitioner)}" if story.practitioner else ""
        signed["requester"] = {"reference": role or organization}
    covered = coverage or story.person.covered_by(story.at.date())
    if "insurance" not in story.lacks:
        signed["insurance"] = [{"reference": f"Coverage/{covered}"}]
    return signed


def _coverage(story: Story, seed: int) -> dict[str, Resource]:
    """Return a Coverage by id where the patient's records hold none for the day."""
    if "insurance" in story.lacks or story.person.covered_by(story.at.date()):
        return {}
    own_id = str(uuid5(NAMESPACE_URL, f"caretown/{seed}/Coverage/{story.person.id}"))
    organization = f"Organization/{_named('Organization', story.sender.name)}"
    coverage = {
        "resourceType": "Coverage",
        "id": own_id,
        "status": "active",
        "beneficiary": {"reference": f"Patient/{story.person.id}"},
        "period": {"start": f"{story.at.year}-01-01"},
        "payor": [{"reference": organization, "display": "Town Health Plan"}],
    }
    return {own_id: coverage}


def _patient(story: Story) -> list[Resource]:
    """Return the patient again without a telephone, where that is what is planted."""
    if "phone" not in story.lacks:
        return []
    telecom = [one for one in story.person.patient.get("telecom", ()) if one.get("system") == "email"]
    patient = {key: value for key, value in story.person.patient.items() if key != "telecom"}
    return [patient | {"telecom": telecom}] if telecom else [patient]


def _supporting(story: Story, seed: int) -> list[Resource]:
    item = story.clinic.item
    if item is None or "item" in story.lacks or story.service:
        return []
    day = story.at - RESULT_BEFORE
    if "fresh_item" in story.lacks:
        day = story.at - timedelta(days=item.days) - STALE_BY
    return [_result(story, item, _id(seed, story.number, item.kind), day)]


def _result(story: Story, item: Item, own_id: str, day: datetime) -> Resource:
    concept = {"coding": [{"system": LOINC, "code": item.loinc, "display": item.display}]}
    result: Resource = {
        "resourceType": item.kind,
        "id": own_id,
        "subject": {"reference": f"Patient/{story.person.id}"},
    }
    if item.kind == "DocumentReference":
        picture = {"attachment": {"contentType": "image/jpeg", "title": item.display}}
        return result | {"status": "current", "type": concept, "date": _instant(day), "content": [picture]}
    result |= {"status": "final", "code": concept, "effectiveDateTime": _instant(day)}
    if item.kind == "DiagnosticReport":
        return result | {"conclusion": item.says}
    if item.value is None:
        return result | {"valueString": item.says}
    value = item.value if story.ask.value is None else story.ask.value
    quantity = {"value": value, "unit": item.unit, "system": "http://unitsofmeasure.org", "code": item.unit}
    return result | {"valueQuantity": quantity}


def _truth(story: Story, service_request: str, seed: int) -> Truth:
    twin = _id(seed, story.twin_of.number, "ServiceRequest") if story.twin_of else ""
    return Truth(
        letter=f"letter-{story.number:04d}",
        service_request=service_request,
        placer=story.placer,
        patient=story.person.id,
        clinic="" if story.service else story.clinic.name,
        at=_instant(story.at),
        plant=story.plant,
        expect=story.expect,
        urgent=story.urgent,
        lacks=story.lacks,
        words=story.ask.words,
        decoy=story.ask.kind,
        twin_of=twin,
        visits=story.visits,
    )


def _role_id(sender: Sender, practitioner: str | None) -> str:
    return _named("PractitionerRole", f"{sender.name}/{practitioner}")


def _named(kind: str, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"caretown/{kind}/{name}"))


def _id(seed: int, number: int, kind: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"caretown/{seed}/{number}/{kind}"))


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
