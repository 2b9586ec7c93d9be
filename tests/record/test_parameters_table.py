"""All of R4's search parameters are compiled, but for a list that gives its reasons."""

from hashlib import sha256
from importlib.resources import files

import pytest

from careengine.record.expressions import Unsupported, places
from careengine.record.indexing import VALUES
from careengine.record.moments import is_real, moment
from careengine.record.parameters import Kind, index_values, parameters_of
from careengine.record.tables import elements, search_parameters

NOT_INDEXED = {
    "_id": "the store's own column",
    "_lastUpdated": "the store's own column",
    "_text": "R4 gives no expression: it searches the narrative",
    "_content": "R4 gives no expression: it searches the whole text",
    "_query": "R4 gives no expression: it names a query",
    "near": "a distance between places, of the special type",
    "phonetic": "it would need a language's rules of sound",
}
"""And the composite parameters: a search joins their parts."""


def _resource_types() -> list[str]:
    return sorted(name for name in elements().kinds if elements().is_resource(name))


def test_every_parameter_of_every_type_is_indexed_or_left_out_for_a_reason() -> None:
    left_out = set()
    for row in search_parameters():
        for base in row.base:
            types = [base] if elements().is_resource(base) else _resource_types()
            if any(row.code not in parameters_of(each) for each in types):
                left_out.add(row.code if row.type != "composite" else "composite")
    assert left_out == {*NOT_INDEXED, "composite"}


def test_the_tables_are_the_ones_their_readme_names() -> None:
    folder = files("careengine.record") / "definitions"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in ("elements.json.gz", "search.json.gz"):
        assert f"| {name} | `{sha256((folder / name).read_bytes()).hexdigest()}` |" in readme


def test_only_one_expression_is_computed_instead_of_compiled() -> None:
    unsupported = set()
    for row in search_parameters():
        for base in row.base:
            if row.expression and row.type not in {"composite", "special"} and elements().is_resource(base):
                try:
                    assert places(row.expression, base, elements()), row
                except Unsupported:
                    unsupported.add((base, row.code))
    assert unsupported == {("Patient", "deceased")}


def test_every_datatype_a_parameter_meets_has_its_values() -> None:
    for row in search_parameters():
        for base in row.base:
            if row.code in parameters_of(base) and row.code != "deceased":
                kinds = {place.type for place in places(row.expression, base, elements())}
                assert kinds <= VALUES[Kind[row.type.upper()]].keys(), row


def test_a_type_without_values_has_none_and_an_unknown_type_no_parameters() -> None:
    assert index_values({"resourceType": "Observation"}) == []
    assert parameters_of("Dragon") == {}
    assert index_values({"resourceType": "Dragon", "name": "x"}) == []


def test_a_reference_parameter_knows_the_types_it_leads_to() -> None:
    assert parameters_of("Observation")["patient"].targets == {"Patient"}
    assert "Group" in parameters_of("Observation")["subject"].targets


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.name.descendants()",
        "Patient.",
        "Patient.colour",
        "Patient.name &",
        "(Patient.name",
        "Patient.name]",
    ],
)
def test_an_expression_beyond_the_subset_is_refused(expression: str) -> None:
    with pytest.raises(Unsupported):
        places(expression, "Patient", elements())


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", "2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
        ("2024-02", "2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2024-12", "2024-12-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
        ("2024-02-29", "2024-02-29T00:00:00+00:00", "2024-03-01T00:00:00+00:00"),
        ("2024-02-29T23:30+01:00", "2024-02-29T22:30:00+00:00", "2024-02-29T22:31:00+00:00"),
        ("2024-02-29T23:30:05-05:00", "2024-03-01T04:30:05+00:00", "2024-03-01T04:30:06+00:00"),
        ("2024-02-29T23:30:05.25Z", "2024-02-29T23:30:05.250000+00:00", "2024-02-29T23:30:05.260000+00:00"),
        (
            "2024-02-29T23:30:05.1234567Z",
            "2024-02-29T23:30:05.123456+00:00",
            "2024-02-29T23:30:05.123457+00:00",
        ),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00", "2017-01-01T00:00:01+00:00"),
        ("9999-12-31", "9999-12-31T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"),
        ("9999", "9999-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"),
    ],
)
def test_a_moment_covers_what_it_leaves_open(text: str, low: str, high: str) -> None:
    found = moment(text)
    assert found is not None
    assert (found[0].isoformat(), found[1].isoformat()) == (low, high)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "24",
        "2024-13",
        "2024-00",
        "2024-01-00",
        "2024-02-30",
        "0000",
        "2024-W05",
        "20240101T101010+0000",
        "2024-02-29T25:00:00Z",
    ],
)
def test_what_is_no_moment_has_no_range(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("2024-02-29", True),
        ("2023-02-29", False),
        ("2024-04-31", False),
        ("2024-12", True),
        ("2024", True),
        ("0000", False),
    ],
)
def test_a_date_is_held_against_the_calendar(text: str, real: bool) -> None:
    assert is_real(text) is real
