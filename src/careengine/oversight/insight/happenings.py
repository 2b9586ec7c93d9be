"""What happened to the selected cases, as columns: steps, who decided, offers, what was sent to people.

Read by ranges of case ids (effects by ranges of their own), each in a transaction of its
own: a report never keeps the snapshot that would slow every worker down. No chart is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from careengine.engine.composition import Engine
from careengine.engine.outgoing import EffectStatus
from careengine.oversight.insight.arrays import Bools, Ints
from careengine.oversight.insight.pages import columns, joined
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.reasons import reasons_of
from careengine.oversight.insight.selecting import Selection, case_pages
from careengine.runtime.codes import NOTHING, UnknownCode
from careengine.runtime.database import Connection

_STEPS = """
    select case_id, version, at, what, from_state, to_state from case_event
    where case_id between %(first)s and %(last)s order by case_id, version
"""
_TOUCHED = """
    select distinct case_id from decision
    where case_id between %(first)s and %(last)s and actor_kind <> 0
"""
_RULES = "select key from decision_rule where question = any(%s)"
_OFFERS = """
    select case_id, case_version, body from decision
    where case_id between %(first)s and %(last)s and rule = any(%(rules)s) order by case_id, id
"""
_CONTACTS = """
    select id, case_id, case_version, kind, coalesce(not_before, '-infinity') as not_before from effect
    where id > %(after)s and kind = any(%(kinds)s::smallint[]) and status = %(sent)s
    order by id limit %(page)s
"""
_STEP_NAMES = ("case_id", "version", "at", "what", "from_state", "to_state")
_CONTACT_NAMES = ("id", "case_id", "case_version", "kind", "not_before")
CONTACTS_A_PAGE = 100_000
UNKNOWN = "unknown"
"""The group of those whose group nobody recorded."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Every step of every case, by case and version; ``case`` is a place in ``Happenings.cases``."""

    case: Ints
    version: Ints
    at: Ints
    what: Ints
    was: Ints
    to: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """Every offer of a time, in order within a case; ``group`` is the group the rule recorded with it."""

    case: Ints
    version: Ints
    group: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Every message delivered: of which kind, asked for in which step, held until when."""

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
    contacts: Contacts


def places_in(cases: Ints, ids: Ints) -> tuple[Ints, Bools]:
    """Return where each id stands among ``cases``, which ascend, and whether it does."""
    if not len(cases):
        return np.zeros(len(ids), dtype=np.int64), np.zeros(len(ids), dtype=np.bool_)
    found = np.minimum(np.searchsorted(cases, ids), len(cases) - 1)
    return found, cases[found] == ids


def read_happenings(
    conn: Connection, engine: Engine, selection: Selection, policy: ReferralsPolicy, *, now: int
) -> Happenings:
    """Read everything a report on ``selection`` counts; each page is committed, the last one too."""
    rules = [key for (key,) in conn.execute(_RULES, (list(policy.offers),))]
    cases: list[list[Ints]] = []
    steps: list[list[Ints]] = []
    people: list[list[Ints]] = []
    offered: list[tuple[int, int, str]] = []
    for page in case_pages(conn, engine, selection):
        span = {"first": int(page[0][0]), "last": int(page[0][-1]), "rules": rules}
        steps.append(columns(conn, _STEP_NAMES, _STEPS, span))
        people.append(columns(conn, ("case_id",), _TOUCHED, span))
        offered.extend(_offers(conn, span) if rules else ())
        conn.commit()
        cases.append(page)
    ids, opened, site, until, is_open = joined(cases, 5)
    touched = np.zeros(len(ids), dtype=np.bool_)
    place, known = places_in(ids, joined(people, 1)[0])
    touched[place[known]] = True
    return Happenings(
        journey=selection.journey, now=now, cases=ids, opened=opened, site=site, until=until,
        open=is_open.astype(np.bool_), touched=touched, steps=Steps(*_placed(ids, joined(steps, 6))),
        offers=_as_offers(ids, offered), contacts=_contacts(conn, engine, policy, ids),
    )  # fmt: skip


def _placed(ids: Ints, found: Sequence[Ints]) -> list[Ints]:
    """Return rows of selected cases only, their first column turned from the case's id to its place."""
    place, known = places_in(ids, found[0])
    return [place[known], *(column[known] for column in found[1:])]


def _offers(conn: Connection, span: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    with conn.cursor(binary=True) as cursor:
        for case, version, body in cursor.execute(_OFFERS, span):
            yield case, version, group_in(body)


def group_in(body: bytes | None) -> str:
    """Return the group that a decision's reasons name; nothing else of it is read."""
    named = (reason.params.get("group") for reason in reasons_of(body))
    return next((str(group) for group in named if group), UNKNOWN)


def _as_offers(ids: Ints, offered: Sequence[tuple[int, int, str]]) -> Offers:
    numbers = np.array([row[:2] for row in offered], dtype=np.int64).reshape(len(offered), 2)
    place, known = places_in(ids, numbers[:, 0])
    groups = [row[2] for row, there in zip(offered, known, strict=True) if there]
    return Offers(case=place[known], version=numbers[known, 1], group=groups)


def _contacts(conn: Connection, engine: Engine, policy: ReferralsPolicy, ids: Ints) -> Contacts:
    """Page through all effects from the oldest selected case on: ids of all kinds rise with time."""
    kinds = [code for name in policy.contacts if (code := known_code(engine, "effect", name))]
    values = {
        "after": int(ids[0]) if len(ids) else 0, "kinds": kinds, "sent": int(EffectStatus.DELIVERED),
        "page": CONTACTS_A_PAGE,
    }  # fmt: skip
    pages: list[list[Ints]] = []
    while len(ids) and kinds:
        page = columns(conn, _CONTACT_NAMES, _CONTACTS, values)
        conn.commit()
        if not len(page[0]):
            break
        pages.append(page[1:])
        values["after"] = int(page[0][-1])
    return Contacts(*_placed(ids, joined(pages, 4)))


def known_code(engine: Engine, kind: str, name: str) -> int:
    """Return the code of a word, 0 when nothing here was ever called so."""
    try:
        return engine.codes.id(kind, name)
    except UnknownCode:
        return NOTHING
