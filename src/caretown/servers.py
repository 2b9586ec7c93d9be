"""Everybody outside, on real sockets, in one thread: texts, mails, letters, clinics, referrers, payers.

The town's time is what the given clock says. Nothing here waits in real time for what happens later: it is on
 the agenda, and ``settle`` does what is due when whoever steps the clock says so.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import orjson
import uvloop

from caretown.agenda import Act, Agenda
from caretown.caller import Caller, Said
from caretown.clinics import directory
from caretown.ehr import Ehr
from caretown.ehr_book import Book, as_slot, schedule_of
from caretown.ehr_feed import Feed
from caretown.ehr_life import Came, ClinicLife
from caretown.errors import EngineSilent
from caretown.letters import Letter
from caretown.listener import Answer, Listening
from caretown.mail_server import MailServer
from caretown.mailbox import Mailbox
from caretown.odd_payers import ODD_PAYERS, OddPayers
from caretown.oddities import Plan
from caretown.partner_log import PartnerLog
from caretown.people import Resource
from caretown.print_shop import PrintShop
from caretown.referrers import Referrers
from caretown.sms_server import SmsServer
from caretown.town_plan import TownPlan
from caretown.twilio_words import VERSION

_T = TypeVar("_T")
_START_S = 10.0
_TICK_S = 0.02
_LAST_S = 0.005
"""What connections get to close themselves in."""


class Clock(Protocol):
    """What says what time it is in the town."""

    def now(self) -> datetime:
        """Return the instant."""
        ...


class Servers:
    """All servers of the town; they listen as soon as this is made. ``stop`` ends them.

    With ``live`` the agenda is followed by itself, for a clock that runs; otherwise call :meth:`settle`.
    """

    def __init__(
        self,
        engine_url: str,
        token: str,
        clock: Clock,
        plan: TownPlan | None = None,
        *,
        log: Path | None = None,
        live: bool = False,
    ) -> None:
        self.plan = plan or TownPlan()
        self.mailbox = Mailbox()
        self.urls: dict[str, str] = {}
        """Partner name → address, for ``organisation.yaml``; ``PARTNERS`` is the base of all referrers."""
        self._engine, self._token, self._clock, self._live = engine_url.rstrip("/"), token, clock, live
        self._log_path = log
        self._running: set[asyncio.Task[None]] = set()
        self._failed: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing: asyncio.Event | None = None
        self._inbound = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="caretown-servers", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_S):
            raise EngineSilent("The town's servers did not start listening within ten seconds.")

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening; what is on the agenda does not happen any more."""
        if self._loop and self._closing and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(_START_S)

    @property
    def secrets(self) -> dict[str, str]:
        """Return partner name → secret, as the engine's environment must hold it."""
        return {"sms": f"{self.plan.sms.account}:{self.plan.sms.token}"}

    def came(self, asks: Came) -> None:
        """Say who answers whether a patient came: "came", "late" or "no". Called in the servers' thread."""
        self.do(lambda: setattr(self.life, "came", asks))

    def know(self, letters: Iterable[Letter]) -> None:
        """Let the referrers know what their letters would be with nothing missing."""
        self.do(lambda: self.referrers.know(letters))

    def open_clinics(self, first: date, weeks: int | None = None) -> int:
        """Open the clinics' book from ``first`` on, bring it to the engine; return how many slots it has."""
        return self._ask(self._open_clinics(first, weeks or self.plan.ehr.weeks)).result()

    def text(self, sender: str, body: str, *, stops: bool = False, times: int = 1) -> "Future[Said]":
        """Let somebody write to the engine; ``stops`` says that they want no more, in whatever words."""
        sid = self._new_sid(sender, body)
        return self._ask(self._tracked(self.sms.receive(sender, body, sid=sid, stops=stops, times=times)))

    def forge(self, sender: str, body: str) -> "Future[Said]":
        """Let a stranger without the vendor's token post a text."""
        return self._ask(self._tracked(self.sms.forge(sender, body, sid=self._new_sid(sender, body))))

    def say_at(self, when: datetime, sender: str, body: str, *, stops: bool = False) -> None:
        """Plan that somebody writes to the engine, as :meth:`text` does it now."""
        sid = self._new_sid(sender, body)
        self.at(when, lambda: self.sms.receive(sender, body, sid=sid, stops=stops))

    def at(self, when: datetime, act: Act) -> None:
        """Plan something of your own: ``act`` is called in the servers' thread and must be quick."""
        self.do(lambda: self.agenda.at(when, act))

    def next_due(self) -> datetime | None:
        """Return when something happens next outside the engine."""
        return self.do(self.agenda.next_due)

    def settle(self, patience_s: float = 60.0) -> bool:
        """Do all that is due by now and wait until it is answered; say whether all came to rest in time."""
        return self._ask(self._settle(patience_s)).result()

    def log(self) -> dict[str, Any]:
        """Return what every server counted, and the town's own truth about what must not be."""
        return self.do(self._told)

    def _told(self) -> dict[str, Any]:
        return {
            "sms": self.sms.told(),
            "mail": self.mail.told(),
            "print": self.shop.told(),
            "ehr": self.life.told(),
            "referrers": self.referrers.told(),
            "payers": self.payers.told(),
            "odd": self.oddities.struck,
            "planned": len(self.agenda),
            "failed": self._failed[:5],
            "engine_said": {str(status): count for status, count in self._caller.statuses.items()},
        }

    def _new_sid(self, sender: str, body: str) -> str:
        self._inbound += 1
        return "SM" + uuid5(NAMESPACE_URL, f"caretown/inbound/{self._inbound}/{sender}/{body}").hex

    async def call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Said:
        """Call the engine as a phone does that opens a link; to be awaited on the servers' own loop."""
        return await self._caller.request(method, path, body, headers)

    def do(self, what: Callable[[], _T]) -> _T:
        """Call something in the servers' thread, where alone their books may be touched."""
        if threading.get_ident() == self._thread.ident:
            return what()

        async def call() -> _T:
            return what()

        return self._ask(call()).result()

    def _ask(self, coroutine: Coroutine[Any, Any, _T]) -> "Future[_T]":
        if self._loop is None or not self._thread.is_alive():
            coroutine.close()
            raise EngineSilent("The town's servers have stopped.")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _tracked(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  it is called on the loop
        self._running.add(task)
        try:
            return await coroutine
        finally:
            self._running.discard(task)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        self._build()
        listening = [await self._open(name, answer) for name, answer in self._applications().items()]
        self.urls["smtp"] = f"smtp://127.0.0.1:{await self.mail.open()}"
        self.urls["sms"] += f"/{VERSION}/Accounts/{self.plan.sms.account}"
        payers = self.urls.pop("PAYERS")
        self.urls |= {name: f"{payers}/{name}" for name in ODD_PAYERS}
        self._ready.set()
        try:
            while not self._closing.is_set():
                await self._tick(self._closing)
        finally:
            for one in listening:
                await one.close()
            await self.mail.close()
            self.feed.stop()
            for task in self._running:
                task.cancel()
            for caller in (self._caller, *self._others.values()):
                caller.close()
            self.partner_log.close()
            await asyncio.sleep(_LAST_S)

    async def _tick(self, closing: asyncio.Event) -> None:
        try:
            await asyncio.wait_for(closing.wait(), _TICK_S if self._live else 1.0)
        except TimeoutError:
            self.partner_log.flush()
            if self._live:
                self._begin_due()

    async def _open(self, name: str, answer: Answer) -> Listening:
        listening = Listening(answer)
        self.urls[name] = f"http://127.0.0.1:{await listening.open()}"
        return listening

    def _applications(self) -> dict[str, Answer]:
        return {
            "sms": self.sms.answer,
            "print": self.shop.answer,
            "ehr": self.ehr.answer,
            "PAYERS": self.payers.answer,
            "PARTNERS": self.referrers.answer,
        }

    def _build(self) -> None:
        now, plan = self._now, self.plan
        self.agenda, self.oddities = Agenda(), Plan(plan.odd)
        self.partner_log = PartnerLog(self._log_path)
        self._caller = Caller(self._engine)
        self._others: dict[str, Caller] = {}
        feed = Feed(lambda raw, headers: self._caller.request("POST", "/fhir", raw, headers), self._token)
        self.feed = feed
        self.sms = SmsServer(
            plan.sms,
            self.mailbox,
            self.agenda,
            now,
            self._webhook,
            f"{self._engine}/sms/inbound",
            self.oddities,
        )
        self.mail = MailServer(self.mailbox, now, self.oddities, plan.post.unknown_mails)
        self.shop = PrintShop(plan.post, self.mailbox, self.agenda, now, self.oddities)
        self.book = Book()
        self.life = ClinicLife(self.book, self.agenda, feed, plan, now)
        self.ehr = Ehr(self.book, now, self.life, self.oddities)
        self.referrers = Referrers(plan, self.agenda, feed, now, self.partner_log, self.oddities, self._read)
        self.payers = OddPayers(now, plan.payer_seconds)

    def _now(self) -> datetime:
        """Return the time an act was planned for while it is done, and the clock's time otherwise."""
        return self.agenda.time or self._clock.now()

    async def _webhook(self, url: str, body: bytes, headers: dict[str, str]) -> Said:
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        base = f"{parts.scheme}://{parts.netloc}"
        caller = self._others.setdefault(base, Caller(base)) if base != self._engine else self._caller
        return await caller.request("POST", path, body, headers)

    async def _read(self, reference: str) -> Resource | None:
        headers = {"authorization": f"Bearer {self._token}" if self._token else ""}
        said = await self._caller.request("GET", f"/fhir/{reference}", b"", headers)
        read = orjson.loads(said.body) if said.taken else None
        return read if isinstance(read, dict) else None

    async def _open_clinics(self, first: date, weeks: int) -> int:
        days = self.life.open_days(first, weeks)
        await self.feed.fill(directory())
        await self.feed.fill([schedule_of(day) for day in days])
        await self.feed.fill([as_slot(slot) for day in days for slot in day.slots])
        if self.feed.refused:
            raise EngineSilent(f"The engine refused the clinics' book: {self.feed.refused[0]}")
        return sum(len(day.slots) for day in days)

    def _begin_due(self) -> bool:
        """Begin everything that is due; say whether there was anything."""
        began, by = False, self._clock.now()
        while (act := self.agenda.take(by)) is not None:
            began = True
            try:
                more = act()
            finally:
                self.agenda.done()
            if more is not None:
                task = asyncio.ensure_future(self._watched(more))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return began

    async def _watched(self, more: Coroutine[Any, Any, None]) -> None:
        try:
            await more
        except EngineSilent as silent:
            self._failed.append(str(silent))

    async def _settle(self, patience_s: float) -> bool:
        until = monotonic() + patience_s
        while self._begin_due() or self._running or not self.feed.idle:
            left = until - monotonic()
            if left <= 0:
                return False
            if self._running:
                await asyncio.wait(set(self._running), timeout=left)
            elif not self.feed.idle:
                await asyncio.wait({asyncio.ensure_future(self.feed.finished())}, timeout=left)
        return True
