"""The doctor sees what would lose or confuse patients' data, and says what to do about each."""

from dataclasses import replace
from pathlib import Path

import pytest

from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection, connect
from careengine.runtime.doctor import Check, checks
from careengine.runtime.embedded import CLUSTER
from careengine.runtime.partitions import ensure_partitions
from careengine.runtime.settings import Mode, Settings

EXAMPLE = Path(__file__).parents[2] / "src/careengine/runtime/organisation.example.yaml"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, organisation=EXAMPLE)


def by_name(found: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in found}


def test_a_fresh_installation_for_trying_out_is_well(settings: Settings, conn: Connection) -> None:
    ensure_partitions(conn, real_now())
    assert [check for check in checks(settings, conn) if not check.ok] == []


@pytest.mark.parametrize("url", [None, "postgresql://somewhere/else"])
def test_the_embedded_server_is_refused_in_production_by_whatever_address(
    settings: Settings, conn: Connection, url: str | None
) -> None:
    if conn.execute("show cluster_name").fetchone() != (CLUSTER,):
        pytest.skip("this run is on another server")
    found = by_name(checks(replace(settings, mode=Mode.PRODUCTION, database_url=url), conn))
    assert not found["database"].ok
    assert "CAREENGINE_DATABASE_URL" in found["database"].say


def test_a_stepped_clock_and_a_partner_without_tls_are_refused_in_production(
    settings: Settings, conn: Connection
) -> None:
    found = by_name(checks(replace(settings, mode=Mode.PRODUCTION, clock="stepped:/run/clock"), conn))
    assert not found["clock"].ok
    assert not found["partner lakeside-practice"].ok


def test_a_clock_file_that_is_not_there_is_a_failed_check(settings: Settings, conn: Connection) -> None:
    found = by_name(checks(replace(settings, clock="stepped:/nowhere/clock"), conn))
    assert not found["clock"].ok
    assert "/nowhere/clock" in found["clock"].say


def test_commits_that_may_be_lost_are_seen(settings: Settings, conn: Connection) -> None:
    conn.execute("set synchronous_commit = off")
    found = by_name(checks(settings, conn))
    assert not found["synchronous_commit"].ok
    assert found["fsync"].ok


def test_rows_in_a_default_partition_and_missing_months_are_seen(
    settings: Settings, conn: Connection
) -> None:
    conn.execute(
        "insert into event (id, recorded_at, happened_at, kind, actor, ref, body)"
        " values (1, '2020-01-01Z', '2020-01-01Z', 1, 'system', '', '')"
    )
    found = by_name(checks(settings, conn))
    assert "event_default" in found["default partitions"].say
    assert not found["default partitions"].ok
    assert not found["months ahead"].ok


def test_a_wrong_organisation_is_a_failed_check_with_its_faults(
    settings: Settings, conn: Connection, tmp_path: Path
) -> None:
    (tmp_path / "wrong.yaml").write_text("name: A")
    found = by_name(checks(replace(settings, organisation=tmp_path / "wrong.yaml"), conn))
    assert not found["organisation"].ok
    assert "sites: is missing" in found["organisation"].say


def test_a_partner_s_missing_secret_is_seen_without_the_network(
    settings: Settings, conn: Connection, tmp_path: Path
) -> None:
    text = EXAMPLE.read_text().replace("timeout_s: 10.0", "timeout_s: 10.0\n    secret: clinics")
    (tmp_path / "organisation.yaml").write_text(text)
    with_secret = replace(settings, organisation=tmp_path / "organisation.yaml")
    assert not by_name(checks(with_secret, conn))["partner lakeside-practice"].ok
    given = replace(with_secret, secrets={"clinics": "x"})
    assert by_name(checks(given, conn))["partner lakeside-practice"].ok


def test_an_old_transaction_of_another_session_does_not_hide(
    settings: Settings, conn: Connection, database_url: str
) -> None:
    with connect(database_url) as other:
        other.execute("select 1")
        assert by_name(checks(settings, conn))["open transactions"].ok
