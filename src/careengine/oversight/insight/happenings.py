"""What happened to the selected cases, as columns: steps, who decided, offers, what was sent to people.

Read by ranges of case ids (effects by ranges of their own), each in a transaction of its
own: a report never keeps the snapshot that would slow every worker down. No chart is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus
from careengine.oversight.insight.arrays import Bools, Ints
from careengine.oversight.insight.offers import Decided, Offers, decided_in, gathered, rules_of, shared_offers
from careengine.oversight.insight.pages import ROWS_A_PAGE, columns, joined, known_codes, places_in
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.selecting import Selection, case_pages
from careengine.runtime.database import Connection

_STEPS = """
    select case_id, version, at, what, from_state, to_state from case_event
    where case_id between %(first)s and %(last)s order by case_id, version
"""
_SENT = """
    select id, case_id, case_version, kind, coalesce(not_before, '-infinity') as not_before from effect
    where id > %(after)s and kind = any(%(kinds)s::smallint[]) and status = %(sent)s
    order by id limit %(page)s
"""
_STEP_NAMES = ("case_id", "version", "at", "what", "from_state", "to_state")
_SENT_NAMES = ("id", "case_id", "case_version", "kind", "not_before")


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Every step of every case, by case and version; ``case`` is a place in ``Happenings.cases``."""

    case: Ints
    version: Ints
    at: Ints
    what: Ints
    was: Ints
    to: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """Every message and booking delivered: of which kind, asked for in which step, held until when."""

    case: Ints
    version: Ints
    kind: Ints
    not_before: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Happenings:
    """The selected cases and all that happened to them up to ``now``; times are microseconds since 2000."""

    journey: str
    now: int
    cases: Ints
    """Ids, ascending."""
    opened: Ints
    site: Ints
    until: Ints
    """Deadline of the wait each open case is in."""
    open: Bools
    touched: Bools
    """Whether any person decided anything about it."""
    steps: Steps
    offers: Offers
    sent: Sent


def read_happenings(
    conn: Connection, engine: Engine, selection: Selection, policy: ReferralsPolicy, *, now: int
) -> Happenings:
    """Read everything a report on ``selection`` counts; each page is committed, the last one too."""
    cases: list[list[Ints]] = []
    steps: list[list[Ints]] = []
    decided: list[Decided] = []
    rules = rules_of(conn, policy.offers)
    for page in case_pages(conn, engine, selection):
        span = {"first": int(page[0][0]), "last": int(page[0][-1])}
        steps.append(columns(conn, _STEP_NAMES, _STEPS, span))
        decided.extend(decided_in(conn, rules, span))
        conn.commit()
        cases.append(page)
    ids, opened, site, until, is_open = joined(cases, 5)
    touched = np.zeros(len(ids), dtype=np.bool_)
    place, known = places_in(ids, np.array([one.case for one in decided if one.by_people], dtype=np.int64))
    touched[place[known]] = True
    return Happenings(
        journey=selection.journey, now=now, cases=ids, opened=opened, site=site, until=until,
        open=is_open.astype(np.bool_), touched=touched, steps=Steps(*_placed(ids, joined(steps, 6))),
        offers=gathered(ids, decided, shared_offers(conn, engine, policy)),
        sent=_sent(conn, engine, policy, ids),
    )  # fmt: skip


def _placed(ids: Ints, found: Sequence[Ints]) -> list[Ints]:
    """Return rows of selected cases only, their first column turned from the case's id to its place."""
    place, known = places_in(ids, found[0])
    return [place[known], *(column[known] for column in found[1:])]


def _sent(conn: Connection, engine: Engine, policy: ReferralsPolicy, ids: Ints) -> Sent:
    """Page through all effects from the oldest selected case on: ids of all kinds rise with time."""
    values = {
        "after": int(ids[0]) if len(ids) else 0, "sent": int(EffectStatus.DELIVERED), "page": ROWS_A_PAGE,
        "kinds": known_codes(engine, "effect", (*policy.contacts, *policy.bookings)),
    }  # fmt: skip
    pages: list[list[Ints]] = []
    while len(ids):
        page = columns(conn, _SENT_NAMES, _SENT, values)
        conn.commit()
        if not len(page[0]):
            break
        pages.append(page[1:])
        values["after"] = int(page[0][-1])
    return Sent(*_placed(ids, joined(pages, 4)))
