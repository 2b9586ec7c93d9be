"""Cases that share a thing never decide about it at the same time; cases that share nothing do."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import toy_journeys as toys
from toy_journeys import decided

from careengine.engine.dispatcher import Dispatcher
from careengine.engine.journey import Case, Event, Facts, Instant, Journey, Open, Policies
from careengine.kernel.next import Next, to
from careengine.kernel.team import Team
from careengine.runtime.database import connect
from careengine.trust.access import Access


def family() -> Journey:
    """A journey whose cases share what their word says."""
    journey = Journey(
        "family",
        version=1,
        subject="Basic",
        outcome="done",
        target="toy.completion",
        listens=("toy.arrived",),
    )

    @journey.state(
        "open", owner=Team.ACCESS, clock="engine.place_event", awaits="a_step", needs=(toys.WORD,),
        goes=("done",), locks=lambda case: (f"family:{case.data['word']}",),
    )  # fmt: skip
    def begin(case: Case, facts: Facts, policy: Policies, event: Event | None, now: Instant) -> Next:
        return to("done", because=decided("toy.family", "counted"))

    journey.end("done", outcome="done", reached_goal=True)
    journey.route(lambda event, _: Open(key=str(event.body["key"]), data={"word": str(event.body["word"])}))
    return journey


@pytest.mark.parametrize(("words", "together"), [(("smith", "smith"), False), (("smith", "jones"), True)])
def test_two_workers_decide_at_once_only_about_cases_that_share_no_lock(
    open_toy: Callable[..., Any], database_url: str, words: tuple[str, str], together: bool
) -> None:
    toy = open_toy(family(), toys.placing)
    met: list[bool] = []
    meeting = threading.Barrier(2)

    def load(charts: object, cases: Sequence[Case]) -> dict[int, toys.Word]:
        """Facts are read after the locks are taken: whoever is here at the same time decides at once."""
        try:
            meeting.wait(5.0 if together else 0.5)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)
        return {case.id: toys.Word("go") for case in cases}

    for key, word in zip("ab", words, strict=True):
        toy.arrive(key, word)
    toy.route()

    def work() -> None:
        with connect(database_url) as conn:
            engine = replace(toy.engine, loaders={"toy.word": load})
            Dispatcher(conn, engine, access=Access.load(engine.book), batch_size=1).advance()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert met == [together, together]
    assert [state for _, state, _ in toy.cases()] == ["done", "done"]


def test_a_case_that_waits_for_a_held_thing_does_not_keep_the_worker_busy(toy: Any) -> None:
    first, second = toy.walking("a"), toy.walking("b")
    toy.happen(first, "toy.grab", {"key": "slot:1"})
    toy.happen(second, "toy.grab", {"key": "slot:1"})

    rounds = 0
    while toy.hand.advance() and rounds < 10:
        rounds += 1

    assert rounds < 3
    assert toy.one("select count(*) from inbox") == 1
