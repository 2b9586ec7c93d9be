"""After anything at all: every decision comes out again to the bit, and one changed byte is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import toy_journeys as toys
from psycopg import sql
from toy_journeys import decided

from careengine.engine.guards import Scope, Stop, resume, stop
from careengine.engine.recompute import Recomputed, recompute
from careengine.policy.book import PolicyBook
from careengine.trust.verify import verify

KINDS = ("toy.step", "toy.send", "toy.sleep", "toy.grab", "toy.tell", "toy.finish", "toy.unknown")
WORDS = ("go", "ask", "raise", "spin", "nul", "far", "hop", "lost")
JOURNEYS = {("errand", 1): toys.errand, ("event_to_place", 1): toys.placing}


def live_through(toy: Any, rng: Random, steps: int) -> None:
    """Let whatever may happen happen: arrivals, events, answers, time, a stopped lane."""
    for n in range(steps):
        act = rng.choice((arrive, happen, happen, happen, answer, wait, switch))
        act(toy, rng, n)
        if rng.random() < 0.6:
            toy.drain()
    toy.drain()


def arrive(toy: Any, rng: Random, n: int) -> None:
    toy.arrive(f"k{n}", rng.choice(WORDS))


def happen(toy: Any, rng: Random, n: int) -> None:
    cases = [case for case, _, _ in toy.cases()]
    if cases:
        said = {"n": n, "key": f"slot:{n % 3}", "case": rng.choice(cases), "kind": "toy.step"}
        toy.happen(rng.choice(cases), rng.choice(KINDS), said)


def answer(toy: Any, rng: Random, _: int) -> None:
    cards = toy.cards()
    if cards:
        said = rng.choice(("accept", "close", "try_again", "leave"))
        toy.answer(rng.choice(cards)[0], decided("toy.answer", said))


def wait(toy: Any, rng: Random, _: int) -> None:
    toy.later(hours=rng.choice((0.1, 1, 30)))


def switch(toy: Any, _: Random, n: int) -> None:
    thrown = Stop(scope=Scope.LANE, name="errand", by="dan", reason="looking", at=toy.clock.now())
    if not stop(toy.conn, toy.engine.ids, thrown):
        resume(toy.conn, Scope.LANE, "errand", by="dan", reason=f"looked {n}", at=toy.clock.now())
    toy.conn.commit()


def again(toy: Any) -> Recomputed:
    """Decide everything once more, under the very versions each decision names."""

    def pinned(pins: Mapping[str, int]) -> PolicyBook:
        assert set(pins.values()) <= {1}
        return toy.engine.book

    return recompute(toy.conn, JOURNEYS, pinned, code_version="toy")


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happened_every_decision_comes_out_again(toy: Any, seed: int) -> None:
    live_through(toy, Random(seed), steps=60)

    found = again(toy)

    assert found.decisions > 20
    assert (found.agree, found.differ, found.other_code_version) == (found.decisions, 0, 0), found.differences
    assert verify(toy.conn).ok
    assert toy.one("select count(*) from inbox") == 0
    assert toy.one(
        "select count(*) from engine_case where closed_at is null and (due_at is null or owner = 0)"
    ) == 0  # fmt: skip


@dataclass(frozen=True)
class Flip:
    """One bit of one byte of one row, changed as a bad disk or a bad person would."""

    toy: Any
    table: str
    key: str
    row: Any
    place: int
    bit: int

    def turn(self) -> None:
        """Turn it over; a second time turns it back."""
        turned = sql.SQL(
            "update {table} set {body} = set_byte({body}, {place}, get_byte({body}, {place}) # {bit})"
            " where {key} = %s"
        ).format(
            table=sql.Identifier(self.table), body=sql.Identifier("body"), key=sql.Identifier(self.key),
            place=sql.Literal(self.place), bit=sql.Literal(1 << self.bit),
        )  # fmt: skip
        assert self.toy.conn.execute(turned, (self.row,)).rowcount == 1
        self.toy.conn.commit()


def somewhere(toy: Any, table: str, key: str, rng: Random) -> Flip:
    """Choose a bit of a stored body."""
    rows = toy.all(f"select {key}, length(body) from {table} where body <> '' order by 1")  # noqa: S608  our own names
    row, length = rng.choice(rows)
    return Flip(toy, table, key, row, rng.randrange(length), rng.randrange(8))


@pytest.mark.parametrize(("table", "key"), [("decision_input", "digest"), ("decision", "id")])
def test_one_flipped_bit_of_what_was_seen_or_decided_is_found(toy: Any, table: str, key: str) -> None:
    rng = Random(table)
    live_through(toy, Random(5), steps=30)
    assert again(toy).differ == 0

    for _ in range(40):
        flip = somewhere(toy, table, key, rng)
        flip.turn()
        found, chain = again(toy), verify(toy.conn)
        flip.turn()
        assert not chain.ok, flip
        assert found.decisions == found.agree + found.differ
    assert verify(toy.conn).ok
    assert again(toy).differ == 0


def test_what_recompute_finds_is_named(toy: Any) -> None:
    toy.walking()
    toy.conn.execute("update decision set body = set_byte(body, 0, 77)")
    toy.conn.commit()

    [found] = again(toy).differences

    assert (found.function, found.why) == ("errand@1/received", "it cannot be read any more")
