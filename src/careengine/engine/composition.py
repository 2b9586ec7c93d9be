"""What the engine is made of, handed in by entrypoints: it knows journeys only by what it is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from careengine.engine.case import ENGINE_KINDS, Case
from careengine.engine.check import check_all
from careengine.engine.engine_needs import ENGINE_CARDS
from careengine.engine.journey import End, Journey, JourneyError, State
from careengine.engine.outgoing import Runner
from careengine.kernel.team import Team
from careengine.policy.book import PolicyBook
from careengine.runtime.clock import Clock
from careengine.runtime.codes import Codes
from careengine.runtime.database import Connection
from careengine.runtime.ids import Ids
from careengine.runtime.organisation import Organisation
from careengine.trust.access import Access
from careengine.trust.charts import Charts

Loader = Callable[[Charts, Sequence[Case]], Mapping[int, Any]]
"""Answers one need for a whole batch of cases, with one query; a case it leaves out is a fault."""

WHAT = ("advanced", "hopped", "asked", "escalated", "stopped", "migrated", "opened", "closed")
"""What a row of ``case_event`` tells."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A journey with its small codes, so that the hot path compares integers."""

    journey: Journey
    code: int
    states: Mapping[int, State | End]
    code_of: Mapping[str, int]
    owner_of: Mapping[str, int]
    awaits_of: Mapping[str, int]

    def state(self, code: int) -> State | End:
        """Return the declared state; one the code does not know is refused, with its name asked for."""
        try:
            return self.states[code]
        except KeyError:
            raise JourneyError(
                f"A case of {self.journey.name} version {self.journey.version} is in a state this code does "
                "not declare. Run `careengine migrate-cases` with a map from the old state to a new one."
            ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Journeys, loaders and runners around one organisation's database."""

    journeys: Sequence[Journey]
    loaders: Mapping[str, Loader]
    runners: Mapping[str, Runner]
    organisation: Organisation
    book: PolicyBook
    codes: Codes
    ids: Ids
    clock: Clock
    code_version: str
    access: Access
    """Who may read and do what."""
    placing: str = "event_to_place"
    """The journey that carries an event nobody can place to a person."""
    coded: Mapping[tuple[int, int], Coded] = field(default_factory=dict)

    def coded_journey(self, journey: int, version: int) -> Coded:
        """Return the journey of a case's row."""
        try:
            return self.coded[journey, version]
        except KeyError:
            name = self.codes.name("journey", journey)
            raise JourneyError(
                f"A case follows {name} version {version}, which this code does not hold. "
                "Run the release that holds it, or `careengine migrate-cases`."
            ) from None

    def newest(self, name: str) -> Coded:
        """Return the newest version of the journey called ``name``: new cases follow it."""
        versions = [c for c in self.coded.values() if c.journey.name == name]
        if not versions:
            raise JourneyError(f"No journey is called {name}.")
        return max(versions, key=lambda c: c.journey.version)


def needs_of(journey: Journey) -> frozenset[str]:
    """Return the names of every need any of its handlers declares."""
    needs = [s.needs for s in journey.states.values()] + [on.needs for on in journey.ons.values()]
    return frozenset(need.name for some in needs for need in some)


def compose(conn: Connection, engine: Engine) -> Engine:
    """Check the journeys, give every name its small code, and return the engine ready to run."""
    check_all(engine.journeys)
    unloaded = sorted({n for j in engine.journeys for n in needs_of(j)} - set(engine.loaders))
    if unloaded:
        raise JourneyError(f"No loader is wired for {', '.join(unloaded)}.")
    _ensure_codes(conn, engine)
    coded = {}
    for journey in engine.journeys:
        one = _code(journey, engine.codes)
        coded[one.code, journey.version] = one
    return replace(engine, coded=coded)


def _ensure_codes(conn: Connection, engine: Engine) -> None:
    states = {s for j in engine.journeys for s in (*j.states, *j.ends)}
    awaits = {s.awaits for j in engine.journeys for s in j.states.values()}
    heard = {k for j in engine.journeys for k in (*j.listens, *(on.kind for on in j.ons.values()))}
    cards = {kind for j in engine.journeys for s in j.states for kind in j.asks_in(s)}
    names: dict[str, set[str]] = {
        "journey": {j.name for j in engine.journeys},
        "state": states,
        "awaits": awaits | {"nothing"},
        "event": heard | ENGINE_KINDS,
        "card": cards | set(ENGINE_CARDS),
        "effect": set(engine.runners),
        "partner": set(engine.organisation.partners),
        "team": {team.value for team in Team},
        "site": set(engine.organisation.sites),
        "what": set(WHAT),
    }
    for kind, wanted in names.items():
        engine.codes.ensure(conn, kind, sorted(wanted))


def _code(journey: Journey, codes: Codes) -> Coded:
    every: dict[str, State | End] = {**journey.states, **journey.ends}
    code_of = {name: codes.id("state", name) for name in every}
    nothing = codes.id("awaits", "nothing")
    return Coded(
        journey=journey,
        code=codes.id("journey", journey.name),
        states={code_of[name]: state for name, state in every.items()},
        code_of=code_of,
        owner_of={n: codes.id("team", s.owner.value) for n, s in journey.states.items()},
        awaits_of={n: codes.id("awaits", s.awaits) for n, s in journey.states.items()}
        | dict.fromkeys(journey.ends, nothing),
    )
