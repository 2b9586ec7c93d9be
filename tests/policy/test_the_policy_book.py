"""The book of policies: frozen values, built once, shared by every overlay, quick to look up."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from policy_examples import (
    PROMISE,
    PROMISE_SCHEMA,
    SCHEMAS,
    TRIAGE,
    PromiseValues,
    promise_source,
    spoil,
    triage_source,
)

from careengine.kernel.policy import PolicyName, PolicyRef
from careengine.policy.book import DRAFT, book_of, draft
from careengine.policy.findings import BrokenPolicy, MisfitPolicy, UnknownPolicy
from careengine.policy.schemas import PolicySchema, Schemas
from careengine.policy.sources import all_sources, package_sources, sources_at

DAY = date(2026, 3, 5)
BOOK = book_of({"access.promise": promise_source(), "access.triage": triage_source()}, SCHEMAS)


def test_a_value_carries_which_policy_and_version_spoke() -> None:
    assert BOOK.value(PROMISE, DAY).ref == PolicyRef("access.promise", 1, None)


def test_the_same_value_is_given_to_everybody() -> None:
    assert BOOK.value(PROMISE, DAY) is BOOK.value(PROMISE, DAY + timedelta(days=1))


def test_ten_thousand_look_ups_build_two_values() -> None:
    built = []

    def count(values: PromiseValues, ref: PolicyRef) -> object:
        built.append(ref)
        return PROMISE_SCHEMA.build(values, ref)

    book = book_of(
        {"access.promise": promise_source()},
        Schemas.of([PolicySchema("access.promise", PromiseValues, count)]),
    )
    days = [date(2026, 1, 1) + timedelta(days=n % 365) for n in range(10_000)]

    assert {book.value(PROMISE, day).days for day in days} == {2, 3}
    assert len(built) == 2


def test_a_policy_nobody_published_is_an_error_that_names_it() -> None:
    with pytest.raises(UnknownPolicy, match=r"access\.nowhere"):
        BOOK.value(PolicyName("access.nowhere", int), DAY)


def test_a_value_of_another_kind_than_asked_for_is_a_fault() -> None:
    with pytest.raises(MisfitPolicy, match="gives a Promise, not the int"):
        BOOK.value(PolicyName("access.promise", int), DAY)


@dataclass
class Loose:
    ref: PolicyRef


@dataclass(frozen=True)
class Silent:
    days: int


@pytest.mark.parametrize("built", [Loose(PolicyRef("access.promise", 1)), Silent(3), {"days": 3}])
def test_a_value_that_can_change_or_does_not_say_its_version_is_a_fault(built: object) -> None:
    schema = PolicySchema("access.promise", PromiseValues, lambda _values, _ref: built)

    with pytest.raises(MisfitPolicy, match="frozen dataclass"):
        book_of({"access.promise": promise_source()}, Schemas.of([schema])).value(PROMISE, DAY)


def test_a_draft_stands_in_an_overlay_and_everything_else_is_shared() -> None:
    table = BOOK.value(TRIAGE, DAY)
    overlay = BOOK.overlay([draft(spoil(promise_source(), "days: 3", "days: 9"), SCHEMAS)])

    assert overlay.value(PROMISE, DAY).days == 9
    assert overlay.value(PROMISE, DAY).ref.version == DRAFT
    assert overlay.value(TRIAGE, DAY) is table
    assert BOOK.value(PROMISE, DAY).days == 3


def test_each_policy_says_which_day_counts() -> None:
    assert BOOK.applies_by(PROMISE) == BOOK.applies_by("access.triage") == "received"


def test_pins_say_which_versions_a_decision_was_made_under() -> None:
    assert BOOK.pins([PROMISE, "access.triage"]) == {"access.promise": 1, "access.triage": 1}


def test_one_shape_registered_twice_is_a_fault() -> None:
    with pytest.raises(MisfitPolicy, match="registered twice"):
        Schemas.of([PROMISE_SCHEMA, PROMISE_SCHEMA])


def _pack(folder: Path) -> Path:
    area = folder / "access"
    area.mkdir()
    for source in (promise_source(), triage_source()):
        name = source.where.rpartition("/")[2]
        (area / name).write_text(source.text, encoding="utf-8")
        (area / name.replace(".yaml", ".cases.yaml")).write_text(source.cases or "", encoding="utf-8")
        for table, text in (source.tables or {}).items():
            (area / table).write_text(text, encoding="utf-8")
    return folder


def test_a_sites_pack_is_laid_over_the_package(tmp_path: Path) -> None:
    sources = all_sources([_pack(tmp_path)])

    assert sources["access.promise"].text == promise_source().text
    assert set(package_sources()) < set(sources)
    assert (
        book_of({"access.triage": sources["access.triage"]}, SCHEMAS)
        .value(TRIAGE, DAY)
        .table.first({"age": 70, "urgency": "urgent"})
    )


def test_one_file_of_a_pack_can_be_read_alone(tmp_path: Path) -> None:
    found = sources_at(_pack(tmp_path) / "access" / "promise.yaml")

    assert list(found) == ["access.promise"]
    assert found["access.promise"].cases == promise_source().cases


def test_a_pack_that_is_not_there_and_a_file_that_is_no_text_are_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenPolicy, match="The policy pack is not there"):
        all_sources([tmp_path / "nowhere"])
    with pytest.raises(BrokenPolicy, match="no such file"):
        sources_at(tmp_path / "nowhere.yaml")

    (tmp_path / "latin.yaml").write_bytes("owner: Müller".encode("latin-1"))
    with pytest.raises(BrokenPolicy, match="not UTF-8"):
        sources_at(tmp_path)
