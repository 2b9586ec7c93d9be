"""The last check before a message leaves: is it day there, and was enough written already?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from careengine.capabilities.messaging.model import Contact, Rules, Sent
from careengine.capabilities.messaging.rules.window import below_caps, inside, zones_of
from careengine.capabilities.messaging.steps.loading import LOOKS_BACK, MESSAGES, WAYS
from careengine.capabilities.messaging.steps.reaching import contact_of
from careengine.kernel.policy import PolicyName
from careengine.policy.book import PolicyBook
from careengine.runtime.database import Connection
from careengine.trust.last_look import last_look

Value = TypeVar("Value")
QUIET_HOURS, CAPS = "messaging.quiet_hours", "messaging.caps"
ADDRESS_GONE, WRONG_NUMBER = "messaging.address_gone", "messaging.wrong_number"


class Leaving(Protocol):
    """An effect about to leave, as far as this check must know it."""

    @property
    def id(self) -> int:
        """Its id."""
        ...

    @property
    def subject(self) -> UUID:
        """Whom it is about."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """What it carries: ``channel`` for one to the patient, ``about`` for the message, ``address``."""
        ...


@dataclass(frozen=True, slots=True)
class OnDay:
    """The policies in force on a day, looked up by name."""

    book: PolicyBook
    day: date

    def __getitem__(self, name: PolicyName[Value]) -> Value:
        return self.book.value(name, self.day)


class Window:
    """Says which messages may not leave now: outside the hours, or beyond the caps.

    A message counts the ones planned before it, so that of two planned for one day the
    earlier leaves and the later waits, in whatever order and however many senders try.
    """

    def __init__(self, book: PolicyBook) -> None:
        self._book = book

    def __call__(self, conn: Connection, leaving: Sequence[Leaving], now: datetime) -> dict[int, str]:
        """Return a reason code by effect id for each that may not leave; two queries for the batch."""
        rules = Rules.of(OnDay(self._book, now.astimezone(UTC).date()))
        bound = {one.name for one in rules.sending.channels if one.quiet or one.capped}
        written = [one for one in leaving if one.body.get("channel") in bound]
        if not written:
            return {}
        subjects = [one.subject for one in written]
        known = last_look(conn, subjects, WAYS)
        sent = last_look(conn, subjects, MESSAGES, since=now - LOOKS_BACK)
        contacts = {
            s: contact_of([*known.get(s, ()), *sent.get(s, ())], now) for s in dict.fromkeys(subjects)
        }
        found = ((one.id, _why(one, contacts[one.subject], rules, now)) for one in written)
        return {id_: why for id_, why in found if why}


def _why(leaving: Leaving, contact: Contact, rules: Rules, now: datetime) -> str:
    channel = rules.sending.channel(str(leaving.body["channel"]))
    if channel is None:
        return ""
    if channel.quiet and not inside(contact, rules=rules, now=now):
        return QUIET_HOURS
    gone = _gone(str(leaving.body.get("address") or ""), contact)
    if gone:
        return gone
    mine = _mine(leaving, contact)
    if not channel.capped or (mine is not None and mine.prompted):
        return ""
    before = [one for one in contact.sent if mine is None or _order(one) < _order(mine)]
    zones = zones_of(contact, rules.zones)
    return "" if below_caps(before, at=now, zones=zones, sending=rules.sending) else CAPS


def _gone(address: str, contact: Contact) -> str:
    """Say whether the number or address it was meant for is still the patient's."""
    known = [one for one in (*contact.numbers, *contact.emails) if one.digest == address]
    if not known:
        return ADDRESS_GONE
    return WRONG_NUMBER if any(one.wrong for one in known) else ""


def _mine(leaving: Leaving, contact: Contact) -> Sent | None:
    name = str(leaving.body.get("about"))
    return next((one for one in contact.sent if one.ref.partition("@")[0] == name), None)


def _order(sent: Sent) -> tuple[datetime, str]:
    return sent.at, sent.ref.partition("@")[0]
