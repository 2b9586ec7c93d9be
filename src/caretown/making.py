"""The town of a demo or benchmark: who lives there, what is sent in its first week, what goes wrong."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from caretown.charts import Folders, write_charts
from caretown.multiply import multiply
from caretown.oddities import parse_oddity
from caretown.people import Person, name_of, read_people, sample_records
from caretown.referrals import Post, write_referrals
from caretown.residents import Resident, Town, settle, write_residents
from caretown.town_clock import ZONE
from caretown.town_plan import EhrPlan, Line, SmsPlan, TownPlan
from caretown.truth import write_truth

ODD = (
    "harbour_clinic:busy:every=6,seconds=1", "st_elsewhere:error:every=5", "lakeside_practice:cut:every=9",
    "sms:error:every=60", "sms:cut:every=75", "ehr:busy:every=50,seconds=1", "print:error:every=7",
)  # fmt: skip
"""How partners misbehave: enough to see retries, harmless in the end."""
WORKING_DAYS = 5
TAKEN = 0.5
"""Of the clinics' slots, how many others have booked before the first letter comes."""
ROOMS_FOR = 320
"""The clinics' usual rooms are enough for so many referrals in a week; a larger town has more rooms."""
_LINES = {"landline": Line.LANDLINE}
_WEEKS_AHEAD = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a town, and for how long."""

    records: Path | None
    seed: int
    count: int
    start: datetime
    days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A town that can be played."""

    town: Town
    post: Post
    plan: TownPlan
    folders: Folders
    records: Path


def make_town(size: Size, into: Path) -> Made:
    """Make a town as large as its referrals need, and write its charts and its truth below ``into``."""
    records = size.records or sample_records()
    read = read_people(records)
    day = size.start.astimezone(ZONE).date()
    people = multiply(read, living=size.count, seed=size.seed, day=day)
    town = settle(people, seed=size.seed)
    post = write_referrals(
        town.people, seed=size.seed, start=size.start, count=size.count, days=_posting_days(size.days)
    )
    folders = write_charts(town, into, read=[one.id for one in read], day=day)
    write_truth((letter.truth for letter in post.letters), into / "truth" / "letters.jsonl")
    write_residents(town.residents.values(), into / "truth" / "residents.jsonl")
    return Made(town=town, post=post, plan=plan_of(size, town, post), folders=folders, records=records)


def _posting_days(days: float) -> int:
    return max(1, min(WORKING_DAYS, int(days)))


def plan_of(size: Size, town: Town, post: Post) -> TownPlan:
    """Plan what happens outside: telephones that do not work, rooms, series, what partners do wrong."""
    living = town.living()
    truths = [letter.truth for letter in post.letters]
    series = {f"ServiceRequest/{one.service_request}": one.visits for one in truths if one.visits > 1}
    sms = SmsPlan(
        lines={one.number: _LINES[one.kind] for one in living if one.number and one.kind in _LINES},
        zones={one.number: one.zone for one in living if one.number},
        private_words=tuple(sorted(_conditions(town.people))),
    )
    ehr = EhrPlan(
        taken_share=TAKEN,
        weeks=max(_WEEKS_AHEAD, int(size.days // 7) + 3),
        rooms=max(1.0, size.count / ROOMS_FOR),
        series=series,
    )
    return TownPlan(seed=size.seed, sms=sms, ehr=ehr, odd=tuple(parse_oddity(text) for text in ODD))


def _conditions(people: tuple[Person, ...]) -> set[str]:
    named = {name_of(condition) for person in people for condition in person.conditions}
    return {name for name in named if "(disorder)" in name}


def expecting(town: Town, post: Post) -> frozenset[str]:
    """Return the patients who were referred and know it."""
    return frozenset(letter.truth.patient for letter in post.letters) & frozenset(town.residents)


def of_kind(town: Town, kind: str) -> tuple[Resident, ...]:
    """Return the living people of one temperament."""
    return tuple(one for one in town.living() if one.kind == kind)
