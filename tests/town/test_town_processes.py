import io
import os
import sys
from pathlib import Path

import pytest
import urllib3
from rich.console import Console

from caretown.cli import main
from caretown.errors import EngineSilent
from caretown.oddities import Plan
from caretown.outcome import Outcome, tell
from caretown.partner_log import PartnerLog
from caretown.partners import Partners
from caretown.partners_aside import PartnersAside
from caretown.processes import Processes, command, free_port


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(os.environ, tmp_path)


def test_a_process_that_ends_by_itself_is_named_with_its_last_words(processes: Processes) -> None:
    with processes as running:
        running.start("worker", sys.executable, "-c", "raise SystemExit('no such database')")

        with pytest.raises(EngineSilent, match=r"(?s)'worker' ended by itself with code 1.*no such database"):
            running.wait_for(f"http://127.0.0.1:{free_port()}/")


def test_what_answers_is_waited_for(processes: Processes) -> None:
    with PartnersAside(Partners(Plan(), PartnerLog())) as url, processes as running:
        running.wait_for(f"{url}/log")
        assert urllib3.request("GET", f"{url}/log").status == 200


def test_what_was_started_is_stopped(processes: Processes, tmp_path: Path) -> None:
    port = free_port()
    with processes as running:
        running.start("partners", command("caretown"), "partners", "--port", str(port))
        running.wait_for(f"http://127.0.0.1:{port}/log")

    assert "partners listen on" in (tmp_path / "partners.log").read_text()
    with PartnersAside(Partners(Plan(), PartnerLog())):
        assert running.run(sys.executable, "-c", "print(7)").stdout == "7\n"


def test_a_folder_that_is_no_demo_is_never_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    monkeypatch.setattr(sys, "argv", ["caretown", "demo", "--home", str(tmp_path), "--no-serve"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 1
    assert "holds something that is not a demo" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("start", ["yesterday", "2026-11-02T13:00:00"])
def test_a_start_without_an_instant_is_wrong_use(
    start: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = ["caretown", "morning", "--clock-file", str(tmp_path / "clock"), "--start", start]
    monkeypatch.setattr(sys, "argv", wrong)

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 2


def test_the_outcome_says_who_has_heard_and_by_when() -> None:
    card = {"team": "access", "role": "director", "asked": "Which clinic?", "why": "No code."}
    came = Outcome(
        sums={"cases": 2, "finished_alone": 1, "waiting_for_people": 1, "without_owner": 0, "without_due": 0},
        cases=({"outcome": "sender told: accepted"}, {"outcome": "", "awaits": "our_check"}),
        cards=(card | {"due_at": "2026-11-03T14:00:00+00:00"},),
        ledger={"ok": True},
        recomputed={"decisions": 9, "agree": 9},
    )
    console = Console(record=True, width=160, file=io.StringIO())

    tell(came, console)

    said = console.export_text()
    assert "2 cases. 1 were finished alone; 1 wait for people" in said
    assert "access (director)" in said
    assert "Tue 03 Nov 09:00" in said
    assert "The ledger holds; 9 of 9 decisions, decided again, come out the same." in said
