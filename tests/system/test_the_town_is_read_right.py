"""The whole way of a morning's referrals, compared with what the town knows it planted."""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from careengine.engine.batch import Counts
from careengine.engine.case_views import CaseView, Sums, list_cases, sums
from careengine.entrypoints.compose import Installation, build, prepare
from careengine.entrypoints.working import working
from careengine.record.importing import import_paths
from careengine.runtime.clock import FixedClock
from careengine.runtime.database import connect
from careengine.runtime.organisation import load_organisation
from careengine.runtime.settings import Settings
from caretown.oddities import Plan
from caretown.organisations import write_organisation
from caretown.partner_log import PartnerLog
from caretown.partners import Partners
from caretown.partners_aside import PartnersAside
from caretown.people import read_people, sample_records
from caretown.referrals import Post, write_referrals
from caretown.truth import Expect, Truth

START = datetime(2026, 11, 2, 13, tzinfo=UTC)
NOON = START + timedelta(hours=4)
SEED = 1


class Server(Protocol):
    """The run's PostgreSQL."""

    def url(self, database: str) -> str: ...


@dataclass(frozen=True)
class Morning:
    """What was planted, what became of it, and what the partners heard."""

    truths: dict[str, Truth]
    cases: dict[str, CaseView]
    total: Sums
    partners: PartnerLog

    def of(self, expect: Expect) -> dict[str, tuple[str, CaseView]]:
        return {
            own_id: (truth.plant, self.cases[own_id])
            for own_id, truth in self.truths.items()
            if truth.expect is expect
        }


def installed(url: str, partners: str, folder: Path) -> Installation:
    path = write_organisation(
        "organisation",
        folder / "organisation.yaml",
        {"PARTNERS": partners},
        journeys=("referral_acknowledged",),
    )
    settings = Settings(
        database_url=url,
        home=folder,
        organisation=path,
        log_level="error",
        secrets={"sms": "town:unused", "links": "unused"},
    )
    return Installation(
        settings=settings, organisation=load_organisation(path), url=url, clock=FixedClock(NOON)
    )


def send(here: Installation, post: Post, folder: Path) -> None:
    letters = folder / "post"
    letters.mkdir()
    for number, bundle in enumerate([post.directory, *(letter.bundle for letter in post.letters)]):
        (letters / f"{number:04d}.json").write_text(json.dumps(bundle))
    for path in (sample_records(), letters):
        report = import_paths(here.url, [path])
        assert report.refused == 0, report.refusals


@pytest.fixture(scope="module")
def morning(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """One morning for all tests here: they only look at it."""
    name = f"town_{os.getpid()}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as conn:
        conn.execute(f"create database {name}")
        yield played(server.url(name), tmp_path_factory.mktemp("town"))
        conn.execute(f"drop database {name} with (force)")


def played(url: str, folder: Path) -> Morning:
    post = write_referrals(read_people(sample_records()), seed=SEED, start=START)
    heard = PartnerLog()
    with PartnersAside(Partners(Plan(), heard)) as partners:
        here = installed(url, partners, folder)
        prepare(here)
        send(here, post, folder)
        working(here, stop=threading.Event(), until_idle=True, counts=Counts())
    with connect(url) as conn:
        engine, _ = build(conn, here)
        cases, total = list_cases(conn, engine, limit=1000), sums(conn)
    return Morning(
        truths={letter.truth.service_request: letter.truth for letter in post.letters},
        cases={str(case.data["focus"]).removeprefix("ServiceRequest/"): case for case in cases},
        total=total,
        partners=heard,
    )


def states(found: dict[str, tuple[str, CaseView]]) -> set[str]:
    return {case.state for _, case in found.values()}


def test_each_referral_meets_what_a_careful_coordinator_would_do(morning: Morning) -> None:
    acknowledged = morning.of(Expect.ACKNOWLEDGE)
    joined, withdrawn, asked = morning.of(Expect.JOIN), morning.of(Expect.WITHDRAW), morning.of(Expect.ASK)

    assert set(morning.cases) == set(morning.truths), "each referral is one case"
    assert {
        (plant, case.state) for plant, case in acknowledged.values() if case.state != "acknowledged"
    } == set()
    assert {case.state for _, case in joined.values()} == {"joined"}
    assert {case.state for _, case in withdrawn.values()} == {"withdrawn"}
    assert [pair for pair in asked.values() if pair[1].closed_at is not None] == []
    assert morning.total.waiting_for_people == len(asked)


def test_what_is_urgent_only_in_words_waits_for_a_nurse(morning: Morning) -> None:
    urgent = [own_id for own_id, truth in morning.truths.items() if truth.plant == "urgent_in_words"]

    assert {(morning.cases[one].state, morning.cases[one].owner) for one in urgent} == {
        ("urgent_triage", "nurses")
    }


def test_what_lacks_something_waits_for_that(morning: Morning) -> None:
    lacking = [own_id for own_id, truth in morning.truths.items() if truth.lacks]

    assert {morning.cases[own_id].state for own_id in lacking} == {"information_missing"}


def test_every_sender_heard_of_every_accepted_referral_exactly_once(morning: Morning) -> None:
    done = sum(count["done"] for count in morning.partners.summary().values())
    twice = sum(count["repeats"] + count["doubled"] for count in morning.partners.summary().values())

    assert (done, twice) == (len(morning.of(Expect.ACKNOWLEDGE)), 0)


def test_nothing_is_without_owner_or_due_time(morning: Morning) -> None:
    assert (morning.total.without_owner, morning.total.without_due) == (0, 0)
    assert morning.total.finished_alone == len(morning.cases) - len(morning.of(Expect.ASK))
