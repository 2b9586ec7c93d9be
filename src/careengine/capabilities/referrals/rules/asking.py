"""What is asked now, of whom and by which way, while something is missing; when a person takes over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from careengine.capabilities.referrals.model import Referral
from careengine.capabilities.referrals.model.asking import Ask, AskingPolicy, PatientAsk
from careengine.capabilities.referrals.rules.completeness import missing_items
from careengine.capabilities.referrals.rules.sending import addressed
from careengine.engine.calendars import instant, wall
from careengine.kernel.decision import Decision, Flip, Reason, Route
from careengine.kernel.effect import Effect, Json
from careengine.kernel.policy import Scalar

ASK_SENDER = "referrals.ask_sender"
MISSING_ITEM = "referrals.missing_item"
"""The wording in which a patient is asked for an item."""
BY_SENDER, BY_MESSAGE, BY_LETTER = "sender", "message", "letter"
ASKED, WAITS, NOTHING = "ask", "wait", "nothing_to_ask"
NOBODY, CHASED_OUT = "nobody_to_ask", "asked_often_enough"
_ASKS = frozenset({"referrals.item_asked", "referrals.item_chased"})
_REMEMBERED = _ASKS | {"referrals.item_waits", "referrals.item_asked_out"}
_SATURDAY = 5


def ways_to(referral: Referral, *, writable: bool) -> frozenset[str]:
    """Return the ways that are open; ``writable`` says that the patient may be sent a message."""
    there = {fact for person in referral.people if not person.replaced for fact in person.has}
    open_ways = {
        BY_SENDER: bool(referral.sender.partner),
        BY_MESSAGE: writable,
        BY_LETTER: "address" in there,
    }
    return frozenset(way for way, is_open in open_ways.items() if is_open)


def decide_asking(
    completeness: Decision,
    *,
    asked: Sequence[Ask],
    ways: frozenset[str],
    policy: AskingPolicy,
    now: datetime,
    zone: str,
) -> Decision:
    """Say what is asked now of whom, what is waited for, and what only a person can go on with.

    ``asked`` is what was asked so far, ``ways`` those that are open. While an answer is not
    yet due, its item is not asked again; an item nobody can be asked for, or that was asked
    for by every way, goes to a person, while the others are asked.
    """
    before = {ask.item: ask for ask in asked}
    asking = _Asking(ways, policy, now, zone)
    reasons = tuple(
        asking.reason(item, of, before.get(item)) for item, of in missing_items(completeness).items()
    )
    codes = {reason.code for reason in reasons}
    if codes & {"referrals.item_asked_of_nobody", "referrals.item_unlisted"}:
        answer = NOBODY
    elif "referrals.item_asked_out" in codes:
        answer = CHASED_OUT
    else:
        answer = ASKED if codes & _ASKS else WAITS if codes else NOTHING
    return Decision(
        question="referrals.asking",
        route=Route.ASK if answer in {NOBODY, CHASED_OUT} else Route.PROCEED,
        answer=answer,
        because=reasons or (Reason("referrals.nothing_missing"),),
        policy=policy.ref,
        evidence=completeness.evidence,
        flips=_flips(answer, reasons),
    )


@dataclass(frozen=True, slots=True)
class _Asking:
    """The ways that are open, now, by this policy."""

    ways: frozenset[str]
    policy: AskingPolicy
    now: datetime
    zone: str

    def reason(self, item: str, of: str, before: Ask | None) -> Reason:
        """Say what becomes of one missing item: asked, chased, waited for, or nobody can be asked."""
        if before is not None and self.now < before.due:
            return _said("referrals.item_waits", before, self.zone)
        planned = self.policy.of_sender if of == BY_SENDER else self.policy.of_patient.get(item, ())
        if not planned:
            return Reason("referrals.item_unlisted", {"item": item, "ask_of": of})
        taken = before.step if before else 0
        step = next((n for n, way in enumerate(planned, 1) if n > taken and way in self.ways), None)
        if step is None:
            if before is not None:
                return _said("referrals.item_asked_out", before, self.zone)
            return Reason("referrals.item_asked_of_nobody", {"item": item, "ask_of": of})
        way = planned[step - 1]
        due = due_after(self.now, self.policy.days[way], self.zone)
        code = "referrals.item_chased" if before else "referrals.item_asked"
        return _said(code, Ask(item=item, of=of, way=way, step=step, due=due), self.zone)


def _said(code: str, ask: Ask, zone: str) -> Reason:
    params: dict[str, Scalar] = {
        "item": ask.item, "ask_of": ask.of, "way": ask.way, "step": ask.step,
        "due": ask.due.isoformat(), "by": wall(ask.due, zone)[0].isoformat(),
    }  # fmt: skip
    return Reason(code, params)


def due_after(now: datetime, weekdays: int, zone: str) -> datetime:
    """Return the same local time so many weekdays later; the state's clock knows the holidays."""
    day, at = wall(now, zone)
    left = weekdays
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return instant(day, at, zone)


def _flips(answer: str, reasons: Sequence[Reason]) -> tuple[Flip, ...]:
    if answer == WAITS:
        soonest = min(str(reason.params["due"]) for reason in reasons)
        return (Flip("now", soonest, ASKED),)
    if len(reasons) == 1 and reasons[0].code == "referrals.item_asked":
        return (Flip("ways", "", NOBODY),)
    return ()


def asks_of(decision: Decision) -> tuple[Ask, ...]:
    """Return what a decision asks for now."""
    return tuple(_ask(reason) for reason in decision.because if reason.code in _ASKS)


def next_due(decision: Decision) -> datetime | None:
    """Return when the first of the answers that are waited for is due."""
    waited = [_ask(r).due for r in decision.because if r.code in _ASKS or r.code == "referrals.item_waits"]
    return min(waited, default=None)


def remembered(decision: Decision) -> str:
    """Return what was asked so far as one text for the case's data; :func:`asked_of` reads it back."""
    asks = [_ask(reason) for reason in decision.because if reason.code in _REMEMBERED]
    return ";".join(f"{a.item},{a.of},{a.way},{a.step},{a.due.isoformat()}" for a in asks)


def asked_of(text: object) -> tuple[Ask, ...]:
    """Read what :func:`remembered` wrote; nothing, and nothing asked, are the same."""
    parts = (one.split(",") for one in str(text or "").split(";") if one)
    return tuple(
        Ask(item=item, of=of, way=way, step=int(step), due=datetime.fromisoformat(due))
        for item, of, way, step, due in parts
    )


def _ask(reason: Reason) -> Ask:
    said = {name: str(value) for name, value in reason.params.items()}
    due = datetime.fromisoformat(said["due"])
    return Ask(item=said["item"], of=said["ask_of"], way=said["way"], step=int(said["step"]), due=due)


def ask_sender(referral: Referral, decision: Decision, *, now: datetime) -> tuple[Effect, ...]:
    """Return the one request to the sender for all that is asked of them now; it names nobody."""
    asks = [ask for ask in asks_of(decision) if ask.way == BY_SENDER]
    if not asks:
        return ()
    due = min(ask.due for ask in asks)
    body: dict[str, Json] = {
        **addressed(referral),
        "items": tuple(ask.item for ask in asks),
        "due": due.isoformat(),
        "at": now.isoformat(),
    }
    return (
        Effect(
            kind=ASK_SENDER, partner=referral.sender.partner, body=body, not_after=due, purpose="treatment"
        ),
    )


def ask_patient(decision: Decision) -> tuple[PatientAsk, ...]:
    """Return what the patient is written now, an item at a time; it names no more than the item."""
    return tuple(
        PatientAsk(template=MISSING_ITEM, params={"item": ask.item}, letter=ask.way == BY_LETTER)
        for ask in asks_of(decision)
        if ask.way in {BY_MESSAGE, BY_LETTER}
    )
