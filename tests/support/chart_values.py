"""Small charts, and readers to read them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from careengine.kernel.refs import Ref
from careengine.record.subjects import subject_of
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.database import Connection
from careengine.trust.actor import ActorKind, Purpose, Reader

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ETH = {"system": ACT_CODE, "code": "ETH"}
CHANNELS = "http://hl7.org/fhir/contact-point-system"
JOURNEY = Reader.for_journey("referral_acknowledged")


def person(
    *roles: str, purpose: Purpose = Purpose.TREATMENT, actor: str = "nurse.lee", subject: UUID | None = None
) -> Reader:
    return Reader(
        actor=actor, actor_kind=ActorKind.PERSON, purpose=purpose, roles=frozenset(roles), subject=subject
    )


NURSE = person("nurses")


def store(conn: Connection, *resources: Mapping[str, Any]) -> list[Ref]:
    """Write resources as they are; return their references with version."""
    made = [
        NewVersion(type=r["resourceType"], id=r["id"], raw=orjson.dumps(r), resource=dict(r))
        for r in resources
    ]
    return write_versions(conn, made, recorded_at=NOW)


def patient(name: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, "gender": "female", "birthDate": "1970-01-01", **more}


def condition(ident: str, of: str, *labels: Mapping[str, str], **more: Any) -> dict[str, Any]:
    meta = {"meta": {"security": list(labels)}} if labels else {}
    return {
        "resourceType": "Condition", "id": ident, "subject": {"reference": f"Patient/{of}"},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]}, **meta, **more,
    }  # fmt: skip


def consent(
    ident: str, of: str, *, date_time: str = "2026-01-01", status: str = "active", **provision: Any
) -> dict[str, Any]:
    return {
        "resourceType": "Consent", "id": ident, "status": status, "patient": {"reference": f"Patient/{of}"},
        "scope": {"coding": [{"code": "patient-privacy"}]}, "category": [{"text": "privacy"}],
        "dateTime": date_time, "policyRule": {"text": "privacy"}, "provision": provision,
    }  # fmt: skip


def subject(conn: Connection, name: str) -> UUID:
    """Return our own id of a patient."""
    return subject_of(conn, [Ref("Patient", name)])[Ref("Patient", name)]
