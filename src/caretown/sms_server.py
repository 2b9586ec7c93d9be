"""The texting vendor: its REST API, its webhooks and the phones of the town, as the real one documents them.

``POST /2010-04-01/Accounts/{sid}/Messages.json`` takes a text, ``GET`` of the same lists them. Callbacks and
what people write go to the engine as signed forms.
"""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit
from uuid import NAMESPACE_URL, uuid5

from caretown.agenda import Agenda
from caretown.caller import Said
from caretown.listener import JSON, Reply, Request, http_bytes, says
from caretown.mailbox import Arrived, Kind, Mailbox
from caretown.oddities import Odd, Oddity, Plan
from caretown.text_measures import TextMeasures, private_words
from caretown.town_plan import Line, SmsPlan
from caretown.twilio_words import (
    STARTS,
    STOPS,
    VERSION,
    refused,
    replies_in,
    resource,
    signature,
)

NAME = "sms"
"""The partner's name in ``organisation.yaml``."""
_E164 = re.compile(r"\+[1-9]\d{7,14}")
_LONGEST = 1600
_UNDELIVERED = {Line.LANDLINE: 30006, Line.UNREACHABLE: 30003, Line.DEAD: 30005}


class Webhook(Protocol):
    """How a form reaches the engine: ``await post(url, body, headers)``."""

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Coroutine[Any, Any, Said]:
        """Post one form."""
        ...


@dataclass(slots=True)
class Text:
    """One text from the engine."""

    sid: str
    asked: dict[str, str]
    at: datetime
    stopped: bool = False
    """Its reader had said STOP before it was handed over."""
    status: str = "queued"
    error: int | None = None


@dataclass(slots=True)
class SmsServer:
    """The vendor; ``answer`` is its HTTP application."""

    plan: SmsPlan
    mailbox: Mailbox
    agenda: Agenda
    now: Callable[[], datetime]
    webhook: Webhook
    inbound_url: str
    oddities: Plan = field(default_factory=Plan)
    texts: list[Text] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    """Numbers whose owner said STOP in any words: the town's truth."""
    blocked: set[str] = field(default_factory=set)
    """Numbers that the vendor itself blocks, after a keyword."""
    webhook_refusals: dict[int, int] = field(default_factory=dict)
    received: int = 0
    _by_number: dict[str, list[Text]] = field(default_factory=dict)
    measures: TextMeasures = field(init=False)

    def __post_init__(self) -> None:
        self.measures = TextMeasures(private_words(self.plan.private_words))

    def answer(self, request: Request) -> Reply:
        """Answer one request to the REST API."""
        if request.credentials() != (self.plan.account, self.plan.token):
            return refused(20003, b'www-authenticate: Basic realm="Twilio API"\r\n')
        path = f"/{VERSION}/Accounts/{self.plan.account}/Messages"
        if request.path == f"{path}.json":
            return self._take(request) if request.method == "POST" else self._list(request)
        if request.method == "GET" and request.path.startswith(f"{path}/"):
            return self._one(request.path.rpartition("/")[2].removesuffix(".json"))
        return refused(20404)

    def _take(self, request: Request) -> Reply:
        oddity = self.oddities.next(NAME)
        if oddity and oddity.kind in _BEFORE:
            return _BEFORE[oddity.kind](oddity)
        asked = request.form()
        if (code := self._fault(asked)) is not None:
            return refused(code)
        text = Text(self._sid(len(self.texts)), asked, self.now(), asked["To"] in self.stopped)
        self.texts.append(text)
        self._by_number.setdefault(asked["To"], []).append(text)
        arrives = text.at + timedelta(seconds=self.plan.delivered_after_s)
        self.agenda.at(arrives, lambda: self._deliver(text, arrives))
        if oddity and oddity.kind is Odd.CUT:
            return Reply(None)
        if oddity and oddity.kind is Odd.GIBBERISH:
            return Reply(http_bytes(200, b"<html><body>It works!</body></html>", b"text/html"))
        reply = says(201, self._resource(text), JSON)
        return Reply(reply.raw, after_s=oddity.seconds) if oddity else reply

    def _fault(self, asked: dict[str, str]) -> int | None:
        to, sender = asked.get("To", ""), asked.get("From", "")
        faults: tuple[tuple[int, bool], ...] = (
            (21604, not to),
            (21211, not _E164.fullmatch(to) or self.plan.lines.get(to) is Line.INVALID),
            (21603, not sender and not asked.get("MessagingServiceSid")),
            (20404, asked.get("MessagingServiceSid", self.plan.service) != self.plan.service),
            (21606, bool(sender) and sender != self.plan.number),
            (21602, not asked.get("Body")),
            (21617, len(asked.get("Body", "")) > _LONGEST),
            (21610, to in self.blocked),
        )
        code = next((code for code, wrong in faults if wrong), None)
        self.measures.refused_after_stop += code == 21610
        return code

    async def _deliver(self, text: Text, at: datetime) -> None:
        text.status = "sent"
        await self._call_back(text)
        text.error = _UNDELIVERED.get(self.plan.lines.get(text.asked["To"], Line.OK))
        text.status = "undelivered" if text.error else "delivered"
        if not text.error:
            to, body = text.asked["To"], text.asked["Body"]
            self._count(to, body, text.at, stopped=text.stopped)
            self.mailbox.put(Arrived(Kind.TEXT, at, to, body, {"sid": text.sid, "from": self.plan.number}))
        await self._call_back(text)

    def _count(self, to: str, body: str, at: datetime, *, stopped: bool, answers: bool = False) -> None:
        """Count a text by the instant at which it was handed over: what the line adds is not the sender's."""
        zone = self.plan.zones.get(to, "America/New_York")
        self.measures.delivered(to, body, at, zone, stopped=stopped, answers=answers)

    async def _call_back(self, text: Text) -> None:
        url = text.asked.get("StatusCallback")
        if not url:
            return
        fields = {
            "AccountSid": self.plan.account, "ApiVersion": VERSION, "From": self.plan.number,
            "MessageSid": text.sid, "MessageStatus": text.status, "SmsSid": text.sid,
            "SmsStatus": text.status, "To": text.asked["To"],
        }  # fmt: skip
        if "MessagingServiceSid" in text.asked:
            fields["MessagingServiceSid"] = text.asked["MessagingServiceSid"]
        if text.error:
            fields["ErrorCode"] = str(text.error)
        await self.post(url, fields)

    async def post(self, url: str, fields: dict[str, str], *, forged: bool = False) -> Said:
        """Post one form to the engine, signed with the account's token, or with another one."""
        token = "not-the-token" if forged else self.plan.token
        headers = {
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            "x-twilio-signature": signature(token, url, fields),
            "i-twilio-idempotency-token": str(uuid5(NAMESPACE_URL, repr(sorted(fields.items())))),
        }
        said = await self.webhook(url, urlencode(fields).encode("ascii"), headers)
        if not said.taken:
            self.webhook_refusals[said.status] = self.webhook_refusals.get(said.status, 0) + 1
        return said

    async def receive(self, sender: str, body: str, *, sid: str, stops: bool, times: int = 1) -> Said:
        """Bring what somebody wrote to the engine, ``times`` times, and deliver what it answers.

        ``stops`` says that they want no more texts, in whatever words.
        """
        word = re.sub(r"\W", "", body).lower()
        if word in STARTS:
            self.blocked.discard(sender)
            self.stopped.discard(sender)
        if stops or word in STOPS:
            self.stopped.add(sender)
        self.received += 1
        said = await self.post(self.inbound_url, self._inbound(sender, body, sid))
        for _ in range(times - 1):
            await self.post(self.inbound_url, self._inbound(sender, body, sid))
        if said.taken:
            for number, reply in enumerate(replies_in(said.body)):
                self._answered(sender, reply, f"{sid}-{number}", confirms=number == 0)
        if word in STOPS:
            self.blocked.add(sender)
        return said

    def _answered(self, to: str, body: str, sid: str, *, confirms: bool) -> None:
        """Deliver what a webhook's answer says; one such text may confirm a STOP."""
        at = self.now()
        self._count(to, body, at, stopped=to in self.stopped and not confirms, answers=True)
        self.mailbox.put(Arrived(Kind.TEXT, at, to, body, {"sid": sid, "from": self.plan.number}))

    async def forge(self, sender: str, body: str, *, sid: str) -> Said:
        """Post as somebody would who has not the token."""
        return await self.post(self.inbound_url, self._inbound(sender, body, sid), forged=True)

    def _inbound(self, sender: str, body: str, sid: str) -> dict[str, str]:
        return {
            "AccountSid": self.plan.account, "ApiVersion": VERSION, "Body": body, "From": sender,
            "MessageSid": sid, "NumMedia": "0", "NumSegments": str(1 + len(body) // 153),
            "SmsMessageSid": sid, "SmsSid": sid, "SmsStatus": "received", "To": self.plan.number,
            "MessagingServiceSid": self.plan.service,
        }  # fmt: skip

    def _list(self, request: Request) -> Reply:
        asked = request.asked()
        found = self._by_number.get(asked["To"], []) if "To" in asked else self.texts
        found = [
            one for one in found if asked.get("From", "") in {"", one.asked.get("From", self.plan.number)}
        ]
        size = max(1, min(int(asked.get("PageSize", "50") or "50"), 1000))
        page = max(0, int(asked.get("Page", "0") or "0"))
        newest = found[::-1][page * size : (page + 1) * size]
        uri = f"{urlsplit(request.path).path}?{request.query}"
        told = {
            "messages": [self._resource(text) for text in newest],
            "page": page,
            "page_size": size,
            "uri": uri,
            "first_page_uri": uri,
            "next_page_uri": f"{uri}&Page={page + 1}" if len(found) > (page + 1) * size else None,
        }
        return says(200, told, JSON)

    def _one(self, sid: str) -> Reply:
        text = next((one for one in reversed(self.texts) if one.sid == sid), None)
        return says(200, self._resource(text), JSON) if text else refused(20404)

    def _resource(self, text: Text) -> dict[str, Any]:
        told = resource(text.sid, self.plan.account, text.asked, text.at, text.status, text.error)
        if text.status != "queued":
            told["date_sent"] = format_datetime(text.at.astimezone(UTC))
        return told

    def _sid(self, number: int) -> str:
        return "SM" + uuid5(NAMESPACE_URL, f"caretown/text/{number}").hex

    def told(self) -> dict[str, Any]:
        """Return what the vendor and the town counted."""
        failed = sum(text.error is not None for text in self.texts)
        return {
            "accepted": len(self.texts), "undelivered": failed, "received": self.received,
            "webhooks_refused": dict(self.webhook_refusals), **self.measures.told(),
        }  # fmt: skip


def _busy(oddity: Oddity) -> Reply:
    return refused(20429, b"retry-after: %d\r\n" % max(1, round(oddity.seconds)))


_BEFORE: dict[Odd, Callable[[Oddity], Reply]] = {
    Odd.DOWN: lambda _: Reply(None),
    Odd.ERROR: lambda _: says(500, {"code": 20500, "message": "Internal Server Error", "status": 500}, JSON),
    Odd.NONSENSE: lambda _: Reply(b"\x15\x03\x01\x00\x02\x02\x16 no such thing\r\n\r\n", then_close=True),
    Odd.BUSY: _busy,
}
