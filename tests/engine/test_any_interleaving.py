"""Whatever the order of work, the crashes and the repetitions: cases end as if done one by one."""

from collections.abc import Callable
from typing import Any

import psycopg
import toy_journeys as toys
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from careengine.runtime.database import connect

STEPS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from(["toy.step", "toy.send", "toy.sleep", "toy.finish", "toy.unknown"])
    ),
    min_size=1,
    max_size=14,
)
SCHEDULE = st.lists(
    st.sampled_from(["advance", "advance small", "crash", "repeat", "other worker"]), max_size=10
)


def _ending(toy: Any, cases: list[int]) -> list[tuple[str, str, int]]:
    """Where each case stands, what it has counted, and how often it advanced."""
    found = {id_: (state, str(data.get("trace"))) for id_, state, data in toy.cases()}
    versions = dict(toy.all("select id, version from engine_case"))
    return [(*found[case], versions[case]) for case in cases]


def _walkers(toy: Any, name: str) -> list[int]:
    before = {id_ for id_, _, _ in toy.cases()}
    for n in range(4):
        toy.arrive(f"{name}:{n}")
    toy.drain()
    return [id_ for id_, _, _ in toy.cases() if id_ not in before]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, schedule=SCHEDULE)
def test_any_schedule_with_crashes_and_repetitions_ends_like_a_sequential_run(
    open_toy: Callable[..., Any], database_url: str, steps: list[tuple[int, str]], schedule: list[str]
) -> None:
    toy = open_toy(toys.errand, toys.placing)
    name = str(toy.engine.ids.next())
    alone, together = _walkers(toy, f"{name}:alone"), _walkers(toy, f"{name}:together")

    for n, (case, kind) in enumerate(steps):
        toy.happen(alone[case], kind, {"n": n}, key=n)
        toy.drain()
    for n, (case, kind) in enumerate(steps):
        toy.happen(together[case], kind, {"n": n}, key=n)
        how = schedule[n % len(schedule)] if schedule else "advance"
        if how == "repeat":
            toy.happen(together[case], kind, {"n": n}, key=n)
        else:
            _disturb(open_toy, toy, database_url, how)
    toy.drain()

    assert _ending(toy, together) == _ending(toy, alone)
    assert toy.one("select count(*) from inbox") == 0
    assert (
        toy.one("select count(*) from engine_case where closed_at is null and (due_at is null or owner = 0)")
        == 0
    )
    assert toy.one("select count(*) - count(distinct (case_id, version)) from case_event") == 0


def _disturb(open_toy: Callable[..., Any], toy: Any, url: str, how: str) -> None:
    if how == "crash":
        _crash(open_toy, url)
    elif how == "other worker":
        with connect(url) as other:
            open_toy(toys.errand, toys.placing, on=other).drain()
    elif how == "advance small":
        _smaller(toy)
    else:
        toy.hand.advance()


def _smaller(toy: Any) -> None:
    toy.hand._size = 1
    toy.hand.advance()
    toy.hand._size = 300


def _crash(open_toy: Callable[..., Any], url: str) -> None:
    """Decide and write a batch, and lose the connection before the commit."""
    with connect(url) as doomed:
        other = open_toy(toys.errand, toys.placing, on=doomed)
        pid = doomed.info.backend_pid
        commit = doomed.commit

        def die() -> None:
            with connect(url, autocommit=True) as killer:
                killer.execute("select pg_terminate_backend(%s)", (pid,))
            commit()

        doomed.commit = die  # type: ignore[method-assign]
        try:
            other.hand.advance()
        except psycopg.OperationalError:
            pass
        finally:
            doomed.close()
