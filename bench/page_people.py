"""People at their pages: each clicks by the clock, whatever the server does, with a live page open beside."""

import asyncio
import random
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx2

COOKIE = "__Host-session"
_ROW = re.compile(r'id="row-(\d+)"')
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_VERSION = re.compile(r'name="version" value="(\d+)"')
_USUAL = re.compile(r'name="answer" value="([^"]+)" data-key="a"')
_CASE = re.compile(r'href="(/cases/\d+)"')
_PATIENT = re.compile(r'href="(/patients/[0-9a-f-]+)"')
_HTMX = {"HX-Request": "true"}
_PAUSE_S = 5.0
MIX = (
    "inbox",
    "inbox",
    "inbox",
    "card",
    "card",
    "card",
    "card",
    "search",
    "team",
    "case",
    "patient",
    "answer",
)
"""What the next click is, by chance; each kind as often as it stands here."""

Took = defaultdict[str, list[float]]


@dataclass(slots=True)
class Clicker:
    """One signed-in person, what they see, and how long each click took (seconds)."""

    client: httpx2.AsyncClient
    took: Took
    faults: list[str]
    seed: int
    rows: list[str] = field(default_factory=list)
    html: str = ""
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Give everybody their own chance."""
        self.chance = random.Random(self.seed)

    async def click(self, kind: str, due: float) -> None:
        """Do one click; its time runs from when it was due, also when an earlier one was still under way."""
        acts: dict[str, Callable[[], Awaitable[httpx2.Response]]] = {
            "inbox": self._inbox, "card": self._card, "search": self._search, "team": self._team,
            "case": self._linked(_CASE), "patient": self._linked(_PATIENT), "answer": self._answer,
        }  # fmt: skip
        answer = await acts[kind]()
        self.took[kind].append(time.perf_counter() - due)
        if answer.status_code != 200:
            self.faults.append(f"{kind}: {answer.status_code} {answer.url.path}")

    async def begin(self) -> None:
        """Open the inbox and one card, before anything is measured."""
        await self._inbox()
        await self._card()
        # A jar keeps secure cookies from an address without TLS; a browser allows them on its own machine.
        given = [f"{name}={value}" for name, value in self.client.cookies.items()]
        self.client.headers["Cookie"] = "; ".join([self.client.headers["Cookie"], *given])
        self.client.cookies.clear()

    async def _inbox(self) -> httpx2.Response:
        answer = await self.client.get("/", params={"page": str(self.chance.randint(1, 4))})
        self.rows = _ROW.findall(answer.text) or self.rows
        return answer

    async def _card(self) -> httpx2.Response:
        answer = await self.client.get(f"/cards/{self.chance.choice(self.rows)}", headers=_HTMX)
        self.html = answer.text
        return answer

    async def _search(self) -> httpx2.Response:
        return await self.client.get(
            "/", params={"q": self.chance.choice(("Brandt3", "Haddad12 Given7", "B000123", "payer"))}
        )

    async def _team(self) -> httpx2.Response:
        return await self.client.get("/", params={"team": "access", "view": "unassigned"})

    def _linked(self, found: re.Pattern[str]) -> Callable[[], Awaitable[httpx2.Response]]:
        async def follow() -> httpx2.Response:
            link = found.search(self.html)
            return await (self.client.get(link[1]) if link else self._card())

        return follow

    async def _answer(self) -> httpx2.Response:
        token, usual = _TOKEN.search(self.html), _USUAL.search(self.html)
        card = re.search(r'id="card-(\d+)"', self.html)
        if token is None or usual is None or card is None:
            return await self._card()
        version = _VERSION.search(self.html)
        form = {"csrfmiddlewaretoken": token[1], "answer": usual[1], "reason": "Settled by telephone."}
        form |= {"version": version[1]} if version else {}
        answer = await self.client.post(f"/cards/{card[1]}/decide", data=form, headers=_HTMX)
        self.html = ""
        self.rows = _ROW.findall(answer.text) or self.rows
        return answer


def clients(base: str, sessions: list[str]) -> list[httpx2.AsyncClient]:
    """Return a browser's worth of connections for each session."""
    return [
        httpx2.AsyncClient(
            base_url=base, headers={"Cookie": f"{COOKIE}={one}", "Referer": f"{base}/"}, timeout=60
        )
        for one in sessions
    ]


async def listen(client: httpx2.AsyncClient, heard: list[int]) -> None:
    """Keep a live page open; count what it is told."""
    async with client.stream("GET", "/live", timeout=None) as stream:
        async for line in stream.aiter_lines():
            heard[0] += line.startswith("data:")


async def by_the_clock(people: list[Clicker], seconds: float) -> None:
    """Let everybody click once every five seconds, spread evenly; nobody waits for anybody."""
    began, jobs, number = time.perf_counter(), [], 0
    step = _PAUSE_S / len(people)
    while (due := began + number * step) < began + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        who = people[number % len(people)]
        jobs.append(asyncio.create_task(who.click(who.chance.choice(MIX), due)))
        number += 1
    await asyncio.gather(*jobs)


async def as_fast_as_it_goes(people: list[Clicker], seconds: float) -> float:
    """Let a few people click without pause; return clicks a second."""
    began, clicks = time.perf_counter(), 0

    async def keep_on(who: Clicker) -> None:
        nonlocal clicks
        while time.perf_counter() - began < seconds:
            await who.click(who.chance.choice(MIX), time.perf_counter())
            clicks += 1

    await asyncio.gather(*(keep_on(who) for who in people))
    return clicks / (time.perf_counter() - began)
