"""One town played from its first letter to the last day that was asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from caretown.desk import Card, PipedDesk
from caretown.door import Door
from caretown.front_desk import FrontDesk
from caretown.intake_links import IntakeLinks
from caretown.lives import plan_lives
from caretown.making import Made, expecting
from caretown.morning import Progress
from caretown.people import Resource
from caretown.processes import command
from caretown.servers import Servers
from caretown.staff import Hands, Staff, habits
from caretown.stage import TOKEN, Stage
from caretown.telephone import Telephone
from caretown.town_clock import TownClock
from caretown.townsfolk import Townsfolk
from caretown.week import FLOOR, Spent, Week


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A town after its last day."""

    made: Made
    servers: Servers
    progress: Progress
    folks: Townsfolk
    links: IntakeLinks
    staff: Staff
    desk: FrontDesk
    spent: Spent
    lives: Mapping[str, int]

    @property
    def now(self) -> datetime:
        """Return the instant at which it ended."""
        return self.progress.now


def play_town(  # noqa: PLR0913  who plays what, from when to when
    made: Made,
    servers: Servers,
    stage: Stage,
    clock: TownClock,
    *,
    start: datetime,
    days: float,
    shown: Callable[[Progress], None],
    floor: timedelta = FLOOR,
    staffed: timedelta | None = None,
) -> Played:
    """Play ``days`` of the town; its staff answer cards during ``staffed``, or all the time."""
    door = Door(stage.ports.base, TOKEN)
    links = IntakeLinks(servers)
    folks = Townsfolk(
        made.town,
        servers,
        links,
        made.plan.seed,
        expecting=expecting(made.town, made.post),
    )
    desk = FrontDesk(servers, folks, [letter.truth for letter in made.post.letters], made.plan.seed)
    staff = Staff(
        PipedDesk((command("careengine"),), stage.environ),
        habits(),
        made.plan.seed,
        hands=Hands(
            ring=Telephone(door, made.post).ring,
            call=lambda card: desk.ring(card.about, clock.now()),
            look=lambda card: looked_up(card, servers, made),
            now=clock.now,
        ),
        until=None if staffed is None else start + staffed,
    )
    servers.came(folks.came)
    servers.know(made.post.letters)
    servers.open_clinics(start.date())
    lives = _lives(made, servers, folks, start)
    week = Week(door, clock, servers, made.post, staff, desk, floor=floor, check=stage.check)
    progress = week.play(start=start, ends=start + timedelta(days=days), shown=shown)
    return Played(
        made=made, servers=servers, progress=progress, folks=folks, links=links, staff=staff, desk=desk,
        spent=week.spent, lives=lives,
    )  # fmt: skip


def _lives(made: Made, servers: Servers, folks: Townsfolk, start: datetime) -> Mapping[str, int]:
    def died(patient: str) -> None:
        folks.mind(patient).dead = True

    def tell(at: datetime, what: Callable[[], list[Resource]]) -> None:
        servers.at(at, lambda: servers.feed.push(*what()))

    return plan_lives(made.town, seed=made.plan.seed, start=start, tell=tell, died=died)


def looked_up(card: Card, servers: Servers, made: Made) -> str:
    """Return what somebody finds who looks: the clinic a letter means, or whether the patient came."""
    focus = card.about.partition("@")[0]
    if card.kind == "referrals.clinic":
        letters = (one.truth for one in made.post.letters)
        return next((one.clinic for one in letters if f"ServiceRequest/{one.service_request}" == focus), "")
    if card.kind == "referrals.identity":
        alive = {person.id for person in made.town.people if person.alive}
        letters = (one.truth for one in made.post.letters)
        found = next((one for one in letters if f"ServiceRequest/{one.service_request}" == focus), None)
        return "confirmed" if found and found.patient in alive else "decline"
    if card.kind == "scheduling.visit":
        return "came" if servers.do(lambda: servers.life.visits.get(focus)) else "missed"
    return ""


def spent(played: Played, stage: Stage) -> dict[str, Any]:
    """Return where the real time went, and who used the processors."""
    used = stage.cpu()
    total = sum(used.values()) or 1.0
    return {
        "steps": played.progress.steps,
        "seconds_in": {name: round(seconds, 1) for name, seconds in played.spent.seconds.items()},
        "cpu_seconds": used,
        "cpu_share": {name: round(seconds / total, 3) for name, seconds in used.items()},
    }
