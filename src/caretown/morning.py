"""One morning in stepped time: the post arrives, staff work, the clock steps whenever all is idle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from caretown.door import Door, Readiness
from caretown.errors import EngineSilent
from caretown.letters import Letter
from caretown.referrals import Post
from caretown.staff import Staff
from caretown.town_clock import TownClock

ROUND_EVERY = timedelta(hours=1)
SHIFT = timedelta(hours=9)
"""How long after the morning's start anybody is at their desk."""
PATIENCE_S = 60.0


@dataclass(slots=True)
class Progress:
    """Where the morning stands."""

    now: datetime
    ends: datetime
    letters: int
    sent: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    """Letter → why the engine refused it."""
    answered: int = 0
    rang: int = 0
    overtaken: int = 0
    silent: int = 0
    unknown: int = 0
    steps: int = 0
    impatient: int = 0
    """Steps taken although the engine was still busy after all patience."""


class Morning:
    """Plays one morning against a running engine."""

    def __init__(self, door: Door, clock: TownClock, post: Post, staff: Staff) -> None:
        self._door = door
        self._clock = clock
        self._post = post
        self._staff = staff

    def play(self, *, start: datetime, lasts: timedelta, shown: Callable[[Progress], None]) -> Progress:
        """Run from ``start`` for ``lasts`` of domain time; ``shown`` is told after every step."""
        progress = Progress(now=start, ends=start + lasts, letters=len(self._post.letters))
        self._clock.set(start)
        self._post_directory()
        waiting = iter(self._post.letters)
        letter = next(waiting, None)
        next_round = start + ROUND_EVERY
        while True:
            letter = self._post_until(progress, letter, waiting)
            if progress.now >= next_round:
                self._work(progress)
                next_round = _round_after(progress.now, start)
            said = self._settle(progress)
            shown(progress)
            if progress.now >= progress.ends:
                return progress
            wishes = [
                progress.ends,
                next_round,
                *([letter.at] if letter else []),
                *_due_after(progress.now, said),
            ]
            progress.now = min(wishes)
            progress.steps += 1
            self._clock.set(progress.now)

    def _post_directory(self) -> None:
        answer = self._door.send(self._post.directory)
        if not answer.taken:
            raise EngineSilent(
                f"The engine refused the senders' directory ({answer.status}: {answer.why}); "
                "import the town's records first."
            )

    def _post_until(
        self, progress: Progress, letter: Letter | None, waiting: Iterator[Letter]
    ) -> Letter | None:
        while letter is not None and letter.at <= progress.now:
            answer = self._door.send(letter.bundle)
            progress.sent += 1
            if not answer.taken:
                progress.refused[letter.id] = f"{answer.status} {answer.why}"
            letter = next(waiting, None)
        return letter

    def _work(self, progress: Progress) -> None:
        seen = self._staff.work()
        progress.answered += seen.answered
        progress.rang += seen.rang
        progress.overtaken += seen.overtaken
        progress.silent, progress.unknown = seen.silent, seen.unknown

    def _settle(self, progress: Progress) -> Readiness:
        said = self._door.wait_until_idle(patience_s=PATIENCE_S)
        progress.impatient += not said.idle
        return said


def _round_after(now: datetime, start: datetime) -> datetime:
    """Return the next look at the worklist: each hour of the shift, then the next day's first."""
    soon = now + ROUND_EVERY
    day = timedelta(days=1)
    return soon if (soon - start) % day <= SHIFT else start + day * ((now - start) // day + 1)


def _due_after(now: datetime, said: Readiness) -> list[datetime]:
    return [said.next_due] if said.next_due and said.next_due > now else []
