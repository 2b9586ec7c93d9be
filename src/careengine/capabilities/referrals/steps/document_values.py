"""The policy of documents as its file states it, and the frozen value by which they are read."""

from pydantic import Field

from careengine.capabilities.referrals.model import ClinicPolicy
from careengine.capabilities.referrals.model.asking import DocumentPolicy
from careengine.capabilities.referrals.steps.documents import DocumentRules, Sent, patient_of, transaction_of
from careengine.kernel.policy import PolicyRef
from careengine.policy.schemas import Answer, Given, PolicyValues
from careengine.wire.ccda import CcdaDocument, Number, Section

_ORDER = "42349-1"


class DocumentValues(PolicyValues):
    """Which documents and sections, and whose numbers."""

    notes: frozenset[str] = Field(min_length=1)
    reasons: frozenset[str] = Field(min_length=1)
    further: frozenset[str]
    systems: dict[str, str]


def build_documents(values: DocumentValues, ref: PolicyRef) -> DocumentPolicy:
    """Return the value by which documents are read."""
    return DocumentPolicy(
        ref=ref, notes=values.notes, reasons=values.reasons, further=values.further, systems=values.systems
    )


def answer_documents(policy: DocumentPolicy, given: Given) -> Answer:
    """Answer a case: ``given: {kind, reason, further?, system?}``."""
    patient = {
        "resourceType": "Patient",
        "id": "patient",
        "identifier": [{"system": given.get("system", "urn:oid:1.2.3"), "value": "1"}],
    }
    sections = [Section(_ORDER, str(given["reason"]))]
    if "further" in given:
        sections.append(Section(str(given["further"]), "Stable."))
    document = CcdaDocument(
        id=Number("urn:oid:1.2.3.4", "1"),
        set_id=Number("urn:oid:1.2.3.5", "1"),
        version=1,
        kind=str(given["kind"]),
        written="20260305",
        sections=tuple(sections),
        resources=(patient,),
    )
    clinics = ClinicPolicy(ref=PolicyRef("referrals.clinics", 0), clinics=(), by_service={}, by_specialty={})
    rules = DocumentRules(policy, clinics)
    bundle = transaction_of(Sent(document=document, partner="lakeside"), rules)
    found = patient_of(document, rules)
    requests = [
        one["resource"]
        for one in (bundle["entry"] if bundle else ())
        if one["resource"]["resourceType"] == "ServiceRequest"
    ]
    said = requests[0] if requests else {}
    return {
        "requests": len(requests),
        "notes": len(said.get("note", ())),
        "note": said["note"][0]["text"] if said else "",
        "reason": said["reasonCode"][0]["text"] if said else "",
        "system": found["identifier"][0]["system"] if found else "",
    }
