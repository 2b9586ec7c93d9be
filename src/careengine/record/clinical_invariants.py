"""The invariants of R4's clinical, administrative and financial resources."""

from collections.abc import Mapping
from typing import Any

from careengine.record.conditions import (
    Make,
    Test,
    distinct,
    either,
    has_code,
    holds,
    is_in,
    needed_when,
    needs,
    not_both,
    only_when,
    some,
    together,
)
from careengine.record.moments import not_after

Node = Mapping[str, Any]

_ALLERGY_CHECKED = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_CONDITION_CHECKED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CONDITION_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_WITHOUT_TIME = ("proposed", "cancelled", "waitlist")


def _allergy_withdrawn(node: Node) -> bool:
    return has_code(node.get("verificationStatus"), _ALLERGY_CHECKED, "entered-in-error")


def _condition_withdrawn(node: Node) -> bool:
    return has_code(node.get("verificationStatus"), _CONDITION_CHECKED, "entered-in-error")


def _condition_over(node: Node) -> bool:
    return has_code(node.get("clinicalStatus"), _CONDITION_CLINICAL, "resolved", "remission", "inactive")


def _not_of_home(key: str) -> Make:
    return holds(lambda node: all(each.get("use") != "home" for each in node.get(key, ())))


def _codings(concept: Any) -> set[tuple[Any, Any]]:
    codings = concept.get("coding", ()) if isinstance(concept, Mapping) else ()
    return {(coding.get("system"), coding.get("code")) for coding in codings if "code" in coding}


def _components_repeat_code(node: Node) -> bool:
    components = node.get("component")
    if not components:
        return False
    own = _codings(node.get("code"))
    return any(not own.isdisjoint(_codings(component.get("code"))) for component in components)


def _entries_without(key: str, unless: Test) -> Make:
    return holds(lambda node: unless(node) or all(key not in entry for entry in node.get("entry", ())))


def _entries_with(key: str, when: Test) -> Make:
    return holds(lambda node: all((key in entry) == when(node) for entry in node.get("entry", ())))


def _full_urls_distinct(node: Node) -> bool:
    if node.get("type") == "history":
        return True
    entries = [entry for entry in node.get("entry", ()) if "fullUrl" in entry]
    return distinct([(e["fullUrl"], e.get("resource", {}).get("meta", {}).get("versionId")) for e in entries])


def _first_is(resource_type: str, bundle_type: str) -> Make:
    def test(node: Node) -> bool:
        entries = node.get("entry") or [{}]
        first = entries[0].get("resource", {}).get("resourceType")
        return node.get("type") != bundle_type or first == resource_type

    return holds(test)


def _document_identified(node: Node) -> bool:
    identifier = node.get("identifier", {})
    return node.get("type") != "document" or ("system" in identifier and "value" in identifier)


def _probability(node: Node) -> bool:
    value = node.get("probabilityDecimal")
    return value is None or value <= 100


def _percent(node: Node) -> bool:
    ends = (node.get("probabilityRange", {}).get(end) for end in ("low", "high"))
    return all(
        end is None or (end.get("code"), end.get("system")) == ("%", "http://unitsofmeasure.org")
        for end in ends
    )


def _one_start(node: Node) -> bool:
    keys = ("genomeBuild", "referenceSeqId", "referenceSeqPointer", "referenceSeqString")
    return sum(key in node for key in keys) == 1


def _stratum(node: Node) -> bool:
    strata = (s for stratifier in node.get("stratifier", ()) for s in stratifier.get("stratum", ()))
    return all(("value" in stratum) != ("component" in stratum) for stratum in strata)


CLINICAL: Mapping[str, tuple[tuple[str, str, Make], ...]] = {
    "AllergyIntolerance": (
        (
            "ait-1",
            "clinicalStatus is needed unless entered in error",
            needed_when(lambda n: not _allergy_withdrawn(n), "clinicalStatus"),
        ),
        (
            "ait-2",
            "no clinicalStatus when entered in error",
            only_when("clinicalStatus", lambda n: not _allergy_withdrawn(n)),
        ),
    ),
    "Appointment": (
        ("app-2", "start and end, or neither", together("start", "end")),
        (
            "app-3",
            "start and end are needed unless proposed, cancelled or on the waitlist",
            needed_when(lambda n: n.get("status") not in _WITHOUT_TIME, "start"),
        ),
        (
            "app-4",
            "a reason of cancelling is for cancelled and noshow",
            only_when("cancelationReason", is_in("status", "noshow", "cancelled")),
        ),
    ),
    "Appointment.participant": (("app-1", "type or actor is needed", some("type", "actor")),),
    "AppointmentResponse": (
        ("apr-1", "participantType or actor is needed", some("participantType", "actor")),
    ),
    "AuditEvent.entity": (("sev-1", "name or query, not both", not_both("name", "query")),),
    "CarePlan.activity": (("cpl-3", "detail or reference, not both", not_both("detail", "reference")),),
    "Composition.section": (
        ("cmp-1", "text, entries or sections are needed", some("text", "entry", "section")),
        ("cmp-2", "emptyReason or entries, not both", not_both("emptyReason", "entry")),
    ),
    "Condition": (
        (
            "con-4",
            "an abated condition is inactive, resolved or in remission",
            only_when("abatement", _condition_over),
        ),
        (
            "con-5",
            "no clinicalStatus when entered in error",
            only_when("clinicalStatus", lambda n: not _condition_withdrawn(n)),
        ),
    ),
    "Condition.evidence": (("con-2", "code or detail is needed", some("code", "detail")),),
    "Condition.stage": (("con-1", "summary or assessment is needed", some("summary", "assessment")),),
    "Consent": (("ppc-1", "policy or policyRule is needed", some("policy", "policyRule")),),
    "CoverageEligibilityResponse.insurance.item": (
        ("ces-1", "category or productOrService, one of them", either("category", "productOrService")),
    ),
    "FamilyMemberHistory": (
        ("fhs-1", "age or born, not both", not_both("age", "born")),
        ("fhs-2", "estimatedAge needs age", needs("estimatedAge", "age")),
    ),
    "Goal.target": (("gol-1", "a detail needs its measure", needs("detail", "measure")),),
    "Group": (("grp-1", "members are for actual groups", only_when("member", is_in("actual", True))),),  # noqa: FBT003  the JSON value itself
    "Immunization.education": (
        ("imm-1", "documentType or reference is needed", some("documentType", "reference")),
    ),
    "ImmunizationRecommendation.recommendation": (
        ("imr-1", "vaccineCode or targetDisease is needed", some("vaccineCode", "targetDisease")),
    ),
    "InsurancePlan": (("ipn-1", "an identifier or a name is needed", some("identifier", "name")),),
    "Linkage": (
        ("lnk-1", "a linkage links at least two", holds(lambda node: len(node.get("item", ())) > 1)),
    ),
    "List": (
        ("lst-1", "emptyReason or entries, not both", not_both("emptyReason", "entry")),
        (
            "lst-2",
            "deleted entries are for lists of changes",
            _entries_without("deleted", is_in("mode", "changes")),
        ),
        (
            "lst-3",
            "dates of entries are for working lists",
            _entries_without("date", is_in("mode", "working")),
        ),
    ),
    "MeasureReport.group": (("mrp-2", "a stratum has a value or components", holds(_stratum)),),
    "MeasureReport": (
        (
            "mrp-1",
            "no groups in a data collection",
            only_when("group", lambda n: n.get("type") != "data-collection"),
        ),
    ),
    "MedicationAdministration.dosage": (("mad-1", "dose or rate is needed", some("dose", "rate")),),
    "MedicationDispense": (
        ("mdd-1", "handed over before prepared", holds(not_after("whenPrepared", "whenHandedOver"))),
    ),
    "MolecularSequence": (("msq-3", "coordinateSystem is 0 or 1", holds(is_in("coordinateSystem", 0, 1))),),
    "MolecularSequence.referenceSeq": (
        ("msq-5", "chromosome and genomeBuild, or neither", together("chromosome", "genomeBuild")),
        ("msq-6", "exactly one kind of reference sequence", holds(_one_start)),
    ),
    "Observation": (
        ("obs-6", "dataAbsentReason or a value, not both", not_both("dataAbsentReason", "value")),
        (
            "obs-7",
            "a component repeats the observation's own code, which has a value",
            only_when("value", lambda node: not _components_repeat_code(node)),
        ),
    ),
    "Observation.referenceRange": (("obs-3", "low, high or text is needed", some("low", "high", "text")),),
    "Organization": (
        ("org-1", "an identifier or a name is needed", some("identifier", "name")),
        ("org-2", "an organisation's address is never of use home", _not_of_home("address")),
        ("org-3", "an organisation's telecom is never of use home", _not_of_home("telecom")),
    ),
    "Patient.contact": (
        (
            "pat-1",
            "a contact needs a name, telecom, address or organization",
            some("name", "telecom", "address", "organization"),
        ),
    ),
    "QuestionnaireResponse.item": (("qrs-1", "answers or items, not both", not_both("answer", "item")),),
    "RequestGroup.action": (("rqg-1", "a resource or actions, one of them", either("resource", "action")),),
    "RiskAssessment.prediction": (
        ("ras-1", "a range of probability is in percent", holds(_percent)),
        ("ras-2", "a probability is at most 100", holds(_probability)),
    ),
    "ServiceRequest": (("prr-1", "orderDetail needs code", needs("orderDetail", "code")),),
    "Bundle": (
        (
            "bdl-1",
            "a total is for searchset and history",
            only_when("total", is_in("type", "searchset", "history")),
        ),
        ("bdl-2", "search is for a searchset", _entries_without("search", is_in("type", "searchset"))),
        (
            "bdl-3",
            "entries have a request in a batch, transaction or history, and only there",
            _entries_with("request", is_in("type", "batch", "transaction", "history")),
        ),
        (
            "bdl-4",
            "entries have a response in a batch-response, transaction-response or history, and only there",
            _entries_with("response", is_in("type", "batch-response", "transaction-response", "history")),
        ),
        ("bdl-7", "a fullUrl stands twice", holds(_full_urls_distinct)),
        ("bdl-9", "a document needs an identifier with system and value", holds(_document_identified)),
        ("bdl-11", "a document begins with a Composition", _first_is("Composition", "document")),
        ("bdl-12", "a message begins with a MessageHeader", _first_is("MessageHeader", "message")),
        ("bdl-10", "a document needs its timestamp", needed_when(is_in("type", "document"), "timestamp")),
    ),
    "Bundle.entry": (
        (
            "bdl-5",
            "an entry needs a resource, a request or a response",
            some("resource", "request", "response"),
        ),
        (
            "bdl-8",
            "a fullUrl names no version",
            holds(lambda node: "/_history/" not in node.get("fullUrl", "")),
        ),
    ),
}
