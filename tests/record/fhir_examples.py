"""Valid R4 resources of many types, written by hand, rich enough that mutating them meets most datatypes."""

from copy import deepcopy
from typing import Any

Json = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
TERMS = "http://terminology.hl7.org/CodeSystem/"

PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {
        "versionId": "2",
        "lastUpdated": "2026-02-03T04:05:06.789Z",
        "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"],
        "tag": [{"system": "http://example.org/tags", "code": "vip"}],
    },
    "text": {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p class="x">Written <b>here</b> &amp;</p></div>',
    },
    "extension": [
        {
            "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
            "extension": [{"url": "text", "valueString": "not asked"}],
        }
    ],
    "identifier": [
        {
            "use": "usual",
            "type": {"coding": [{"system": TERMS + "v2-0203", "code": "MR"}]},
            "system": "http://hospital.example/mrn",
            "value": "00123",
            "period": {"start": "2001-05-06"},
            "assigner": {"display": "Example Hospital"},
        },
        {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "000-00-0000"},
    ],
    "active": True,
    "name": [{"use": "official", "family": "Lovelace", "given": ["Ada", "King"], "prefix": ["Countess"]}],
    "telecom": [
        {"system": "phone", "value": "555-0100", "use": "home", "rank": 1},
        {"system": "email", "value": "ada@example.org"},
    ],
    "gender": "female",
    "birthDate": "1915-12-10",
    "_birthDate": {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                "valueDateTime": "1915-12-10T08:00:00+00:00",
            }
        ]
    },
    "deceasedDateTime": "1952-11-27",
    "address": [{"use": "home", "line": ["12 St James's Square"], "city": "London", "country": "GB"}],
    "multipleBirthInteger": 1,
    "contact": [{"relationship": [{"text": "mother"}], "name": {"family": "Byron"}, "gender": "female"}],
    "communication": [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}, "preferred": True}
    ],
    "generalPractitioner": [{"reference": "Practitioner/d1"}],
    "managingOrganization": {"reference": "Organization/o1"},
    "link": [{"other": {"reference": "Patient/p2"}, "type": "seealso"}],
}

BLOOD_PRESSURE: Json = {
    "resourceType": "Observation",
    "id": "bp1",
    "status": "final",
    "category": [{"coding": [{"system": TERMS + "observation-category", "code": "vital-signs"}]}],
    "code": {"coding": [{"system": LOINC, "code": "85354-9", "display": "Blood pressure panel"}]},
    "subject": {"reference": "Patient/p1"},
    "encounter": {"reference": "Encounter/e1"},
    "effectiveDateTime": "2026-01-02T03:04:05Z",
    "issued": "2026-01-02T03:05:00.000Z",
    "performer": [{"reference": "Practitioner/d1/_history/3"}],
    "interpretation": [{"coding": [{"system": TERMS + "v3-ObservationInterpretation", "code": "H"}]}],
    "component": [
        {
            "code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
            "valueQuantity": {"value": 142.5, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
            "referenceRange": [{"low": {"value": 90}, "high": {"value": 120}}],
        },
        {
            "code": {"coding": [{"system": LOINC, "code": "8462-4"}]},
            "dataAbsentReason": {"coding": [{"system": TERMS + "data-absent-reason", "code": "unknown"}]},
        },
    ],
}

GLUCOSE: Json = {
    "resourceType": "Observation",
    "id": "g1",
    "identifier": [{"system": "http://lab.example", "value": "L-7"}],
    "status": "preliminary",
    "code": {"coding": [{"system": LOINC, "code": "2339-0"}], "text": "Glucose"},
    "subject": {"reference": "http://ehr.example/fhir/Patient/p1"},
    "effectivePeriod": {"start": "2026-01", "end": "2026-02-03"},
    "valueQuantity": {"value": 6.3, "comparator": "<", "unit": "mmol/l", "system": UCUM, "code": "mmol/L"},
    "referenceRange": [{"low": {"value": 3.1}, "high": {"value": 6.2}, "text": "3.1 to 6.2"}],
    "note": [{"authorReference": {"reference": "Practitioner/d1"}, "time": "2026-01-02", "text": "fasting"}],
}

CONDITION: Json = {
    "resourceType": "Condition",
    "id": "c1",
    "clinicalStatus": {"coding": [{"system": TERMS + "condition-clinical", "code": "resolved"}]},
    "verificationStatus": {"coding": [{"system": TERMS + "condition-ver-status", "code": "confirmed"}]},
    "code": {
        "coding": [
            {"system": SNOMED, "code": "44054006"},
            {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E11.9"},
        ]
    },
    "subject": {"reference": "Patient/p1"},
    "onsetAge": {"value": 52, "unit": "years", "system": UCUM, "code": "a"},
    "abatementDateTime": "2025-06",
    "recordedDate": "2020-02-29",
    "evidence": [{"detail": [{"reference": "Observation/g1"}]}],
}

SERVICE_REQUEST: Json = {
    "resourceType": "ServiceRequest",
    "id": "s1",
    "contained": [
        {"resourceType": "Practitioner", "id": "who", "name": [{"family": "Snow"}]},
    ],
    "identifier": [
        {
            "type": {"coding": [{"system": TERMS + "v2-0203", "code": "PLAC"}]},
            "system": "urn:oid:1.2.3",
            "value": "A1",
        }
    ],
    "status": "active",
    "intent": "order",
    "priority": "urgent",
    "doNotPerform": False,
    "code": {"coding": [{"system": SNOMED, "code": "103696004"}]},
    "quantityRange": {"low": {"value": 1}, "high": {"value": 3}},
    "subject": {"reference": "Patient/p1"},
    "occurrenceTiming": {
        "event": ["2026-03-01", "2026-03-05T10:00:00Z"],
        "repeat": {
            "frequency": 1,
            "period": 2,
            "periodUnit": "d",
            "dayOfWeek": ["mon"],
            "timeOfDay": ["08:30:00"],
        },
    },
    "authoredOn": "2026-02-28T23:00:00-05:00",
    "requester": {"reference": "#who"},
    "reasonReference": [{"reference": "Condition/c1"}],
    "insurance": [{"reference": "Coverage?identifier=http://payer.example|M1"}],
    "note": [{"text": "please call first"}],
}

APPOINTMENT: Json = {
    "resourceType": "Appointment",
    "id": "a1",
    "status": "booked",
    "serviceType": [{"coding": [{"system": TERMS + "service-type", "code": "57"}]}],
    "start": "2026-03-01T09:00:00Z",
    "end": "2026-03-01T09:20:00Z",
    "minutesDuration": 20,
    "participant": [
        {"actor": {"reference": "Patient/p1"}, "status": "accepted"},
        {"actor": {"reference": "Practitioner/d1"}, "required": "required", "status": "tentative"},
    ],
}

CLAIM: Json = {
    "resourceType": "Claim",
    "id": "k1",
    "status": "active",
    "type": {"coding": [{"system": TERMS + "claim-type", "code": "professional"}]},
    "use": "claim",
    "patient": {"reference": "Patient/p1"},
    "created": "2026-01-05",
    "provider": {"reference": "Organization/o1"},
    "priority": {"coding": [{"code": "normal"}]},
    "diagnosis": [{"sequence": 1, "diagnosisReference": {"reference": "Condition/c1"}}],
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/v1"}}],
    "item": [
        {
            "sequence": 1,
            "productOrService": {"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "99213"}]},
            "servicedDate": "2026-01-04",
            "quantity": {"value": 1},
            "unitPrice": {"value": 129.16, "currency": "USD"},
            "encounter": [{"reference": "Encounter/e1"}],
        }
    ],
    "total": {"value": 129.16, "currency": "USD"},
}

MEDICATION_REQUEST: Json = {
    "resourceType": "MedicationRequest",
    "id": "m1",
    "status": "active",
    "intent": "order",
    "medicationCodeableConcept": {
        "coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "860975"}]
    },
    "subject": {"reference": "Patient/p1"},
    "authoredOn": "2026-01-05T10:11:12.5Z",
    "dosageInstruction": [
        {
            "sequence": 1,
            "asNeededBoolean": False,
            "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 500, "unit": "mg", "system": UCUM, "code": "mg"}}],
            "maxDosePerPeriod": {
                "numerator": {"value": 2000},
                "denominator": {"value": 1, "system": UCUM, "code": "d"},
            },
        }
    ],
    "dispenseRequest": {
        "numberOfRepeatsAllowed": 2,
        "expectedSupplyDuration": {"value": 30, "system": UCUM, "code": "d"},
    },
}

QUESTIONNAIRE: Json = {
    "resourceType": "Questionnaire",
    "id": "q1",
    "url": "http://example.org/q/1",
    "version": "1.0",
    "status": "active",
    "subjectType": ["Patient"],
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "item": [
                {"linkId": "1.1", "type": "boolean", "text": "Do you smoke?"},
                {
                    "linkId": "1.2",
                    "type": "integer",
                    "enableWhen": [{"question": "1.1", "operator": "=", "answerBoolean": True}],
                },
            ],
        }
    ],
}

DOCUMENT: Json = {
    "resourceType": "DocumentReference",
    "id": "n1",
    "status": "current",
    "type": {"coding": [{"system": LOINC, "code": "34117-2"}]},
    "subject": {"reference": "Patient/p1"},
    "date": "2026-01-02T10:00:00Z",
    "content": [
        {
            "attachment": {
                "contentType": "text/plain",
                "data": "aGVsbG8=",
                "size": 5,
                "url": "http://docs.example/1",
            }
        }
    ],
    "context": {
        "encounter": [{"reference": "Encounter/e1"}],
        "related": [{"reference": "urn:uuid:7c058fdc-75a9-4837-bedf-3bf1924311b7"}],
    },
    "relatesTo": [{"code": "replaces", "target": {"reference": "DocumentReference/n0"}}],
}

BUNDLE: Json = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:0b1d0f8e-7c0e-4f0e-8f64-0a0c8f6b7a11",
            "resource": {"resourceType": "Patient", "gender": "other"},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "fullUrl": "urn:uuid:0b1d0f8e-7c0e-4f0e-8f64-0a0c8f6b7a12",
            "resource": {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": "weight"},
                "subject": {"reference": "urn:uuid:0b1d0f8e-7c0e-4f0e-8f64-0a0c8f6b7a11"},
                "valueQuantity": {"value": 70},
            },
            "request": {"method": "POST", "url": "Observation"},
        },
    ],
}

EXAMPLES: tuple[Json, ...] = (
    PATIENT,
    BLOOD_PRESSURE,
    GLUCOSE,
    CONDITION,
    SERVICE_REQUEST,
    APPOINTMENT,
    CLAIM,
    MEDICATION_REQUEST,
    QUESTIONNAIRE,
    DOCUMENT,
    BUNDLE,
)


def example(given: Json, **changes: Any) -> Json:
    """Copy an example with top-level keys replaced; None takes a key away."""
    changed = {**deepcopy(given), **changes}
    return {key: value for key, value in changed.items() if value is not None}
