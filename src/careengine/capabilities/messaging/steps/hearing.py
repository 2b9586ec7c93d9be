"""A text that came in: the message for the chart, whose it is, and what is obeyed at once."""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from careengine.capabilities.messaging.model import (
    ADDRESS,
    COMMANDS,
    HEARD,
    MEDIA,
    MEDIUM,
    MESSAGE,
    NOT_DONE,
    REPLIES,
    SMS,
    TEMPLATES,
    TURN,
)
from careengine.capabilities.messaging.rules.commands import HELP, STOP, decide_command
from careengine.capabilities.messaging.rules.conversation import CASE, Thread, decide_conversation
from careengine.capabilities.messaging.rules.numbers import digest, e164, ways_of_writing
from careengine.capabilities.messaging.rules.rendering import render
from careengine.capabilities.messaging.rules.reply_reading import is_stop
from careengine.capabilities.messaging.steps import fhir, reaching
from careengine.capabilities.messaging.steps.checking import OnDay
from careengine.kernel.decision import Decision
from careengine.kernel.next import Write
from careengine.kernel.refs import Ref
from careengine.policy.book import PolicyBook
from careengine.trust.actor import Purpose, Reader
from careengine.trust.charts import Charts, Stored

SID = "urn:careengine:sms"
"""System of the identifier that the text message service gave a text."""
READER = Reader.for_journey("message_received", Purpose.TREATMENT)
"""As whom the webhook looks up whose number it is."""
_TEMPLATE_OF = {STOP: "messaging.stopped", HELP: "messaging.help"}
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_INSTEAD = "\ufffd"
_FORM = "application/x-www-form-urlencoded"
_NEWEST = 200
"""Messages with one number that are looked at, the newest; more than a year of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text as the service told it; ``form`` are the bytes it told it in."""

    sid: str
    sender: str
    body: str
    form: bytes
    at: datetime
    media: int = 0

    @property
    def ref(self) -> Ref:
        """The message it becomes; the same text always becomes the same one."""
        return Ref("Communication", f"in-{hashlib.sha256(self.sid.encode()).hexdigest()[:40]}")

    @property
    def address(self) -> str:
        """What stands for the number it came from."""
        return digest(e164(self.sender) or self.sender.strip())


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of the number: messages with it, and whose charts name it."""

    messages: tuple[Stored, ...]
    people: tuple[Stored, ...]

    def cases(self) -> set[int]:
        """Return the cases that the messages are about."""
        return {reaching.case_of(_read(one)) for one in self.messages} - {0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a text leads to: writes, the cases told, and the one sentence that is answered at once."""

    writes: tuple[Write, ...]
    cases: tuple[int, ...]
    subject: UUID | None
    told: Mapping[str, str]
    """Body of the event; nobody is told of what was obeyed and concerns no case."""
    goes_on: bool
    answer: str


def searches(text: Text) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return how messages with the text's number are found, and how the charts that name it are."""
    messages = [
        ("identifier", f"{ADDRESS}|{text.address}"), ("_sort", "-_lastUpdated"), ("_count", str(_NEWEST)),
    ]  # fmt: skip
    number = e164(text.sender) or text.sender.strip()
    written = ",".join(one.replace("\\", "\\\\").replace(",", "\\,") for one in ways_of_writing(number))
    return messages, [("telecom", written), ("_count", "50")]


def around(charts: Charts, text: Text, *, query: Any) -> Around:
    """Look up what is known of the number; ``query`` reads the searches."""
    of_messages, of_people = searches(text)
    _, messages = charts.search(query("Communication", of_messages))
    _, people = charts.search(query("Patient", of_people))
    return Around(tuple(messages.values()), tuple(people.values()))


def take(text: Text, known: Around, *, open_cases: Mapping[int, UUID], roots: Mapping[UUID, UUID],
         book: PolicyBook) -> Taken:  # fmt: skip
    """Say what a text leads to; nothing is written or sent here."""
    policy = OnDay(book, text.at.date())
    threads = _threads(known.messages, open_cases, text.at)
    people = {str(roots.get(one.subject, one.subject)) for one in known.people if one.subject is not None}
    said = readable(text.body)
    wished = is_stop(said, policy[REPLIES])
    command = decide_command(said, source=str(text.ref), policy=policy[COMMANDS], wished=wished)
    placed = decide_conversation(
        threads, people=frozenset(people), source=str(text.ref), policy=policy[MESSAGE], now=text.at
    )
    case = int(str(placed.because[0].params["case"])) if placed.answer == CASE else 0
    mine = (case,) if case else ()
    concerned = tuple(sorted(one.case for one in threads)) if command.answer == STOP else mine
    subject = open_cases.get(case)
    stops = _stops(text, known.people) if command.answer == STOP else ()
    return Taken(
        writes=(Write(_message(text, case), subject), *stops),
        cases=concerned,
        subject=subject,
        told={
            "channel": SMS,
            "command": command.answer,
            "why": placed.because[0].code,
            "media": str(text.media),
        },
        goes_on=command.answer != HELP and (bool(concerned) or command.answer != STOP),
        answer=_answer(command, policy),
    )


def _read(stored: Stored) -> fhir.Communication:
    return fhir.decode(stored.raw, fhir.Communication, stored.ref)


def received_at(stored: Stored) -> datetime:
    """Return when a text was first taken: its repetition is answered as it was then."""
    return fhir.instant_of(_read(stored).received) or stored.updated


def _threads(messages: Iterable[Stored], open_cases: Mapping[int, UUID], now: datetime) -> list[Thread]:
    """Return the newest message that each open case sent, and whether it was answered since."""
    newest: dict[int, Thread] = {}
    heard: dict[int, datetime] = {}
    for stored in messages:
        said = _read(stored)
        case = reaching.case_of(said)
        at = fhir.instant_of(said.received or said.sent)
        if case not in open_cases or at is None or at > now or said.status == NOT_DONE:
            continue
        if reaching.was_heard(said):
            heard[case] = max(at, heard.get(case, at))
        elif case not in newest or newest[case].at < at:
            person, template = str(open_cases[case]), reaching.template_of(said)
            newest[case] = Thread(case=case, person=person, ref=str(stored.ref), template=template, at=at)
    return [_with_answer(one, heard.get(one.case)) for one in newest.values()]


def _with_answer(thread: Thread, heard: datetime | None) -> Thread:
    return replace(thread, answered=heard is not None and heard > thread.at)


def readable(text: str) -> str:
    """Return a text without what no record may hold: control characters, halves of characters."""
    return _UNFIT.sub(_INSTEAD, text.replace("\r\n", "\n").replace("\r", "\n"))


def _message(text: Text, case: int) -> dict[str, Any]:
    """Return the message for the chart; where its words had to be changed, its bytes stand beside them."""
    plain = readable(text.body)
    payload: list[dict[str, Any]] = [{"contentString": plain}] if plain.strip() else []
    if plain != text.body or not payload:
        data = base64.b64encode(text.form).decode()
        payload.append({"contentAttachment": {"contentType": _FORM, "data": data}})
    message: dict[str, Any] = {
        "resourceType": "Communication",
        "id": text.ref.id,
        "identifier": [
            {"system": SID, "value": readable(text.sid)},
            {"system": ADDRESS, "value": text.address},
        ],
        "status": "completed",
        "category": [{"coding": [{"system": TURN, "code": HEARD}]}],
        "medium": [{"coding": [{"system": MEDIUM, "code": MEDIA[SMS]}]}],
        "received": text.at.isoformat(),
        "payload": payload,
    }
    if case:
        message["about"] = [{"reference": f"Task/case-{case}"}]
    return message


def _stops(text: Text, people: Sequence[Stored]) -> tuple[Write, ...]:
    """Return a refusal of texts to this number for every patient whose chart names it."""
    return tuple(Write(_refusal(text, one.ref), one.subject) for one in people)


def _refusal(text: Text, patient: Ref) -> dict[str, Any]:
    channels = [("http://hl7.org/fhir/contact-point-system", SMS), (ADDRESS, text.address)]
    return {
        "resourceType": "Consent",
        "id": f"stop-{hashlib.sha256(f'{patient.id} {text.address}'.encode()).hexdigest()[:40]}",
        "status": "active",
        "scope": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
            ]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient.id}"},
        "dateTime": text.at.isoformat(),
        "sourceReference": {"reference": str(text.ref)},
        "policyRule": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]
        },
        "provision": {
            "type": "deny",
            "code": [{"coding": [{"system": system, "code": code}]} for system, code in channels],
        },
    }


def _answer(command: Decision, policy: OnDay) -> str:
    """Return the one sentence that is answered at once; empty when there is none."""
    template = _TEMPLATE_OF.get(command.answer)
    if template is None:
        return ""
    sending, templates = policy[MESSAGE], policy[TEMPLATES]
    asked = str(command.because[0].params.get("language"))
    language = asked if asked in templates.sentences[template] else sending.when_unstated
    return render(
        template, {}, channel=SMS, language=language, templates=templates, sending=sending, zone="UTC"
    )
