"""What does a text that was wholly read answer to the question it follows? Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from careengine.capabilities.messaging.model import Asked
from careengine.capabilities.messaging.rules.reply_reading import Reading
from careengine.capabilities.messaging.rules.reply_times import Offered, only_names, wish_text
from careengine.language.times import When

DOUBTFUL, NO_SUCH, SEVERAL, UNSURE = "doubtful", "no_such", "several", "unsure"
_WANTED = frozenset({"cancel", "rebook", "others", "confirm", "keep", "done", "only", "cannot"})
"""What somebody may want: beside it "I want" says nothing more."""
_YES = frozenset({"yes", "ok", "good", "take"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What was answered; without an answer, why a person must look."""

    answer: str = ""
    option: str = ""
    wish: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A text that was wholly read, beside the question it follows."""

    says: frozenset[str]
    when: When
    asked: Asked
    offered: Offered

    def fits(self) -> bool:
        """Say whether the days and times it names, if any, are those of the visit spoken of."""
        return not self.when.says_something() or bool(
            not self.when.unclear and not self.when.usual and self.offered.fitting(self.when)
        )


def meaning_of(reading: Reading, when: When, asked: Asked, offered: Offered) -> Meaning:
    """Return what the text answers; whatever is said twice, in doubt or besides is for a person."""
    says = reading.says - {"thanks", "sorry", "blessing"}
    if says & _WANTED:
        says -= {"take"}
    if "wrong_number" in says:
        says -= {"not_me"}
    if says & {"unsure", "not_me"}:
        return Meaning(why=UNSURE)
    if not says and not when.says_something():
        return Meaning("thanks") if "thanks" in reading.says else Meaning(why=DOUBTFUL)
    reply = Reply(says, when, asked, offered)
    return _anybody(reply) or _BY_KIND.get(asked.kind, _about_nothing)(reply)


def _anybody(reply: Reply) -> Meaning | None:
    """Answers that mean the same whatever was asked."""
    for answer, besides in (("wrong_number", {"no", "who"}), ("who", {"yes", "no"})):
        if answer in reply.says:
            alone = reply.says <= {answer, *besides} and not reply.when.says_something()
            return Meaning(answer) if alone else Meaning(why=SEVERAL)
    return None


def _to_offer(reply: Reply) -> Meaning:
    if reply.says & {"cancel", "rebook", "late", "done", "keep", "decline", "confirm"}:
        return _single(reply, {"done"}) or Meaning(why=SEVERAL if reply.when.says_something() else DOUBTFUL)
    if reply.when.unclear:
        return Meaning(why=DOUBTFUL)
    if not reply.when.says_something():
        return Meaning("other_times") if reply.says & {"cannot", "others"} else Meaning(why=DOUBTFUL)
    if "others" in reply.says or reply.when.usual or reply.says & {"only", "any"}:
        return _wish(reply)
    if reply.says & {"no", "cannot"}:
        return Meaning(why=DOUBTFUL)
    return _choice(reply)


def _choice(reply: Reply) -> Meaning:
    fitting = reply.offered.fitting(reply.when)
    if len(fitting) == 1:
        return Meaning("choose", option=fitting[0].key)
    if fitting:
        return Meaning(why=DOUBTFUL)
    return Meaning(why=NO_SUCH) if reply.when.counts() and not _a_date(reply) else _wish(reply)


def _a_date(reply: Reply) -> bool:
    """Say whether the only number is a day of a month that was not offered, as in "the 17th"."""
    when = reply.when
    return len(when.ordinals) == 1 and when.ordinals[0] > len(reply.asked.options) and not (
        when.numbers or when.bare or when.extremes
    )  # fmt: skip


def _wish(reply: Reply) -> Meaning:
    when = reply.when
    if when.counts() and not _a_date(reply):
        return Meaning(why=DOUBTFUL)
    wish = wish_text(reply.offered.dated(when))
    return Meaning(why=DOUBTFUL) if wish is None else Meaning("other_times", wish=wish)


def _to_visit(reply: Reply) -> Meaning:
    says = reply.says
    if says <= {"late", "ok", "yes"} and "late" in says:
        return Meaning("running_late")
    if says & {"rebook", "cannot", "others"} or says == {"rebook", "cancel"}:
        return _rebook(reply)
    if not reply.fits():
        return Meaning(why=DOUBTFUL)
    if says and says <= _YES - {"take"} | {"confirm", "keep"}:
        return Meaning("confirm")
    return _single(reply, {"cancel", "done"}) or Meaning(why=SEVERAL if len(says) > 1 else DOUBTFUL)


def _rebook(reply: Reply) -> Meaning:
    when = reply.offered.dated(reply.when)
    if (
        not reply.says <= {"rebook", "cannot", "others", "cancel", "no", "any"}
        or when.counts()
        or when.unclear
    ):
        return Meaning(why=SEVERAL if len(reply.says) > 1 else DOUBTFUL)
    if not when.says_time():
        return Meaning("rebook")
    if reply.offered.fitting(when):
        return Meaning("rebook") if only_names(when) else Meaning(why=DOUBTFUL)
    wish = wish_text(when)
    # A day on which somebody cannot come is no day they wish for.
    if wish is None or not reply.says & {"rebook", "others"} or "cannot" in reply.says:
        return Meaning(why=DOUBTFUL)
    return Meaning("rebook", wish=wish)


def _to_early(reply: Reply) -> Meaning:
    says = reply.says
    if not reply.fits():
        return Meaning(why=DOUBTFUL)
    if says and says <= _YES | {"confirm"}:
        return Meaning("yes")
    if says and says <= {"no", "cannot", "keep", "decline"}:
        return Meaning("no")
    return _single(reply, {"cancel", "done"}) or Meaning(why=SEVERAL if len(says) > 1 else DOUBTFUL)


def _to_intake(reply: Reply) -> Meaning:
    # "I finished it last night": when it was done does not matter.
    if "done" in reply.says and reply.says <= {"done", "yes", "ok"} and not reply.when.counts():
        return Meaning("done")
    if not reply.when.says_something() and reply.says <= _YES - {"take"}:
        return Meaning("thanks")
    return Meaning(why=DOUBTFUL)


def _about_nothing(reply: Reply) -> Meaning:
    if reply.says <= {"ok", "good"} and not reply.when.says_something():
        return Meaning("thanks")
    return _single(reply, {"late", "cancel", "rebook", "done", "confirm", "cannot"}) or Meaning(why=DOUBTFUL)


def _single(reply: Reply, answers: set[str]) -> Meaning | None:
    """Return the one thing said, if it is one of these and nothing but a yes stands beside it."""
    meant = reply.says - {"yes", "ok"}
    if len(meant) != 1 or not meant <= answers or (reply.says - meant and "cancel" in meant):
        return None
    said = next(iter(meant))
    return Meaning({"late": "running_late", "cannot": "rebook"}.get(said, said))


_BY_KIND: Mapping[str, Callable[[Reply], Meaning]] = {
    "offer": _to_offer,
    "confirm": _to_visit,
    "reminder": _to_visit,
    "early": _to_early,
    "intake": _to_intake,
    "none": _about_nothing,
}
