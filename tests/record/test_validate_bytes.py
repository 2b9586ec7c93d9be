"""Whatever bytes arrive, the answer is a list of problems: nothing raises, nothing is without bound."""

import json
from typing import Any

import pytest
from fhir_examples import EXAMPLES, PATIENT, example
from fhir_mutations import mutations
from hypothesis import given, settings
from hypothesis import strategies as st

from careengine.record.parameters import index_values
from careengine.record.validate import check, examine

BROKEN = {
    "nothing": b"",
    "truncated": b'{"resourceType":"Patient","name":[{"fam',
    "not JSON": b"MSH|^~\\&|ADT1|",
    "bad UTF-8": b'{"resourceType":"Patient","id":"\xff"}',
    "a byte order mark": b'\xef\xbb\xbf{"resourceType":"Patient"}',
    "a key twice": b'{"resourceType":"Patient","id":"a","id":"b"}',
    "a key twice, deep": b'{"resourceType":"Patient","name":[{"family":"a","family":"b"}]}',
    "NaN": b'{"resourceType":"Patient","multipleBirthInteger":NaN}',
    "infinity": b'{"resourceType":"Location","position":{"longitude":1e999,"latitude":1}}',
    "half a surrogate pair": b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
    "text after the end": b'{"resourceType":"Patient"} {"resourceType":"Patient"}',
    "a list": b"[]",
    "null": b"null",
    "a number": b"3",
    "no type": b"{}",
    "an unknown type": b'{"resourceType":"Dragon"}',
    "an abstract type": b'{"resourceType":"DomainResource"}',
    "a datatype": b'{"resourceType":"HumanName","family":"x"}',
    "nested 5,000 deep": b'{"resourceType":"Patient","extension":'
    + b'[{"url":"x","extension":' * 5000
    + b"1",
    "nested 200 deep": b'{"resourceType":"Patient","extension":'
    + b'[{"url":"x","extension":' * 200
    + b'[{"url":"x","valueBoolean":true}]'
    + b"}]" * 200
    + b"}",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_bytes_are_a_problem_and_no_exception(name: str) -> None:
    examined = examine(BROKEN[name])
    assert examined.problems
    assert examined.resource is None


def test_a_resource_over_the_limit_is_refused_unread() -> None:
    raw = json.dumps(PATIENT).encode()
    assert check(raw, largest=len(raw)) == ()
    assert "larger than" in check(raw, largest=len(raw) - 1)[0].what


def test_numbers_of_any_length_are_read() -> None:
    raw = b'{"resourceType":"Observation","status":"final","code":{"text":"a"},"valueQuantity":{"value":%s}}'
    for number in (b"123456789012345678901234567890.12", b"0.000000000000000000000001", b"1e-300", b"-0.0"):
        examined = examine(raw % number)
        assert examined.problems == ()
        assert examined.resource is not None
        assert index_values(examined.resource)


@given(st.binary(max_size=300))
@settings(max_examples=300, deadline=None)
def test_no_bytes_raise(raw: bytes) -> None:
    assert check(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(["Patient", "Observation", "Bundle", "Parameters", "Questionnaire"]), _JSON, st.data())
@settings(max_examples=300, deadline=None)
def test_no_json_under_any_element_raises(resource_type: str, value: Any, data: st.DataObject) -> None:
    keys = {
        "Patient": ["name", "contained", "text", "extension", "_birthDate", "deceasedBoolean"],
        "Observation": ["component", "valueQuantity", "subject", "effectiveTiming"],
        "Bundle": ["entry", "type", "identifier", "total"],
        "Parameters": ["parameter"],
        "Questionnaire": ["item"],
    }
    key = data.draw(st.sampled_from(keys[resource_type]))
    check(json.dumps({"resourceType": resource_type, key: value}).encode())


def test_what_passes_can_be_indexed() -> None:
    indexed = 0
    for damaged in mutations(EXAMPLES, count=3000, seed=5):
        examined = examine(json.dumps(damaged.resource).encode())
        if not examined.problems and examined.resource is not None:
            indexed += bool(index_values(examined.resource))
    assert indexed > 0, "some damage leaves a resource that passes"


def test_repeated_entries_of_a_long_bundle_are_examined_in_one_walk() -> None:
    entry = {"resource": example(PATIENT, id=None)}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry] * 500}
    assert check(json.dumps(bundle).encode()) == ()
