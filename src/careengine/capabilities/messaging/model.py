"""How a person is reached, what is to be said, and what policy says about saying it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Protocol, TypeVar

from careengine.kernel.need import Need
from careengine.kernel.policy import PolicyName, PolicyRef, Scalar
from careengine.language.lexicon import Lexicon
from careengine.language.pieces import PhraseBook
from careengine.language.times import Hours as DayHours

Value = TypeVar("Value")

SMS, EMAIL, LETTER = "sms", "email", "letter"
PAGE = "page"
"""The patient's own page, behind a link: only they write there."""
CHANNELS = (SMS, EMAIL, LETTER)
SEND_TEXT, SEND_MAIL, SEND_LETTER = "messaging.send_text", "messaging.send_mail", "messaging.send_letter"
KIND_OF: Mapping[str, str] = {SMS: SEND_TEXT, EMAIL: SEND_MAIL, LETTER: SEND_LETTER}
"""Which effect carries a message of each channel."""
KINDS = (SEND_TEXT, SEND_MAIL, SEND_LETTER)
RECEIVED, STATUS, WRITTEN = "message.received", "message.status", "message.written"
"""Events: somebody wrote to us; a carrier said what became of a text; a person here writes to the patient."""
FROM_STAFF, WORDS = "messaging.from_staff", "words"
"""The wording that carries a person's own words, and the parameter that holds them in it."""

ADDRESS = "urn:careengine:address"
"""System of the identifier that names a number or an e-mail address by its digest."""
TEMPLATE = "urn:careengine:template"
"""Code system of the category that says which wording a message was made from."""
TURN = "urn:careengine:turn"
"""Code system of the category: the message answers the patient (``prompted``), or came from them."""
PROMPTED, HEARD, DRAFTED = "prompted", "received", "drafted"
MEDIUM = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
MEDIA: Mapping[str, str] = {SMS: "SMSWRIT", EMAIL: "EMAILWRIT", LETTER: "MAILWRIT", PAGE: "ONLINEWRIT"}
WRONG_NUMBER = "wrong-number"
FLAGS = "urn:careengine:flag"
"""Code system of flags about reaching a person."""
NOT_DONE = "not-done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A telephone number or an e-mail address, named only by its digest, with what was agreed about it."""

    digest: str
    agreed: tuple[str, ...] = ()
    """Purposes for which the patient said yes to this way of writing."""
    refused: tuple[str, ...] = ()
    """Purposes for which the patient said no."""
    wrong: bool = False
    """Somebody there said that it is not the patient's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message of ours that is planned or has left."""

    ref: str
    at: datetime
    """The moment it was planned for; it leaves on that day or not at all."""
    channel: str
    template: str
    status: str = "in-progress"
    address: str = ""
    prompted: bool = False
    case: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message from the patient's side."""

    at: datetime
    channel: str = SMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How a person can be reached, and what was written so far; no number, address or text stands in it."""

    ref: str
    """``Patient/id@version``; empty when the chart cannot be read."""
    languages: tuple[str, ...] = ()
    """Two letters each, the preferred one first; empty when nobody asked."""
    zone: str = ""
    """The person's IANA time zone, when the chart says it."""
    states: tuple[str, ...] = ()
    """The states of their addresses, two letters each."""
    numbers: tuple[Address, ...] = ()
    """Those that can take a text, the preferred one first."""
    emails: tuple[Address, ...] = ()
    has_address: bool = False
    refused: tuple[str, ...] = ()
    """Purposes for which no letter may be written either."""
    born: date | None = None
    dead: bool = False
    sent: tuple[Sent, ...] = ()
    heard: tuple[Heard, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What somebody wrote to us."""

    ref: str
    at: datetime
    channel: str = SMS
    text: str = ""
    status: str = "completed"


@dataclass(frozen=True, slots=True)
class Inbox:
    """What the event at hand names, then what else the person wrote, newest first."""

    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What is to be said to a patient: which wording, with what in it, and why."""

    template: str
    """``scheduling.offer``; the words themselves are policy."""
    params: Mapping[str, Scalar] = field(default_factory=dict)
    """An instant (ISO, with offset) is written as a day and a time of the case's site; several, separated by
    blanks, as a numbered list."""
    purpose: str = "treatment"
    prompted: bool = False
    """It answers what the patient just wrote."""
    urgent: bool = False
    link: str = ""
    """What a ``{link}`` in the wording is for; the runner signs it just before sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When texts may arrive, in the recipient's time: the last moment is not included."""

    start: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPolicy:
    """One way of writing."""

    name: str
    partner: str
    tries: int
    """How often the same thing is said this way before another way is tried."""
    quiet: bool
    """It wakes people up: only within the hours."""
    capped: bool
    """It counts against the caps."""
    valid_hours: int
    """How long it may wait to leave; one with hours never leaves on a later day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingPolicy:
    """When, how often and by which ways a patient is written to."""

    ref: PolicyRef
    name: str
    """The organisation's short public name, which stands in every message."""
    phone: str
    """The number a patient can call."""
    text_from: str
    mail_from: str
    channels: tuple[ChannelPolicy, ...]
    """In the order in which they are tried."""
    hours: Hours
    hours_of: Mapping[str, Hours]
    """Narrower hours, by state."""
    per_day: int
    per_week: int
    answers_free_hours: int
    """For so long after the patient wrote, an answer does not count against the caps."""
    urgent_within_hours: int
    """What is urgent is told by a person when it cannot be told by then."""
    when_unstated: str
    """The language of a patient whom nobody asked."""
    link_days: int
    asks: frozenset[str]
    """Wordings that ask something; the answer belongs to the case that asked."""
    open_days: int
    """For so long a question of ours stays open."""
    failures: Mapping[str, str]
    """What a carrier's code means for us: ``unreachable``, ``refused``, ``ours``, ``again``."""

    def channel(self, name: str) -> ChannelPolicy | None:
        """Return the channel of that name, or nothing."""
        return next((one for one in self.channels if one.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesPolicy:
    """Which time zones a state has."""

    ref: PolicyRef
    of_state: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]
    """The zones in all of which it must be day when nobody knows where the person is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """How days and months are written in one language."""

    days: tuple[str, ...]
    months: tuple[str, ...]
    short: str
    """How a moment is written in a text: ``{day} {month} {number} {clock}``."""
    long_days: tuple[str, ...]
    long_months: tuple[str, ...]
    long: str
    """How it is written in an e-mail or a letter; it also has ``{year}``."""
    date: str
    """How the day of a letter is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePolicy:
    """What patients read: by wording and language; ``CODE.long`` is for e-mails and letters."""

    ref: PolicyRef
    sentences: Mapping[str, Mapping[str, str]]
    subjects: Mapping[str, str]
    """Of every e-mail and letter, by language; it tells nothing."""
    words: Mapping[str, Mapping[str, str]]
    """What an ``item`` is called, by its code and language."""
    calendars: Mapping[str, Calendar]
    never_say: tuple[str, ...] = ()
    """Beginnings of words that tell what somebody is treated for: in no message, whoever writes it."""
    longest_words: int = 0
    """Characters of a person's own words in one message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPolicy:
    """Words at the start of a text that are obeyed at once."""

    ref: PolicyRef
    stop: Mapping[str, tuple[str, ...]]
    """By language."""
    stop_not_before: frozenset[str]
    """After a single stop word, these make it something else: "stop by"."""
    stop_alone: Mapping[str, tuple[str, ...]]
    """Only when it is the whole text: the law counts it, and it may also be about the visit."""
    help: Mapping[str, tuple[str, ...]]
    longest_words: int
    """A help word starts a text of at most so many words; a longer one says something else."""


@dataclass(frozen=True, slots=True)
class Option:
    """A visit that was offered, or the one that was spoken of: its slot or appointment, and when it is."""

    key: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The question that a patient's text answers."""

    kind: str
    """``offer``, ``confirm``, ``early``, ``reminder``, ``intake``, or ``none``."""
    options: tuple[Option, ...] = ()
    """In the order in which they were written."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPolicy:
    """What patients' words mean, and which answers software may act on."""

    ref: PolicyRef
    longest: int
    """A text with more characters is read by a person."""
    scanned: int
    """How many characters are looked at for concerns and commands."""
    concerns: Lexicon
    """Words that go to a nurse or a person whatever else is said; a sign's level is the team."""
    stopping: Lexicon
    """Wishes for no more texts, wherever they stand."""
    book: PhraseBook
    """Every phrase that is understood, with its meaning."""
    answers: Mapping[str, frozenset[str]]
    """By kind of question: the answers that software may act on."""
    hours: DayHours
    """When visits are: by it "at 3" is in the afternoon."""
    parts: Mapping[str, DayHours]
    """From when until when a morning is."""
    languages: frozenset[str]
    elsewhere: Mapping[str, str]
    """Common words of languages we lack, and whose they are."""
    stop_unread: int
    """A wish for no more texts with more unknown words than this is obeyed, and also read by a person."""
    cancel_alone_stops: bool
    """The one word "cancel" stops the texts, as the law says; a person asks about the visit."""


CONTACT = Need("contact", Contact, steady=True)
INBOX = Need("inbox", Inbox)
MESSAGE = PolicyName("messaging.sending", SendingPolicy)
ZONES = PolicyName("messaging.zones", ZonesPolicy)
TEMPLATES = PolicyName("messaging.templates", TemplatePolicy)
COMMANDS = PolicyName("messaging.commands", CommandPolicy)
REPLIES = PolicyName("messaging.replies", ReplyPolicy)


class InForce(Protocol):
    """The policies in force, looked up by name."""

    def __getitem__(self, name: PolicyName[Value]) -> Value:
        """Return the value of the policy."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Every policy a message follows."""

    sending: SendingPolicy
    zones: ZonesPolicy
    templates: TemplatePolicy

    @classmethod
    def of(cls, policy: InForce) -> "Rules":
        """Return the policies in force for a case."""
        return cls(sending=policy[MESSAGE], zones=policy[ZONES], templates=policy[TEMPLATES])
