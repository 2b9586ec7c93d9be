"""A second CareEngine answers as the payer: its own home, its own database, asked over a socket."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from command_line import EXECUTABLE, CommandLine
from registration_examples import VISIT_DAY, InForce, a_cover, a_held
from waiting import until

from careengine.capabilities import registration
from careengine.capabilities.registration import ANSWERS, CHECKING, COVERS
from careengine.capabilities.registration.wiring import RUNNERS
from careengine.engine.outgoing import Delivered, Outcome, Outgoing, TryAgain
from careengine.wire.http import HttpPartner, Unreachable
from careengine.wire.x12 import Inquiry, Person, build_270
from caretown.processes import free_port

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
MEMBERS = "https://town-health.example/members"
POLICY = InForce()


def _member(
    name: str, number: str, born: str = "1980-01-02", end: str = "2026-12-31"
) -> list[dict[str, Any]]:
    own = {"system": MEMBERS, "value": number}
    return [
        {
            "resourceType": "Patient", "id": name, "identifier": [own], "gender": "female", "birthDate": born,
            "name": [{"use": "official", "family": "Nguyễn", "given": [name.title()]}],
        },
        {
            "resourceType": "Coverage", "id": name, "status": "active", "subscriberId": number, "order": 1,
            "beneficiary": {"reference": f"Patient/{name}"}, "payor": [{"display": "Town Health Plan"}],
            "period": {"start": "2026-01-01", "end": end},
        },
    ]  # fmt: skip


PEOPLE = [
    *_member("ann", "TH-1"),
    *_member("bea", "TH-2", end="2026-06-30"),
    *_member("cleo", "TH-3"),
    *_member("dora", "TH-4"),
    *[
        {**one, "id": "dora2", **({"beneficiary": {"reference": "Patient/dora2"}} if "order" in one else {})}
        for one in _member("dora", "TH-4")
    ],
]


class Payer:
    """The payer's processes, and a provider's real runner to ask it with."""

    def __init__(self, careengine: CommandLine) -> None:
        self.careengine = careengine
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._running: list[subprocess.Popen[bytes]] = []
        self._count = 0

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command of the payer's that runs on."""
        home, environ = self.careengine.home, self.careengine.environ
        with (home / f"{arguments[0]}.log").open("ab") as log:
            started = subprocess.Popen(  # noqa: S603  our own program
                [EXECUTABLE, *arguments], env=environ, cwd=home, stdout=log, stderr=log
            )
        self._running.append(started)
        return started

    def serve(self) -> None:
        """Serve, and return once it answers."""
        self.start("serve", "--port", str(self.port))
        until(self._answers, within_s=60, what="the payer's server")

    def _answers(self) -> bool:
        hand = HttpPartner(self.url, timeout_s=5.0)
        try:
            return hand.post("healthz", b"", {}).status in {200, 405}
        except Unreachable:
            return False
        finally:
            hand.close()

    def ask(self, name: str, number: str, born: str = "1980-01-02", key: str = "", **changes: Any) -> Outcome:
        """Have the provider's runner ask about somebody; the same ``key`` is the same act."""
        self._count += 1
        effect = registration.ask_eligibility(
            a_cover(), a_held(), visit_day=VISIT_DAY, covers=POLICY[COVERS], policy=POLICY[CHECKING], now=NOW
        )
        patient = {"birthDate": born, "name": [{"family": "Nguyen", "given": [name]}], "gender": "female"}
        asked = Outgoing(
            id=self._count, key=key or f"{self._count:032x}", kind=effect.kind, partner=effect.partner,
            case=7, subject=UUID(int=7), journey="referral_to_visit", site="boston", purpose=effect.purpose,
            attempts=1, body={**effect.body, **changes},
            enclosed={"Patient/ann": patient, "Coverage/ann@1": {"status": "active", "subscriberId": number}},
        )  # fmt: skip
        hand = HttpPartner(f"{self.url}/x12", timeout_s=30.0)
        try:
            return RUNNERS[registration.ASK_ELIGIBILITY](asked, hand)
        finally:
            hand.close()

    def post(self, raw: bytes) -> tuple[int, bytes]:
        """Post bytes to the payer."""
        hand = HttpPartner(f"{self.url}/x12", timeout_s=30.0)
        try:
            said = hand.post("", raw, {"Content-Type": "application/edi-x12"})
        finally:
            hand.close()
        return said.status, said.body

    def stop(self) -> None:
        """End what was started."""
        for running in self._running:
            running.send_signal(signal.SIGTERM)
        for running in self._running:
            running.wait(30)


@pytest.fixture(scope="module")
def payer() -> Iterator[Payer]:
    """A payer with four members, served and worked for, in a home of its own."""
    home = Path(tempfile.mkdtemp(prefix="ce-payer-"))
    home.chmod(0o711)
    shutil.copy(str(files("caretown").joinpath("sample/payer.yaml")), home / "organisation.yaml")
    (home / "clock").write_text(NOW.isoformat())
    bundle = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in PEOPLE
    ]
    (home / "members.json").write_text(
        json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": bundle})
    )
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CAREENGINE_")}
    environ = {"CAREENGINE_HOME": str(home / "data"), "CAREENGINE_CLOCK": f"stepped:{home / 'clock'}"}
    careengine = CommandLine(home, ours | environ)
    assert careengine("init").code == 0
    assert careengine("import", "members.json").code == 0
    here = Payer(careengine)
    here.serve()
    here.start("worker")
    yield here
    here.stop()
    careengine("down")
    shutil.rmtree(home, ignore_errors=True)


def _reply(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Delivered), outcome
    return dict(outcome.reply)


def test_a_member_is_covered_whatever_the_accents_of_the_name(payer: Payer) -> None:
    said = _reply(payer.ask("Ann", "TH-1"))

    assert (said["result"], said["plan_begin"], said["plan_end"]) == ("active", "2026-01-01", "2026-12-31")
    assert registration.decide_verified(said, policy=POLICY[ANSWERS]).answer == "verified"


def test_a_plan_that_ended_is_told_with_its_days(payer: Payer) -> None:
    said = _reply(payer.ask("Bea", "TH-2"))

    assert (said["result"], said["plan_end"]) == ("inactive", "2026-06-30")


@pytest.mark.parametrize(
    ("name", "number", "born", "code"),
    [
        ("Ann", "TH-99", "1980-01-02", "75"),
        ("Ann", "TH-1", "1980-01-03", "71"),
        ("Zoe", "TH-1", "1980-01-02", "73"),
        ("Zoe", "TH-1", "1980-01-03", "75"),
        ("Dora", "TH-4", "1980-01-02", "76"),
    ],
    ids=["nobody", "another birth date", "another name", "both another", "two members"],
)
def test_what_does_not_fit_is_told_in_the_fields_codes(
    payer: Payer, name: str, number: str, born: str, code: str
) -> None:
    assert _reply(payer.ask(name, number, born))["aaa"] == [code]


def test_two_records_of_one_member_are_a_card_for_the_payers_people(payer: Payer) -> None:
    _reply(payer.ask("Dora", "TH-4"))
    cards = payer.careengine("cards", "list", "--json")

    assert any(card.get("kind") == "registration.answer" for card in cards.lines)


def test_a_question_for_another_payer_is_not_answered(payer: Payer) -> None:
    assert _reply(payer.ask("Ann", "TH-1", payer_id="842610099"))["aaa"] == ["79"]


def _question(trace: str) -> bytes:
    return build_270(
        Inquiry(
            sender="1999999984", receiver="842610001", control=7, created=NOW, trace=trace,
            origin="9999999984", payer_id="842610001", payer_name="TOWN", asker_id="1999999984",
            asker_name="HARBOUR", day=VISIT_DAY,
            subscriber=Person(last="NGUYEN", first="ANN", member="TH-1", born=date(1980, 1, 2)),
        )
    )  # fmt: skip


def test_the_same_question_twice_has_the_same_answer_and_one_decision(payer: Payer) -> None:
    before = payer.careengine("summary", "--json").last
    first, again = payer.post(_question("SAME")), payer.post(_question("SAME"))
    after = payer.careengine("summary", "--json").last

    assert first == again
    assert first[0] == 200
    assert after["cases"] - before["cases"] == 1


@pytest.mark.parametrize("raw", [b"", b"Dear payer", _question("CUT")[:200], _question("TWO") * 2])
def test_what_is_no_question_is_refused_and_nothing_is_kept(payer: Payer, raw: bytes) -> None:
    status, said = payer.post(raw)

    assert status == 422
    assert b"x12" in said or b"X12" in said


def test_every_answer_can_be_decided_again_from_the_payers_ledger(payer: Payer) -> None:
    _reply(payer.ask("Cleo", "TH-3"))
    ran = payer.careengine("decision", "recompute", "--all", "--json")

    assert ran.code == 0
    assert ran.last["differ"] == 0
    assert ran.last["decisions"] > 0


def test_a_payer_whose_work_stands_still_says_that_it_cannot_answer_now(payer: Payer) -> None:
    worker = payer._running[-1]
    worker.send_signal(signal.SIGSTOP)
    try:
        said = _reply(payer.ask("Cleo", "TH-3", key="late"))
    finally:
        worker.send_signal(signal.SIGCONT)
    again = _reply(payer.ask("Cleo", "TH-3", key="late"))

    assert (said["result"], said["why"]) == ("unavailable", "aaa.42")
    assert registration.decide_verified(said, policy=POLICY[ANSWERS]).answer == "again"
    assert again["result"] == "active"


def test_a_payer_that_is_not_there_is_asked_again(payer: Payer) -> None:
    elsewhere = Payer(payer.careengine)

    assert isinstance(elsewhere.ask("Ann", "TH-1"), TryAgain)
