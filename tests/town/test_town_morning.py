"""A morning over real sockets, against a small listener that answers as the engine promises to."""

import json
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from caretown.desk import Card, CommandLineDesk, PipedDesk
from caretown.door import Door
from caretown.errors import EngineSilent
from caretown.morning import Morning, Progress
from caretown.people import read_people, sample_records
from caretown.referrals import write_referrals
from caretown.staff import Habit, Habits, Hands, Staff, habits
from caretown.telephone import Telephone
from caretown.town_clock import TownClock

START = datetime(2026, 11, 2, 13, tzinfo=UTC)
POST = write_referrals(read_people(sample_records()), seed=1, start=START)


class Listener(ThreadingHTTPServer):
    """Takes transactions when the bearer is right, and says when it is next due."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.taken: list[dict[str, object]] = []
        self.authorized: list[str | None] = []
        self.status = 200
        self.busy_first = 0
        self.next_due: str | None = None
        self.idle = True


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.server.authorized.append(self.headers["authorization"])
        if self.server.busy_first:
            self.server.busy_first -= 1
            return self._say(429, {}, retry="0")
        if self.server.status == 200:
            self.server.taken.append(json.loads(raw))
        return self._say(
            self.server.status, {"issue": [{"code": "invalid", "diagnostics": "entry 1 is invalid"}]}
        )

    def do_GET(self) -> None:
        self._say(200, {"idle": self.server.idle, "next_due": self.server.next_due})

    def _say(self, status: int, body: object, retry: str = "") -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(raw)))
        if retry:
            self.send_header("retry-after", retry)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class ListDesk:
    """A worklist held in a list, for the rules of those who work it."""

    def __init__(self, cards: list[Card]) -> None:
        self.cards = cards
        self.answers: list[tuple[str, str, str]] = []

    def open_cards(self) -> list[Card]:
        return self.cards

    def answer(self, card: Card, answer: str, *, reason: str, actor: str) -> bool:
        self.answers.append((card.id, answer, actor))
        return bool(reason)


def door(listener: Listener) -> Door:
    return Door(f"http://127.0.0.1:{listener.server_port}", "secret")


def nobody() -> Staff:
    return Staff(ListDesk([]), Habits({}, 0.0), seed=1)


def play(listener: Listener, tmp_path: Path, lasts: timedelta) -> tuple[Progress, TownClock]:
    clock = TownClock(tmp_path / "clock")
    morning = Morning(door(listener), clock, POST, nobody())
    return morning.play(start=START, lasts=lasts, shown=lambda _: None), clock


def a_card(number: int, **changes: object) -> Card:
    plain: dict[str, object] = {
        "id": str(number), "kind": "missing", "team": "access", "urgent": False,
        "answers": ("asked", "close"), "about": f"ServiceRequest/{number}",
    }  # fmt: skip
    return Card(**{**plain, **changes})  # type: ignore[arg-type]


HABITS = Habits({"missing": Habit(("asked",), "rang the practice", "rosa")}, silent_share=0.3)


def test_a_morning_sends_the_directory_first_and_then_every_letter(
    listener: Listener, tmp_path: Path
) -> None:
    played, clock = play(listener, tmp_path, timedelta(hours=5))

    assert listener.taken == [POST.directory, *(letter.bundle for letter in POST.letters)]
    assert set(listener.authorized) == {"Bearer secret"}
    assert (played.sent, played.refused, played.impatient) == (len(POST.letters), {}, 0)
    assert clock.now() == START + timedelta(hours=5)


def test_letters_not_yet_due_are_not_sent(listener: Listener, tmp_path: Path) -> None:
    played, _ = play(listener, tmp_path, timedelta(minutes=30))

    assert played.sent == sum(letter.at <= START + timedelta(minutes=30) for letter in POST.letters)


def test_the_clock_steps_to_what_is_due_next(listener: Listener, tmp_path: Path) -> None:
    seen: list[datetime] = []
    due = START + timedelta(minutes=1, seconds=1)
    listener.next_due = due.isoformat()
    morning = Morning(door(listener), TownClock(tmp_path / "clock"), POST, nobody())

    morning.play(start=START, lasts=timedelta(minutes=40), shown=lambda progress: seen.append(progress.now))

    assert due in seen


def test_what_the_engine_refuses_is_told_with_its_own_words(listener: Listener) -> None:
    listener.status = 422

    answer = door(listener).send(POST.letters[0].bundle)

    assert not answer.taken
    assert answer.why == "entry 1 is invalid"


def test_an_engine_that_is_busy_is_sent_the_letter_again(listener: Listener) -> None:
    listener.busy_first = 2

    assert door(listener).send(POST.letters[0].bundle).taken
    assert len(listener.taken) == 1


def test_an_engine_that_refuses_the_directory_stops_the_morning(listener: Listener, tmp_path: Path) -> None:
    listener.status = 422

    with pytest.raises(EngineSilent, match="import the town's records first"):
        play(listener, tmp_path, timedelta(hours=1))


def test_patience_with_a_busy_engine_ends(listener: Listener) -> None:
    listener.idle = False

    assert not door(listener).wait_until_idle(patience_s=0.05).idle


def test_nobody_listening_is_said() -> None:
    with pytest.raises(EngineSilent, match="is it running"):
        Door("http://127.0.0.1:9", "secret").readiness()


def test_the_towns_clock_is_never_set_back(tmp_path: Path) -> None:
    clock = TownClock(tmp_path / "clock")
    clock.set(START)

    with pytest.raises(EngineSilent):
        clock.set(START - timedelta(seconds=1))

    assert clock.now() == START


def test_a_clock_without_an_instant_is_said(tmp_path: Path) -> None:
    with pytest.raises(EngineSilent, match="holds no instant"):
        TownClock(tmp_path / "clock").now()


def test_staff_answer_what_they_know_and_only_once() -> None:
    desk = ListDesk([a_card(n) for n in range(40)])
    staff = Staff(desk, HABITS, seed=1)

    first, second = staff.work(), staff.work()

    assert first.answered == len(desk.answers)
    assert second.answered == 0
    assert {(answer, actor) for _, answer, actor in desk.answers} == {("asked", "rosa")}


def test_some_cards_are_left_lying_and_the_same_ones_for_the_same_seed() -> None:
    cards = [a_card(n) for n in range(100)]
    first, again = ListDesk(cards), ListDesk(cards)

    seen = Staff(first, HABITS, seed=1).work()
    Staff(again, HABITS, seed=1).work()

    assert 10 < seen.silent < 60
    assert first.answers == again.answers


def test_an_urgent_card_is_never_left_lying() -> None:
    desk = ListDesk([a_card(n, urgent=True) for n in range(40)])

    assert Staff(desk, HABITS, seed=1).work().answered == 40


def test_a_card_nobody_knows_is_left_for_its_clock() -> None:
    desk = ListDesk([a_card(1, kind="something new"), a_card(2, answers=("refund",))])

    seen = Staff(desk, HABITS, seed=1).work()

    assert (seen.unknown, desk.answers) == (2, [])


def test_the_sender_who_is_rung_sends_what_was_missing(listener: Listener) -> None:
    letter = next(one for one in POST.letters if one.truth.lacks)
    telephone = Telephone(door(listener), POST)

    telephone.ring(a_card(1, about=f"ServiceRequest/{letter.truth.service_request}@1"))

    assert listener.taken == [letter.completed]


def test_ringing_about_a_complete_referral_sends_nothing(listener: Listener) -> None:
    letter = next(one for one in POST.letters if not one.truth.lacks)

    Telephone(door(listener), POST).ring(a_card(1, about=f"ServiceRequest/{letter.truth.service_request}"))

    assert listener.taken == []


def test_staff_ring_once_and_answer_in_the_next_round_if_the_card_still_waits() -> None:
    order: list[str] = []
    desk = ListDesk([a_card(1)])
    habit = Habits({"missing": Habit(("asked",), "rang", "rosa", rings=True)}, silent_share=0.0)

    staff = Staff(desk, habit, seed=1, hands=Hands(ring=lambda card: order.append(f"rang about {card.id}")))

    first, answered_at_first = staff.work(), list(desk.answers)
    staff.work()

    assert (order, first.rang, answered_at_first) == (["rang about 1"], 1, [])
    assert len(desk.answers) == 1


COMMAND = """
import json, sys
if sys.argv[1:3] == ["cards", "list"]:
    print(json.dumps({"id": 7, "kind": "referrals.urgency", "team": "nurses", "urgent": True,
                      "answers": ["accept_urgent"], "about": "ServiceRequest/a@1"}))
    print(json.dumps({"cards": 1}))
elif "8" in sys.argv:
    sys.exit(1)
elif "9" in sys.argv:
    sys.exit(3)
"""


@pytest.fixture
def desk(tmp_path: Path) -> CommandLineDesk:
    (tmp_path / "command.py").write_text(COMMAND)
    return CommandLineDesk((sys.executable, str(tmp_path / "command.py")))


def test_the_worklist_is_read_from_the_engines_command(desk: CommandLineDesk) -> None:
    (card,) = desk.open_cards()

    assert (card.id, card.kind, card.urgent, card.answers) == (
        "7",
        "referrals.urgency",
        True,
        ("accept_urgent",),
    )
    assert card.about == "ServiceRequest/a@1"


OFFERED = ("asked", "close", "accept")


def called(*said: str) -> tuple[Staff, ListDesk, list[datetime]]:
    """Staff who call a patient about one card; each time one of ``said`` comes of it."""
    desk, now, left = ListDesk([a_card(1, answers=OFFERED)]), [START], list(said)
    habit = Habit(("asked",), "rang", "rosa", calls=True, booked=("accept",), otherwise=("close",), tries=2)
    hands = Hands(call=lambda _: left.pop(0), now=lambda: now[0])
    return Staff(desk, Habits({"missing": habit}, silent_share=0.0), seed=1, hands=hands), desk, now


def test_a_patient_who_does_not_pick_up_is_rung_on_the_next_day_and_not_before() -> None:
    staff, desk, now = called("nobody", "spoken")

    first = staff.work()
    now[0] += timedelta(hours=1)
    second = staff.work()
    now[0] += timedelta(hours=23)
    staff.work()

    assert (first.called, second.called, second.waiting) == (1, 0, 1)
    assert [answer for _, answer, *_ in desk.answers] == ["asked"]


def test_staff_give_up_only_after_the_tries_they_are_allowed() -> None:
    staff, desk, now = called("nobody", "nobody")
    staff.work()
    now[0] += timedelta(days=1)
    staff.work()

    assert [answer for _, answer, *_ in desk.answers] == ["close"]


def test_what_was_booked_on_the_telephone_is_said_so() -> None:
    staff, desk, _ = called("booked")
    staff.work()

    assert [answer for _, answer, *_ in desk.answers] == ["accept"]
    assert staff.answered_about == {"ServiceRequest/1": {"missing"}}


def test_what_can_be_looked_up_is_answered_with_what_was_found() -> None:
    desk = ListDesk([a_card(1, answers=OFFERED), a_card(2, answers=OFFERED)])
    habit = Habit(("asked",), "looked", "rosa", looks=True)
    found = {"1": "accept", "2": "no such answer"}
    hands = Hands(look=lambda card: found[card.id])

    Staff(desk, Habits({"missing": habit}, silent_share=0.0), seed=1, hands=hands).work()

    assert [answer for _, answer, *_ in desk.answers] == ["accept", "asked"]


def test_a_card_left_lying_is_answered_once_it_has_climbed_to_the_supervisor() -> None:
    desk = ListDesk([a_card(number, shown={"role": "supervisor"}) for number in range(40)])

    assert Staff(desk, HABITS, seed=1).work().silent == 0


PIPE = """
import json, sys
for line in sys.stdin:
    given = json.loads(line)
    if "list" in given:
        card = {"id": 7, "kind": "k", "team": "access", "answers": ["accept"]}
        print(json.dumps({"cards": [card]}), flush=True)
        continue
    if given["card"] == 9:
        sys.exit(3)
    said = {"card": given["card"], "answer": given["answer"]}
    print(json.dumps(said | ({"refused": "AlreadyDecided"} if given["card"] == 8 else {})), flush=True)
print(json.dumps({"taken": 1, "not_taken": 1}))
"""


def test_many_answers_go_through_one_command_and_one_that_ends_stops_the_town(tmp_path: Path) -> None:
    (tmp_path / "command.py").write_text(PIPE)
    desk = PipedDesk((sys.executable, str(tmp_path / "command.py")))

    listed = [card.id for card in desk.open_cards()]
    taken = [desk.answer(a_card(number), "accept", reason="seen", actor="desk.rosa") for number in (7, 8, 7)]

    assert listed == ["7"]
    assert taken == [True, False, True]
    with pytest.raises(EngineSilent):
        desk.answer(a_card(9), "accept", reason="seen", actor="desk.rosa")
    desk.close()


def test_an_answer_that_is_refused_is_told_and_a_broken_command_stops_the_town(desk: CommandLineDesk) -> None:
    assert desk.answer(a_card(7), "accept_urgent", reason="quoted", actor="nurse.ines")
    assert not desk.answer(a_card(8), "accept_urgent", reason="quoted", actor="nurse.ines")
    with pytest.raises(EngineSilent):
        desk.answer(a_card(9), "accept_urgent", reason="quoted", actor="nurse.ines")


def test_the_towns_habits_can_be_read() -> None:
    assert "referrals.urgency" in habits().by_kind
    assert 0 < habits().silent_share < 1
