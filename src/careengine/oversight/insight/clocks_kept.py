"""Which clocks were not kept: what the ladder told after a deadline, and what waits past one now."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np

from careengine.engine.clocks import ClockPolicy
from careengine.engine.composition import Engine
from careengine.engine.journey import Journey
from careengine.kernel.policy import PolicyName
from careengine.oversight.insight.arrays import Ints
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.paths import Paths
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.reasons import led_to
from careengine.oversight.insight.selecting import micros
from careengine.oversight.insight.shares import share_of
from careengine.runtime.database import Connection

Breaches = Mapping[str, set[tuple[int, int]]]
"""By the clock's policy: the cases, each with the deadline that passed."""


def clocks_kept(
    conn: Connection, engine: Engine, journey: Journey, happened: Happenings, paths: Paths,
    policy: ReferralsPolicy,
) -> Iterator[Figure]:  # fmt: skip
    """Tell for each clock of the journey how often it ran out, of the times it was started."""
    breaches = _breaches(conn, engine, journey, happened, paths)
    started = _started(engine, journey, happened, paths)
    for clock in sorted({*started, *breaches}, key=lambda name: (-len(breaches.get(name, ())), name)):
        late = sorted({case for case, _ in breaches.get(clock, ())})
        ran_out, times = len(breaches.get(clock, ())), max(started[clock], len(breaches.get(clock, ())))
        yield Figure(
            name=f"breach.{clock}", unit="share", found=share_of(ran_out, times, policy.confidence), of=times,
            cases=np.array(late, dtype=np.int64), formula="insight.formula_breach",
            params={"clock": clock, "citation": _citation(engine, clock)}, more={"breaches": ran_out},
        )  # fmt: skip


def _breaches(
    conn: Connection, engine: Engine, journey: Journey, happened: Happenings, paths: Paths
) -> Breaches:
    """Return what the ladder spoke of after its deadline, and deadlines that lie behind an open case now."""
    steps = happened.steps
    told = np.flatnonzero(steps.what == engine.codes.id("what", "escalated"))
    found: dict[str, set[tuple[int, int]]] = defaultdict(set)
    cases, versions = happened.cases[steps.case[told]], steps.version[told]
    at = dict(zip(zip(cases.tolist(), versions.tolist(), strict=True), steps.at[told].tolist(), strict=True))
    for led in led_to(conn, cases, versions):
        if "deadline" in led.params:
            deadline = micros(datetime.fromisoformat(str(led.params["deadline"])))
            if at[led.case, led.version] >= deadline:
                found[led.policy].add((led.case, deadline))
    for place in np.flatnonzero(happened.open & (happened.until <= happened.now)):
        state = journey.states.get(engine.codes.name("state", int(paths.state[place])))
        if state is not None:
            found[state.clock].add((int(happened.cases[place]), int(happened.until[place])))
    return found


def _started(engine: Engine, journey: Journey, happened: Happenings, paths: Paths) -> Counter[str]:
    """Count how often each clock was started: by a case opened, or moved from a state with another clock."""
    clock_of = {engine.codes.id("state", name): state.clock for name, state in journey.states.items()}
    pairs = paths.moves.was * (1 << 16) + paths.moves.to
    started: Counter[str] = Counter({journey.states[journey.start].clock: len(happened.cases)})
    for key, times in zip(*_counted(pairs), strict=True):
        was, to = clock_of.get(key >> 16), clock_of.get(key & 0xFFFF)
        if to is not None and to != was:
            started[to] += times
    return started


def _counted(values: Ints) -> tuple[list[int], list[int]]:
    found, times = np.unique(values, return_counts=True)
    return found.tolist(), times.tolist()


def _citation(engine: Engine, clock: str) -> str:
    policy = engine.book.value(PolicyName(clock, ClockPolicy), engine.clock.now().date())
    return policy.citation
