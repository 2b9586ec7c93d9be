"""How a partner misbehaves, and at which of its requests: planned, so that a test knows what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from caretown.errors import OddityUnknown


class Odd(StrEnum):
    """One way of misbehaving."""

    SLOW = "slow"
    """Answers well, after ``seconds``."""
    DOWN = "down"
    """Hangs up without reading."""
    CUT = "cut"
    """Does what was asked, then hangs up without saying so."""
    ERROR = "error"
    """Answers 500 and does nothing."""
    NONSENSE = "nonsense"
    """Answers bytes that are no HTTP, and does nothing."""
    GIBBERISH = "gibberish"
    """Does what was asked and answers 200 with a web page."""
    BUSY = "busy"
    """Answers 429 with ``Retry-After: seconds``, and does nothing."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """What goes wrong at every ``every``-th request past the first ``after``, ``times`` times at most."""

    partner: str
    kind: Odd
    every: int = 1
    after: int = 0
    times: int = 1_000_000
    seconds: float = 1.0

    def strikes(self, number: int) -> bool:
        """Say whether the partner's request ``number``, counted from 1, is one of them."""
        turn, rest = divmod(number - self.after, self.every)
        return rest == 0 and 0 < turn <= self.times


def parse_oddity(text: str) -> Oddity:
    """Read ``partner:kind`` or ``partner:kind:every=5,after=10,times=3,seconds=0.5``.

    Raises:
        OddityUnknown: The text names no known kind or no known setting.
    """
    partner, _, rest = text.partition(":")
    kind, _, settings = rest.partition(":")
    try:
        pairs = dict(one.split("=", 1) for one in settings.split(",") if one)
        seconds = float(pairs.pop("seconds", 1.0))
        counts = {name: int(value) for name, value in pairs.items()}
        oddity = Oddity(partner, Odd(kind), seconds=seconds, **counts)
    except (ValueError, TypeError) as error:
        raise OddityUnknown(
            f"The oddity '{text}' cannot be read; write PARTNER:KIND:every=N,after=N,times=N,seconds=S "
            f"with a kind of {', '.join(Odd)}."
        ) from error
    if not partner or oddity.every < 1:
        raise OddityUnknown(f"The oddity '{text}' names no partner, or strikes at every 0th request.")
    return oddity


class Plan:
    """Counts each partner's requests and says which of them goes wrong, and how."""

    def __init__(self, oddities: Iterable[Oddity] = ()) -> None:
        self._oddities = tuple(oddities)
        self._requests: dict[str, int] = {}
        self.struck: dict[str, dict[str, int]] = {}

    def next(self, partner: str) -> Oddity | None:
        """Count one more request of ``partner``; return what goes wrong with it."""
        number = self._requests.get(partner, 0) + 1
        self._requests[partner] = number
        for oddity in self._oddities:
            if oddity.partner == partner and oddity.strikes(number):
                kinds = self.struck.setdefault(partner, {})
                kinds[oddity.kind.value] = kinds.get(oddity.kind.value, 0) + 1
                return oddity
        return None

    def requests(self, partner: str) -> int:
        """Return how many requests ``partner`` has had."""
        return self._requests.get(partner, 0)
