"""The report on referrals: whether patients arrive, how long it takes, where they fall out, what it took."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from careengine.engine.composition import Coded, Engine
from careengine.kernel.errors import NotFound, Refused
from careengine.kernel.policy import PolicyRef
from careengine.oversight.insight.arrays import Ints
from careengine.oversight.insight.asking import alone, asking, read_cards
from careengine.oversight.insight.clocks_kept import clocks_kept
from careengine.oversight.insight.completion import Standing, completion, referrals, standing_to
from careengine.oversight.insight.falling_out import falling_out
from careengine.oversight.insight.figures import Figure
from careengine.oversight.insight.groups import by_group
from careengine.oversight.insight.happenings import Happenings, read_happenings
from careengine.oversight.insight.pages import known_codes
from careengine.oversight.insight.paths import Paths, paths_of
from careengine.oversight.insight.policy import REFERRALS, Followed, ReferralsPolicy
from careengine.oversight.insight.reaching import reaching
from careengine.oversight.insight.selecting import Selection, micros
from careengine.oversight.insight.slots import refilled
from careengine.oversight.insight.stepping import first_contact, stepping
from careengine.runtime.database import Connection


class NoSuchFigure(NotFound):
    """The report holds no figure of this name."""


class NamesNoCases(Refused):
    """The cases of a figure may not be listed: the list would tell what stands in somebody's chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures, in sections, in the order they are read."""

    selection: Selection
    policy: PolicyRef
    target: float
    confidence: float
    sections: Mapping[str, tuple[Figure, ...]] = field(default_factory=dict)

    def figures(self) -> Mapping[str, Figure]:
        """Return every figure by its name."""
        return {figure.name: figure for found in self.sections.values() for figure in found}

    def cases(self, name: str) -> list[int]:
        """Return the ids of a figure's cases, those to look at first on top.

        Raises:
            NoSuchFigure: there is none of this name; the message names some that there are.
            NamesNoCases: whose cases they are would tell what only a chart may tell.
        """
        figures = self.figures()
        if name not in figures:
            near = [known for known in figures if known.startswith(name.partition(".")[0])] or list(figures)
            raise NoSuchFigure(f"The report has no figure {name}. There are: {', '.join(near[:12])}.")
        if not figures[name].names_cases:
            raise NamesNoCases(
                f"The cases of {name} are not listed: which group somebody belongs to stands in the chart, "
                "which this report does not open."
            )
        found: list[int] = figures[name].cases.tolist()
        return found

    def plain(self) -> dict[str, Any]:
        """Return the whole report for programs."""
        chosen = self.selection
        return {
            "report": "referrals", "journey": chosen.journey, "site": chosen.site, "clinic": chosen.clinic,
            "since": chosen.since, "until": chosen.until, "policy": self.policy.name,
            "policy_version": self.policy.version, "target": self.target, "confidence": self.confidence,
            "figures": {name: figure.plain() for name, figure in self.figures().items()},
            "sections": {name: [one.name for one in found] for name, found in self.sections.items()},
        }  # fmt: skip


def journey_reported(engine: Engine) -> str:
    """Return the journey a report is about when none is named: the first of the policy's that is on here."""
    policy = engine.book.value(REFERRALS, engine.clock.now().date())
    on = {journey.name for journey in engine.journeys}
    found = next((name for name in policy.journeys if name in on), "")
    if not found:
        raise NotFound(
            f"None of the journeys that {policy.ref.name} follows is on here. Name one in organisation.yaml, "
            "or add yours to the policy."
        )
    return found


def report_referrals(conn: Connection, engine: Engine, selection: Selection) -> Report:
    """Make the report. Reads in short transactions of its own; commits what was open before."""
    conn.commit()
    at = engine.clock.now()
    policy = engine.book.value(REFERRALS, at.date())
    if selection.journey not in policy.journeys:
        raise NotFound(
            f"The policy {policy.ref.name} does not say what counts on the way of {selection.journey}. It "
            f"follows {', '.join(policy.journeys)}."
        )
    happened = read_happenings(conn, engine, selection, policy, now=micros(at))
    sections = dict(_Making(conn, engine, selection, policy, happened).sections())
    return Report(
        selection=selection, policy=policy.ref, target=policy.target, confidence=policy.confidence,
        sections=sections,
    )  # fmt: skip


class _Making:
    """One report in the making."""

    def __init__(
        self,
        conn: Connection,
        engine: Engine,
        selection: Selection,
        policy: ReferralsPolicy,
        happened: Happenings,
    ) -> None:
        self._conn = conn
        self._engine = engine
        self._selection = selection
        self._policy = policy
        self._happened = happened
        self._coded: Coded = engine.newest(selection.journey)
        self._followed: Followed = policy.journeys[selection.journey]
        self._paths: Paths = paths_of(happened, self._coded.code_of[self._coded.journey.start])
        self._stands = [self._standing(name, states) for name, states in self._followed.milestones.items()]

    def sections(self) -> Iterator[tuple[str, tuple[Figure, ...]]]:
        """Yield each section that has something to tell."""
        conn, engine, policy = self._conn, self._engine, self._policy
        happened, paths, codes, main = self._happened, self._paths, self._engine.codes, self._stands[0]
        cards = read_cards(conn, engine, happened)
        booked = self._states(self._followed.booked)
        texts, contacts, bookings = map(self._effects, (policy.texts, policy.contacts, policy.bookings))
        reached = [figure for one in self._stands for figure in completion(happened, one, policy)]
        yield "referrals", tuple(referrals(happened, main))
        yield "completion", tuple(reached)
        yield "steps", (*stepping(codes, happened, paths), *first_contact(happened, main, contacts, policy))
        yield "fallout", tuple(falling_out(conn, codes, happened, main, paths, policy))
        yield "clocks", tuple(clocks_kept(conn, engine, self._coded.journey, happened, paths, policy))
        yield "people", (*alone(happened, main, policy), *asking(engine, happened, cards, policy))
        if len(booked):
            yield "reaching", tuple(reaching(happened, texts, bookings, policy))
            yield "slots", tuple(refilled(conn, engine, self._selection, policy))
        yield "groups", tuple(by_group(happened, main, paths, booked, policy))

    def _standing(self, name: str, states: tuple[str, ...]) -> Standing:
        return standing_to(
            name, self._states(states), self._happened, self._paths,
            self._states(tuple(self._coded.journey.ends)), self._states(self._followed.not_counted),
        )  # fmt: skip

    def _states(self, names: tuple[str, ...]) -> Ints:
        return self._known("state", names)

    def _effects(self, names: tuple[str, ...]) -> Ints:
        return self._known("effect", names)

    def _known(self, kind: str, names: tuple[str, ...]) -> Ints:
        """Return the codes of those words that were ever used here."""
        return np.array(known_codes(self._engine, kind, names), dtype=np.int64)
