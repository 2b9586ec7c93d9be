"""What people were asked: cards by kind, how long they lay, how often software's proposal was overruled."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from careengine.engine.composition import Engine
from careengine.oversight.insight.arrays import Bools, Ints, quantile, value_of
from careengine.oversight.insight.completion import Standing
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.pages import ROWS_A_PAGE, columns, joined, known_code, places_in
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.selecting import DAY, HOUR
from careengine.oversight.insight.shares import Interval, share_of
from careengine.runtime.database import Connection
from careengine.worklist.answers import ANSWERS

_NAMES = ("id", "case_id", "kind", "team", "opened_at", "ended", "answered", "proposed", "overruled")
# A card's last act of deciding is its answer, unless it was undone after that.
_CARDS = """
    select c.id, c.case_id, c.kind, c.team, c.opened_at, (a.at is not null)::int as answered,
        coalesce(a.at, c.closed_at, 'infinity') as ended, (o.kind is not null)::int as proposed,
        coalesce(o.kind is not null and p.answer <> a.what, false)::int as overruled
    from card c
    left join lateral (
        select act, what, at from card_act
        where card_id = c.id and act in ('decided', 'undone') order by id desc limit 1
    ) a on a.act = 'decided'
    left join lateral (
        select answer from decision where id = c.decision_id and recorded_at = c.decision_at limit 1
    ) p on true
    left join unnest(%(kinds)s::smallint[], %(answers)s::text[]) o (kind, answer)
        on o.kind = c.kind and o.answer = p.answer
    where c.id > %(after)s order by c.id limit %(page)s
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cards:
    """All cards of the selected cases; ``ended`` lies beyond ``now`` while a card is open."""

    case: Ints
    kind: Ints
    team: Ints
    opened: Ints
    ended: Ints
    answered: Bools
    proposed: Bools
    """Whether software proposed one of the answers a person may give."""
    overruled: Bools
    """Whether the person gave another."""


def read_cards(conn: Connection, engine: Engine, happened: Happenings) -> Cards:
    """Page through all cards from the oldest selected case on."""
    offers = engine.book.value(ANSWERS, engine.clock.now().date()).answers
    pairs = [(known_code(engine, "card", kind), said) for kind, all_ in offers.items() for said in all_]
    values: dict[str, Any] = {
        "after": int(happened.cases[0]) if len(happened.cases) else 0, "page": ROWS_A_PAGE,
        "kinds": [kind for kind, _ in pairs], "answers": [said for _, said in pairs],
    }  # fmt: skip
    pages: list[list[Ints]] = []
    while len(happened.cases):
        page = columns(conn, _NAMES, _CARDS, values)
        conn.commit()
        if not len(page[0]):
            break
        pages.append(page[1:])
        values["after"] = int(page[0][-1])
    found = joined(pages, len(_NAMES) - 1)
    place, known = places_in(happened.cases, found[0])
    kind, team, opened, ended, answered, proposed, overruled = (column[known] for column in found[1:])
    return Cards(
        case=place[known], kind=kind, team=team, opened=opened, ended=ended,
        answered=answered.astype(np.bool_), proposed=proposed.astype(np.bool_),
        overruled=overruled.astype(np.bool_),
    )  # fmt: skip


def asking(engine: Engine, happened: Happenings, cards: Cards, policy: ReferralsPolicy) -> Iterator[Figure]:
    """Tell for each kind of card how many there were and how long they lay until somebody answered."""
    kinds, first = np.unique(cards.kind, return_index=True)
    for kind in kinds[np.argsort(first, kind="stable")]:
        name = engine.codes.name("card", int(kind))
        mine = cards.kind == kind
        open_now = mine & (cards.ended > happened.now)
        lay = (cards.ended - cards.opened)[mine & cards.answered] / HOUR
        oldest = np.flatnonzero(mine)[np.argsort(cards.opened[mine], kind="stable")]
        yield Figure(
            name=f"cards.{name}", unit="count", found=Interval(int(mine.sum())), of=len(cards.case),
            cases=happened.cases[cards.case[oldest]], formula="insight.formula_cards",
            params={"kind": name},
            more={
                "median_hours": value_of(quantile(lay, 0.5)), "p90_hours": value_of(quantile(lay, 0.9)),
                "answered": len(lay), "open": int(open_now.sum()),
            },
        )  # fmt: skip
    yield from _ageing(engine, happened, cards, policy)
    yield _overruled(happened, cards, policy)


def _ageing(engine: Engine, happened: Happenings, cards: Cards, policy: ReferralsPolicy) -> Iterator[Figure]:
    """Tell for each team how old its open cards are."""
    waits = np.flatnonzero(cards.ended > happened.now)
    days = (happened.now - cards.opened[waits]) / DAY
    ages = [policy.age(float(day)) for day in days]
    groups: dict[tuple[str, str], list[int]] = {}
    for place, age in sorted(zip(waits.tolist(), ages, strict=True), key=lambda one: cards.opened[one[0]]):
        team = engine.codes.name("team", int(cards.team[place]))
        groups.setdefault((team, age), []).append(int(cards.case[place]))
    for (team, age), places in sorted(groups.items()):
        yield Figure(
            name=f"waiting.{team}.{age}d", unit="count", found=Interval(len(places)), of=len(waits),
            cases=happened.cases[places], formula="insight.formula_waiting",
            params={"team": team, "age": age},
        )  # fmt: skip


def _overruled(happened: Happenings, cards: Cards, policy: ReferralsPolicy) -> Figure:
    proposed, overruled = cards.answered & cards.proposed, cards.answered & cards.overruled
    all_, others = int(proposed.sum()), int(overruled.sum())
    return Figure(
        name="overrides.share", unit="share", found=share_of(others, all_, policy.confidence), of=all_,
        cases=np.unique(happened.cases[cards.case[overruled]]), formula="insight.formula_overrides",
    )  # fmt: skip


def alone(happened: Happenings, stands: Standing, policy: ReferralsPolicy) -> Iterator[Figure]:
    """Tell the share of cases that came through, or fell out, without any person's decision."""
    over = stands.reached | stands.fallen
    untouched, of = over & ~happened.touched, int(over.sum())
    yield Figure(
        name="automation.share", unit="share", of=of, cases=happened.cases[untouched],
        found=share_of(int(untouched.sum()), of, policy.confidence), formula="insight.formula_automation",
    )  # fmt: skip
