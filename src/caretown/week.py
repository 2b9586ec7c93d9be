"""A stepped week of the town: post, texts, calls and visits; the clock steps only when all is idle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from caretown.door import Door, Readiness
from caretown.errors import EngineSilent
from caretown.front_desk import FrontDesk, next_open
from caretown.letters import Letter
from caretown.morning import Progress
from caretown.referrals import Post
from caretown.servers import Servers
from caretown.staff import Staff
from caretown.town_clock import ZONE, TownClock

FLOOR = timedelta(minutes=10)
"""The clock steps at least so far; what is due in between is done together."""
NIGHT_FLOOR = timedelta(minutes=90)
ROUND_EVERY = timedelta(hours=1)
PATIENCE_S = 60.0
_NIGHT = (21, 7)
_TURNS = 12
"""How often people, servers and engine may stir each other at one instant before the clock steps anyway."""


@dataclass(slots=True)
class Spent:
    """Where the real time of a week went, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    def on(self, what: str, since: float) -> None:
        """Add the time since an instant of the monotonic clock."""
        self.seconds[what] = self.seconds.get(what, 0.0) + monotonic() - since


@dataclass(slots=True)
class Week:
    """Plays a week, or as many days as are asked for, against a running engine."""

    door: Door
    clock: TownClock
    servers: Servers
    post: Post
    staff: Staff
    desk: FrontDesk
    floor: timedelta = FLOOR
    round_every: timedelta = ROUND_EVERY
    check: Callable[[], None] = lambda: None
    """Called now and then: raises when a process has ended."""
    spent: Spent = field(default_factory=Spent)

    def play(self, *, start: datetime, ends: datetime, shown: Callable[[Progress], None]) -> Progress:
        """Run from ``start`` to ``ends`` in domain time; ``shown`` is told after every step."""
        progress = Progress(now=start, ends=ends, letters=len(self.post.letters))
        self._post_directory()
        waiting = iter(self.post.letters)
        letter = next(waiting, None)
        next_round = next_open(start + self.round_every)
        while True:
            letter = self._post_until(progress, letter, waiting)
            self._answer_calls(progress)
            if progress.now >= next_round:
                self._work(progress)
                next_round = next_open(progress.now + self.round_every)
            said = self._settle(progress)
            shown(progress)
            if progress.now >= ends:
                return progress
            self._step(progress, said, [ends, next_round, *([letter.at] if letter else [])])

    def _step(self, progress: Progress, said: Readiness, wishes: list[datetime]) -> None:
        others = (said.next_due, self.servers.next_due(), self.desk.next_call(progress.now))
        first = min([*wishes, *(at for at in others if at is not None)])
        floor = NIGHT_FLOOR if _is_night(progress.now) else self.floor
        progress.now = min(max(first, progress.now + floor), progress.ends)
        progress.steps += 1
        self.clock.set(progress.now)
        self.check()

    def _post_directory(self) -> None:
        answer = self.door.send(self.post.directory)
        if not answer.taken:
            raise EngineSilent(
                f"The engine refused the senders' directory ({answer.status}: {answer.why}); "
                "import the town's records first."
            )

    def _post_until(
        self, progress: Progress, letter: Letter | None, waiting: Iterator[Letter]
    ) -> Letter | None:
        since = monotonic()
        while letter is not None and letter.at <= progress.now:
            answer = self.door.send(letter.bundle)
            progress.sent += 1
            if not answer.taken:
                progress.refused[letter.id] = f"{answer.status} {answer.why}"
            letter = next(waiting, None)
        self.spent.on("post", since)
        return letter

    def _answer_calls(self, progress: Progress) -> None:
        since = monotonic()
        self.desk.answer(progress.now)
        self.spent.on("calls", since)

    def _work(self, progress: Progress) -> None:
        since = monotonic()
        seen = self.staff.work()
        progress.answered += seen.answered
        progress.rang += seen.rang
        progress.overtaken += seen.overtaken
        progress.silent, progress.unknown = seen.silent, seen.unknown
        self.spent.on("staff", since)

    def _settle(self, progress: Progress) -> Readiness:
        """Let servers, people and engine act upon each other until nothing more happens at this instant."""
        for _ in range(_TURNS):
            since = monotonic()
            self.servers.settle()
            self.spent.on("servers", since)
            since = monotonic()
            said = self.door.wait_until_idle(patience_s=PATIENCE_S)
            self.spent.on("engine", since)
            heard = self.desk.folks.hear(self.servers.mailbox.take())
            due = self.servers.next_due()
            if said.idle and not heard and (due is None or due > progress.now):
                return said
        progress.impatient += not said.idle
        return said


def _is_night(at: datetime) -> bool:
    hour = at.astimezone(ZONE).hour
    return hour >= _NIGHT[0] or hour < _NIGHT[1]
