"""The people of the town: what arrives is read, thought over and answered as each of them would.

They act on the servers' agenda, in the town's time, and through the servers: a text is written, a link
is opened, the clinic is rung (see ``front_desk``), a visit is kept or not.
"""

from collections import Counter
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from caretown.mailbox import Arrived, Kind
from caretown.people import Resource
from caretown.residents import Resident, Town
from caretown.spoken import Understood, spoken

REMEMBERED = timedelta(days=3)
"""How long a reminder helps somebody to remember."""
_AWAKE = (7, 22)
_LATE_SHARE = 0.06
_REMINDS = (
    "see you soon",
    "nos vemos",
    "your visit is on",
    "you have a visit on",
    "su cita es el",
    "tiene cita el",
)
_SETS = ("your visit is set", "su cita es el")
_OUT = frozenset({"cancel", "rebook"})
_IN = frozenset({"choose", "confirm", "yes"})


class Outside(Protocol):
    """The servers, as far as people use them."""

    def say_at(self, when: datetime, sender: str, body: str, *, stops: bool = False) -> None:
        """Plan a text to the engine."""
        ...

    def at(self, when: datetime, act: Any) -> None:
        """Plan something else."""
        ...


class Links(Protocol):
    """Opens the links that people are sent."""

    def fill(self, link: str, resident: Resident, *, whole: bool) -> Coroutine[Any, Any, None]:
        """Answer the form behind a link, all of it or the first half."""
        ...


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody telephones the clinic."""

    at: datetime
    resident: Resident
    about: str
    """What made them ring: offer, letter, item, …"""


@dataclass(slots=True)
class Mind:
    """What one person knows and intends by now."""

    heard: Counter[str] = field(default_factory=Counter)
    reminded: datetime | None = None
    wants_out: bool = False
    """They said that they cannot come, or want another time."""
    stopped: bool = False
    knows_us: bool = False
    dead: bool = False


@dataclass(slots=True)
class Townsfolk:
    """Everybody who can be reached; :meth:`hear` is called with what arrived."""

    town: Town
    outside: Outside
    links: Links
    seed: int
    expecting: frozenset[str] = frozenset()
    """Ids of patients who were referred and know it: of those who share a telephone, they answer."""
    rings: list[Ring] = field(default_factory=list)
    minds: dict[str, Mind] = field(default_factory=dict)
    did: Counter[str] = field(default_factory=Counter)
    """How often people did what."""
    unaddressed: int = 0
    """Things that arrived for nobody who lives here."""
    _by_number: dict[str, list[Resident]] = field(default_factory=dict)
    _by_mail: dict[str, Resident] = field(default_factory=dict)
    _by_door: dict[str, Resident] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for person in self.town.people:
            resident = self.town.residents[person.id]
            if resident.number:
                self._by_number.setdefault(resident.number, []).append(resident)
            if resident.mail:
                self._by_mail[resident.mail] = resident
            if person.alive:
                self._by_door[_door(person.patient)] = resident

    def mind(self, patient: str) -> Mind:
        """Return what somebody knows by now."""
        return self.minds.setdefault(patient, Mind())

    def hear(self, arrived: Iterable[Arrived]) -> int:
        """Let people find what arrived and plan what they do; return how much there was."""
        heard = 0
        for one in arrived:
            heard += 1
            resident = self._whose(one)
            if resident is None:
                self.unaddressed += 1
            else:
                self._read(one, resident)
        return heard

    def _whose(self, arrived: Arrived) -> Resident | None:
        if arrived.kind is Kind.TEXT:
            home = self._by_number.get(arrived.to, [])
            return next((one for one in home if one.id in self.expecting), home[0] if home else None)
        if arrived.kind is Kind.MAIL:
            return self._by_mail.get(arrived.to)
        lines = [line.strip().lower() for line in arrived.to.splitlines()]
        return next(
            (found for line in lines if (found := self._by_door.get(f"{lines[0]}|{line}")) is not None), None
        )

    def _read(self, arrived: Arrived, resident: Resident) -> None:
        mind, body = self.mind(resident.id), arrived.body.lower()
        if mind.dead:
            return
        theirs = resident.kind != "wrong_number" or arrived.kind is not Kind.TEXT
        if theirs and any(words in body for words in _REMINDS):
            mind.reminded = arrived.at
        if theirs and any(words in body for words in _SETS):
            mind.wants_out = False
        understood = spoken().understand(arrived.body)
        if arrived.kind is Kind.TEXT:
            self._react(arrived, resident, understood)
        elif arrived.kind is Kind.LETTER or understood.asks in {"offer", "again"}:
            self._plan("letter", arrived, resident, understood)
        elif understood.asks == "intake":
            self._plan("intake", arrived, resident, understood)

    def _react(self, arrived: Arrived, resident: Resident, understood: Understood) -> None:
        mind = self.mind(resident.id)
        if not understood.asks or mind.stopped:
            return
        self._plan(understood.asks, arrived, resident, understood)

    def _plan(self, stimulus: str, arrived: Arrived, resident: Resident, understood: Understood) -> None:
        mind = self.mind(resident.id)
        mind.heard[stimulus] += 1
        rng = Random(f"{self.seed}/{resident.id}/{stimulus}/{mind.heard[stimulus]}")
        deed = resident.temperament.deed(stimulus, rng)
        if deed == "who" and mind.knows_us:
            deed = "choose" if understood.options else "nothing"
        if deed == "choose" and not understood.options:
            deed = "yes"
        if arrived.kind is not Kind.TEXT and spoken().has(deed):
            deed = "ring"
        self.did[f"{stimulus}.{deed}"] += 1
        when = _awake(arrived.at + resident.temperament.wait(rng), resident.zone)
        self._do(deed, stimulus, when, resident, understood, rng)

    def _do(
        self,
        deed: str,
        stimulus: str,
        when: datetime,
        resident: Resident,
        understood: Understood,
        rng: Random,
    ) -> None:
        mind = self.mind(resident.id)
        if deed == "nothing":
            return
        if deed == "ring":
            self.rings.append(Ring(when, resident, stimulus))
        elif deed in {"fill", "fill_half"}:
            whole = deed == "fill"
            self.outside.at(when, lambda: self.links.fill(understood.link, resident, whole=whole))
        else:
            words = spoken().say(deed, resident.language, rng, options=understood.options)
            mind.knows_us = mind.knows_us or deed == "who"
            mind.stopped = mind.stopped or deed in {"stop", "wrong_number"}
            mind.wants_out = deed in _OUT or (mind.wants_out and deed not in _IN)
            self.outside.say_at(when, resident.number, words, stops=deed == "stop")

    def picks_up(self, resident: Resident, at: datetime) -> bool:
        """Say whether somebody answers when the clinic rings now."""
        mind = self.mind(resident.id)
        mind.heard["call"] += 1
        rng = Random(f"{self.seed}/{resident.id}/call/{mind.heard['call']}/{at:%Y%m%d}")
        return bool(resident.number) and not mind.dead and rng.random() < resident.temperament.phone

    def rings_back(self, resident: Resident, at: datetime) -> None:
        """Leave a message on somebody's machine; some ring back."""
        rng = Random(f"{self.seed}/{resident.id}/back/{self.mind(resident.id).heard['call']}")
        if resident.number and rng.random() < resident.temperament.back:
            when = _awake(at + resident.temperament.wait(rng), resident.zone)
            self.rings.append(Ring(when, resident, "call"))

    def came(self, appointment: Resource, start: datetime) -> str:
        """Say whether the patient of an appointment came: "came", "late" or "no"."""
        resident = self.town.residents.get(_patient(appointment))
        if resident is None:
            return "came"
        mind = self.mind(resident.id)
        rng = Random(f"{self.seed}/{resident.id}/came/{appointment['id']}")
        fresh = mind.reminded is not None and timedelta() <= start - mind.reminded <= REMEMBERED
        comes = resident.temperament.reminded if fresh else resident.temperament.unreminded
        if mind.dead or mind.wants_out or rng.random() >= comes:
            return "no"
        return "late" if rng.random() < _LATE_SHARE else "came"


def _awake(at: datetime, zone: str) -> datetime:
    """Return the instant, or the next morning's where they are if they would be asleep."""
    local = at.astimezone(ZoneInfo(zone))
    if _AWAKE[0] <= local.hour < _AWAKE[1]:
        return at
    days = 1 if local.hour >= _AWAKE[1] else 0
    morning = local.replace(hour=_AWAKE[0], minute=30) + timedelta(days=days)
    return morning.astimezone(at.tzinfo)


def _door(patient: Mapping[str, Any]) -> str:
    """Return the first line of a letter to somebody, and the line of their street."""
    name = (patient.get("name") or [{}])[0]
    called = " ".join([*name.get("given", ()), str(name.get("family", ""))])
    street = ((patient.get("address") or [{}])[0].get("line") or [""])[0]
    return f"{called}|{street}".lower()


def _patient(appointment: Mapping[str, Any]) -> str:
    actors = (str(one.get("actor", {}).get("reference", "")) for one in appointment.get("participant", ()))
    return next((who.rpartition("/")[2] for who in actors if "Patient/" in who), "")
