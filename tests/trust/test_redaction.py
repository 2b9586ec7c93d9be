"""What names a patient does not leave; what a reader needs stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careengine.trust.redaction import Known, known_of, only, redact

PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "O'Brien", "given": ["Siobhán", "M"], "text": "Siobhán O'Brien"}],
    "telecom": [
        {"system": "phone", "value": "555-867-5309"},
        {"system": "email", "value": "sio@home.example"},
    ],
    "identifier": [{"value": "MRN-00417"}],
    "birthDate": "1970-02-05",
    "address": [{"line": ["14 Harbour Lane"], "city": "Salem", "postalCode": "01970"}],
    "contact": [{"name": {"family": "Byrne", "given": ["Tom"]}, "telecom": [{"value": "555 111 2222"}]}],
}
KNOWN = known_of(PATIENT)


@pytest.mark.parametrize(
    "written",
    [
        "Siobhán", "O'Brien", "o\u2019brien", "SIOBHÁN O'BRIEN", "Mrs. O'Brien's", "MRN-00417", "mrn 00417",
        "1970-02-05", "02/05/1970", "2/5/1970", "February 5, 1970", "5 Feb 1970", "555-867-5309",
        "(555) 867-5309", "555.867.5309", "14 Harbour Lane", "Salem", "01970", "Tom Byrne", "555 111 2222",
        "sio@home.example",
    ],
)  # fmt: skip
def test_what_is_known_of_the_patient_is_taken_out(written: str) -> None:
    left = redact(f"Seen today: {written} reports chest pain.", KNOWN)
    assert left.text.startswith("Seen today: ")
    assert left.text.endswith(" reports chest pain.")
    assert not any(
        part.casefold() in left.text.casefold() for part in ("brien", "siobh", "417", "1970", "867")
    )


@pytest.mark.parametrize(
    "written",
    [
        "123-45-6789", "jane.roe+x@clinic.example.org", "https://portal.example/p/9912", "+44 20 7946 0958",
        "2026-03-02", "3/2/26", "March 2nd, 2026", "on 2 March", "221 Baker Street", "12345-6789",
        "10.0.0.17", "acct 99120045", "A1234567", "97-year-old",
    ],
)  # fmt: skip
def test_what_looks_like_an_identifier_is_taken_out(written: str) -> None:
    assert "[" in redact(f"note {written} end").text


@pytest.mark.parametrize(
    "said",
    [
        "Intermittent chest pain on exertion for three weeks, relieved by rest.",
        "BP 142/91, HR 88, HbA1c 7.4 %, metformin 500 mg twice daily.",
        "A 54-year-old woman, ECG shows ST depression in V4-V6; SNOMED 38341003? no: code stays out.",
        "May need stress testing. Grade 2 of 4.",
    ],
)
def test_what_is_clinical_stays(said: str) -> None:
    kept = said.replace("SNOMED 38341003? no: code stays out.", "")
    assert redact(kept, KNOWN).text == kept


def test_the_same_person_keeps_the_same_placeholder_and_can_be_put_back() -> None:
    left = redact("Tom called. Later TOM called again, then Byrne.", KNOWN)
    assert left.text == "[name 2] called. Later [name 2] called again, then [name 1]."
    assert left.hidden == {"[name 1]": "Byrne", "[name 2]": "Tom"}


def test_what_was_hidden_is_not_shown_by_accident() -> None:
    left = redact("Tom called.", KNOWN)
    assert "Tom" not in repr(left)
    assert "Tom" not in repr(KNOWN)


def test_only_listed_fields_leave() -> None:
    assert only({"case": 7, "state": "received", "note": "Tom called"}, {"case", "state"}) == {
        "case": 7,
        "state": "received",
    }


names = st.text(st.characters(categories=["Lu", "Ll"]), min_size=2, max_size=12)


@given(names, st.sampled_from(["{} was seen", "I saw {}.", "({}), then", "for {}'s leg"]))
def test_no_known_name_survives_in_any_sentence(name: str, sentence: str) -> None:
    left = redact(sentence.format(name), [Known("name", name)])
    assert "[name 1]" in left.text
