"""Send one lease: each effect checked again just before the wire, outcomes recorded as they come."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from careengine.engine.composition import Engine
from careengine.engine.delivery import DELIVERY, DeliveryPolicy
from careengine.engine.effects import Held, Leased, Result, Withdrawn, finish, read, record, terms_of
from careengine.engine.guards import Stops
from careengine.engine.leasing import Lease
from careengine.engine.outgoing import EffectStatus, Outgoing, TryAgain
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger, span
from careengine.wire.partner import Partner


class Consent(Protocol):
    """Says which effects may not leave for their purpose, asked once for each batch just before the wire."""

    def __call__(self, conn: Connection, leaving: Sequence[Outgoing], now: datetime) -> Mapping[int, str]:
        """Return a reason code by effect id for each that may not leave."""
        ...


@dataclass(frozen=True, slots=True)
class Together:
    """Several checks as one; each is asked only about what the ones before it let go."""

    checks: tuple[Consent, ...]

    def __call__(self, conn: Connection, leaving: Sequence[Outgoing], now: datetime) -> Mapping[int, str]:
        """Return a reason code by effect id for each that may not leave."""
        held: dict[int, str] = {}
        for check in self.checks:
            held.update(check(conn, [one for one in leaving if one.id not in held], now))
        return held


Enclosed = Mapping[str, Mapping[str, Any]]


class Enclose(Protocol):
    """Reads what effects take along, asked once for each batch just before the wire."""

    def __call__(
        self, conn: Connection, leaving: Sequence[Outgoing], now: datetime
    ) -> tuple[Mapping[int, Enclosed], Mapping[int, str]]:
        """Return the enclosures by effect id, and a reason code by id for each that must stay."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What is asked just before the wire: who objects, and what goes along."""

    consent: Consent
    enclose: Enclose


class SendingBatch:
    """One lease being sent over one database connection."""

    def __init__(
        self, conn: Connection, engine: Engine, partner: Partner, checks: Checks, taken: Lease
    ) -> None:
        self._conn = conn
        self._engine = engine
        self._partner = partner
        self._checks = checks
        self._taken = taken
        self._stops = Stops.NONE

    def run(self) -> int:
        """Send what is still under the lease; return how many outcomes counted."""
        with self._conn.transaction():
            terms = terms_of(self._conn, self._taken.token)
            leased = read(self._conn, self._engine, self._taken)
            self._stops = Stops.read(self._conn)
            leased, forbidden = self._checked_by_others(leased)
        if terms is None:
            return 0
        counted = 0
        with ThreadPoolExecutor(terms.threads, "send") as threads:
            sent = [threads.submit(self._one, one, forbidden, terms.until) for one in leased]
            for results in self._as_they_come(sent):
                counted += self._record(results)
        with self._conn.transaction():
            finish(self._conn, self._taken.token)
        return counted

    def _checked_by_others(self, leased: list[Leased]) -> tuple[list[Leased], dict[int, str]]:
        """Ask who objects, and read what goes along with the rest; its trace ends the transaction."""
        now = self._engine.clock.now()
        forbidden = dict(self._checks.consent(self._conn, [one.outgoing for one in leased], now))
        allowed = [one.outgoing for one in leased if one.outgoing.id not in forbidden]
        enclosed, stays = self._checks.enclose(self._conn, allowed, now)
        whole = [
            replace(one, outgoing=replace(one.outgoing, enclosed=enclosed[one.outgoing.id]))
            if one.outgoing.id in enclosed
            else one
            for one in leased
        ]
        return whole, {**forbidden, **stays}

    def _as_they_come(
        self, sent: Sequence[Future[tuple[Leased, Result]]]
    ) -> Iterator[list[tuple[Leased, Result]]]:
        every = self._policy().record_every.total_seconds()
        pending = set(sent)
        while pending:
            done, pending = wait(pending, timeout=every)
            if done:
                yield [future.result() for future in done]

    def _record(self, results: Sequence[tuple[Leased, Result]]) -> int:
        with self._conn.transaction():
            self._stops = Stops.read(self._conn)
            return record(
                self._conn, self._engine, self._taken.token, results,
                now=self._engine.clock.now(), real=real_now(),
            )  # fmt: skip

    def _one(self, leased: Leased, forbidden: Mapping[int, str], until: datetime) -> tuple[Leased, Result]:
        """Check one effect and do it; whatever its runner raises, it is tried again like silence."""
        out = leased.outgoing
        held = self._checked(leased, forbidden, until)
        if held is not None:
            return leased, held
        runner = self._engine.runners.get(out.kind)
        if runner is None:
            return leased, TryAgain("runner.missing")
        try:
            with span("send", case=out.case, effect=out.id, kind=out.kind, partner=out.partner):
                return leased, runner(out, self._partner)
        except Exception as error:  # noqa: BLE001  a fault in one runner must not hold up the batch
            get_logger().error(
                "runner failed", effect=out.id, kind=out.kind, partner=out.partner, exc_info=error
            )
            return leased, TryAgain(f"runner.{type(error).__name__}")

    def _checked(self, leased: Leased, forbidden: Mapping[int, str], until: datetime) -> Result | None:
        """Say what to do instead of sending; ``None`` when it may leave."""
        out = leased.outgoing
        if leased.void_asked:
            return Withdrawn(EffectStatus.VOID, "voided")
        if out.id in forbidden:
            return Withdrawn(EffectStatus.WITHHELD, forbidden[out.id])
        if out.not_after is not None and out.not_after <= self._engine.clock.now():
            return Withdrawn(EffectStatus.EXPIRED, "too_late")
        if self._stops.of(lane=out.journey, site=out.site, partner=out.partner) is not None:
            return Held()
        too_little_time = (until - real_now()).total_seconds() <= self._partner.timeout_s
        return Held(at_once=True) if too_little_time else None

    def _policy(self) -> DeliveryPolicy:
        return self._engine.book.value(DELIVERY, self._engine.clock.now().date())
