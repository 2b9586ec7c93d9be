"""How long each step takes: from state to state, and until somebody was first spoken to. Pure."""

from collections.abc import Iterator

import numpy as np

from careengine.oversight.insight.arrays import Ints, quantile, value_of
from careengine.oversight.insight.completion import Standing
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.happenings import Happenings
from careengine.oversight.insight.paths import NEVER, Paths, days_watched
from careengine.oversight.insight.policy import ReferralsPolicy
from careengine.oversight.insight.selecting import HOUR
from careengine.oversight.insight.survival import kaplan_meier
from careengine.runtime.codes import Codes

_CODES = 1 << 16
"""More than a state's code can be: two fit into one number."""


def stepping(codes: Codes, happened: Happenings, paths: Paths) -> Iterator[Figure]:
    """Tell for each edge from state to state how often it was gone, and how long the first state lasted."""
    moves = paths.moves
    if not len(moves.case):
        return
    edge = moves.was * _CODES + moves.to
    order = np.argsort(edge, kind="stable")
    edges, first = np.unique(edge[order], return_index=True)
    for key, places in zip(edges.tolist(), np.split(order, first[1:]), strict=True):
        hours = (moves.at[places] - moves.since[places]) / HOUR
        was, to = codes.name("state", key // _CODES), codes.name("state", key % _CODES)
        slowest = places[np.argsort(-hours, kind="stable")]
        yield Figure(
            name=f"step.{was}.{to}", unit="hours", found=quantile(hours, 0.5), of=len(places),
            more={"p90": value_of(quantile(hours, 0.9))}, cases=_once(happened.cases[moves.case[slowest]]),
            formula="insight.formula_step", params={"was": was, "to": to},
        )  # fmt: skip


def first_contact(
    happened: Happenings, stands: Standing, kinds: Ints, policy: ReferralsPolicy
) -> Iterator[Figure]:
    """Tell the days until half were first sent a message that arrived; the others are censored now."""
    sent, counted = happened.sent, stands.counted
    contacts = np.flatnonzero(np.isin(sent.kind, kinds))
    if not len(contacts):
        return
    at = np.maximum(asked_at(happened, sent.case, sent.version), sent.not_before)[contacts]
    when = np.full(len(happened.cases), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(when, sent.case[contacts], at)
    when[(when > happened.now) | (when < happened.opened)] = NEVER
    days, spoken_to = days_watched(happened, when)
    curve = kaplan_meier(days[counted], spoken_to[counted])
    waiting = np.flatnonzero(stands.under_way & ~spoken_to)
    yield Figure(
        name="contact.first", unit="days", found=curve.half(policy.confidence), of=int(counted.sum()),
        cases=happened.cases[waiting[np.argsort(-days[waiting], kind="stable")]],
        formula="insight.formula_first_contact",
        more={"p90": value_of(quantile(days[counted & spoken_to], 0.9))},
    )  # fmt: skip


def asked_at(happened: Happenings, case: Ints, version: Ints) -> Ints:
    """Return when the given version of each case came about; :data:`NEVER` if the log does not say."""
    steps = happened.steps
    if not len(steps.case):
        return np.full(len(case), NEVER, dtype=np.int64)
    most = int(max(steps.version.max(), version.max(initial=0))) + 1
    key, wanted = steps.case * most + steps.version, case * most + version
    found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[found] == wanted, steps.at[found], NEVER)


def _once(ids: Ints) -> Ints:
    """Return each id once, where it first stands."""
    _, first = np.unique(ids, return_index=True)
    found: Ints = ids[np.sort(first)]
    return found
