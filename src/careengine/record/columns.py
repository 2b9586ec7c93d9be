"""Which search parameters of which types lie in the resource's own columns, where they are indexed together.

The first value goes to the column, any further one to the index table ``sp``; a search looks at both.
"""

from collections.abc import Mapping

CODE, STATUS, CATEGORY, ENCOUNTER, DATE = "code", "status", "category", "encounter", "date"

_EVERY = {"code": CODE, "status": STATUS, "category": CATEGORY, "encounter": ENCOUNTER, "date": DATE}

_SPECIAL: Mapping[str, Mapping[str, str]] = {
    "AllergyIntolerance": {"clinical-status": STATUS},
    "Appointment": {"service-type": CODE, "appointment-type": CATEGORY},
    "AuditEvent": {"type": CODE, "outcome": STATUS},
    "CarePlan": {"activity-code": CODE},
    "Claim": {"created": DATE, "use": CATEGORY},
    "ClaimResponse": {"created": DATE, "use": CATEGORY, "outcome": CODE},
    "Communication": {"sent": DATE},
    "CommunicationRequest": {"authored": DATE},
    "Condition": {"clinical-status": STATUS, "onset-date": DATE},
    "Coverage": {"type": CODE},
    "DetectedIssue": {"identified": DATE},
    "DocumentReference": {"type": CODE},
    "Encounter": {"class": CATEGORY, "type": CODE},
    "EpisodeOfCare": {"type": CODE},
    "ExplanationOfBenefit": {"created": DATE},
    "Goal": {"lifecycle-status": STATUS, "start-date": DATE},
    "ImagingStudy": {"started": DATE},
    "Immunization": {"vaccine-code": CODE},
    "MedicationAdministration": {"effective-time": DATE},
    "MedicationDispense": {"whenhandedover": DATE},
    "MedicationRequest": {"authoredon": DATE},
    "MedicationStatement": {"effective": DATE},
    "Patient": {"birthdate": DATE, "gender": CATEGORY},
    "Provenance": {"recorded": DATE},
    "QuestionnaireResponse": {"authored": DATE},
    "ServiceRequest": {"authored": DATE},
    "Slot": {"start": DATE, "service-type": CODE},
    "Task": {"authored-on": DATE, "business-status": CATEGORY},
}

_OF_TYPE: dict[str, Mapping[str, str]] = {}


def columns_of(type_: str) -> Mapping[str, str]:
    """Return search parameter → column of a type, for those that have one."""
    found = _OF_TYPE.get(type_)
    if found is None:
        special = _SPECIAL.get(type_, {})
        taken = set(special.values())
        found = {**{name: column for name, column in _EVERY.items() if column not in taken}, **special}
        _OF_TYPE[type_] = found
    return found


PATIENT_PARAMS = frozenset({"patient", "subject", "individual", "beneficiary"})
"""The reference parameters whose patient is the column ``subject``."""
