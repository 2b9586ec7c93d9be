"""``organisation.yaml`` is read strictly; every fault is listed with what to do, and no value is repeated."""

import importlib.resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from careengine.kernel.team import Team
from careengine.runtime.organisation import Organisation, OrganisationInvalid, load_organisation

EXAMPLE = importlib.resources.files("careengine.runtime").joinpath("organisation.example.yaml").read_text()


def load(tmp_path: Path, text: str) -> Organisation:
    file = tmp_path / "organisation.yaml"
    file.write_text(text)
    return load_organisation(file)


def changed(path: str, value: object) -> str:
    """Return the example with one value changed, or removed with ``...``."""
    whole: dict[str, Any] = yaml.safe_load(EXAMPLE)
    *way, last = path.split(".")
    part = whole
    for key in way:
        part = part[key]
    if value is ...:
        del part[last]
    else:
        part[last] = value
    return yaml.safe_dump(whole, sort_keys=False)


def test_the_example_is_valid(tmp_path: Path) -> None:
    read = load(tmp_path, EXAMPLE)
    assert read.side == "provider"
    assert list(read.sites) == ["riverside"]
    assert read.sites["riverside"].zone == "America/Chicago"
    assert read.teams[Team.ACCESS].people == ("ana.ruiz", "ben.okafor")
    assert read.partners["lakeside-practice"].timeout_s == 10.0
    assert len(read.digest) == 64


def test_it_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path, EXAMPLE).name = "Another"  # type: ignore[misc]


def test_packs_are_found_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "ours").mkdir()
    assert load(tmp_path, changed("packs", ["ours"])).packs == (tmp_path / "ours",)


@pytest.mark.parametrize(("path", "value", "says"), [
    ("name", ..., "name: is missing; add it"),
    ("name", "", "name: "),
    ("side", "both", "side: "),
    ("sites", {}, "sites: "),
    ("sites.riverside.zone", "America/Atlantis", "sites.riverside.zone: is no IANA time zone"),
    ("sites.riverside.calendar", "Calendar One", "sites.riverside.calendar: is no such name"),
    ("sites.riverside.colour", "blue", "sites.riverside.colour: is not known"),
    ("sites.River Side", {"zone": "UTC", "calendar": "a.b"}, "is no such name"),
    ("teams", {}, "teams: "),
    ("teams.wizards", {}, "teams.wizards"),
    ("teams.access.people", [], "teams.access.people: "),
    ("teams.access.people", ["ana.ruiz", "ana.ruiz"], "named twice"),
    ("teams.access.people", "ana.ruiz", "teams.access.people: "),
    ("teams.access.backup", ..., "teams.access.backup: is missing"),
    ("teams.access.backup", 7, "teams.access.backup: must be text"),
    ("journeys", [], "journeys: "),
    ("journeys", ["a", "a"], "journeys: a is named twice"),
    ("partners.lakeside-practice.url", "ftp://somewhere", "must be an http or https address"),
    ("partners.lakeside-practice.url", "https://u:hunter2@somewhere", "must hold no user or password"),
    ("partners.lakeside-practice.concurrency", 0, "partners.lakeside-practice.concurrency: "),
    ("partners.lakeside-practice.concurrency", "4", "partners.lakeside-practice.concurrency: "),
    ("partners.lakeside-practice.per_second", 0, "partners.lakeside-practice.per_second: "),
    ("partners.lakeside-practice.timeout_s", -1, "partners.lakeside-practice.timeout_s: "),
    ("partners.lakeside-practice.secret", "hunter2!", "partners.lakeside-practice.secret: is no such name"),
    ("packs", ["missing"], "is no directory"),
    ("partners.Lakeside Practice", {"url": "http://a"}, "is no such name"),
    ("digest", "x", "must be a mapping"),
])  # fmt: skip
def test_a_fault_is_named_with_its_place_and_without_its_value(
    tmp_path: Path, path: str, value: object, says: str
) -> None:
    with pytest.raises(OrganisationInvalid) as caught:
        load(tmp_path, changed(path, value))
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_every_fault_is_listed_at_once(tmp_path: Path) -> None:
    whole = yaml.safe_load(EXAMPLE)
    del whole["name"]
    whole["side"] = "both"
    with pytest.raises(OrganisationInvalid) as caught:
        load(tmp_path, yaml.safe_dump(whole))
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(("text", "says"), [
    ("", "must be a mapping"),
    ("- a\n- b", "must be a mapping"),
    ("name: [", "line 1"),
    ("name: A\nname: B\n", "line 2: the key 'name' is given twice"),
    ("name: !!python/object:os.system {}", "could not determine a constructor"),
    ("name: A\nsince: 2026-01-01", "write it in quotes"),
])  # fmt: skip
def test_what_is_no_such_yaml_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(OrganisationInvalid) as caught:
        load(tmp_path, text)
    assert says in str(caught.value)


def test_a_missing_file_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(OrganisationInvalid, match=r"organisation\.example\.yaml"):
        load_organisation(tmp_path / "organisation.yaml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "organisation.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(OrganisationInvalid, match="UTF-8"):
        load_organisation(tmp_path / "organisation.yaml")
