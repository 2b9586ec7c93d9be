"""Replay a draft over this installation's history: begin, go on after a pause, tell what came of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from careengine.engine.composition import Engine
from careengine.entrypoints.compose import BY_VERSION, SCHEMAS, Installation, pinned
from careengine.kernel.errors import Refused
from careengine.oversight.studio.policy import REPLAY
from careengine.oversight.studio.running import Asked, Found, Studio, begin, found, go_on
from careengine.policy.book import PolicyBook
from careengine.policy.file import PolicySource
from careengine.runtime.clock import real_now
from careengine.runtime.database import connect


@contextmanager
def studio(here: Installation, engine: Engine) -> Iterator[Studio]:
    """Open what replays need: history is read on one connection, findings are kept on another."""
    with connect(here.url) as reading, connect(here.url) as keeping, connect(here.url) as policies:

        def book(pins: Mapping[str, int]) -> PolicyBook:
            told = pinned(policies, engine.book, pins)
            policies.rollback()
            return told

        yield Studio(
            reading=reading, keeping=keeping, engine=engine, journeys=BY_VERSION, pinned=book,
            schemas=SCHEMAS, policy=engine.book.value(REPLAY, engine.clock.now().date()),
        )  # fmt: skip


def ask(
    here: Studio,
    *,
    journey: str,
    since: datetime,
    until: datetime,
    draft: PolicySource | None,
    by: str,
) -> int:
    """Begin a replay and return its id; raises :class:`Refused` for a journey that is not on here."""
    known = sorted(one.name for one in here.engine.journeys)
    if journey not in known:
        raise Refused(f"No journey is called {journey} here. There are: {', '.join(known)}.")
    asked = Asked(
        id=here.engine.ids.next(), journey=journey, since=since, until=until, draft=draft, by=by
    )  # fmt: skip
    begin(here, asked, real=real_now())
    return asked.id


def carry_on(here: Studio, replay: int, progress: Callable[[int], None], *, worst: int = 100) -> Found:
    """Replay to the end, or until it is stopped; return what came of it."""
    go_on(here, replay, clock=real_now, progress=progress)
    return found(here.keeping, replay, here.policy, worst=worst)
