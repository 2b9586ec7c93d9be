"""Texts over HTTP: what patients write and what became of ours, signed by the service that carries them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl
from uuid import UUID
from xml.sax.saxutils import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

from careengine.capabilities.messaging import wiring as messaging
from careengine.engine.composition import Engine
from careengine.engine.intake import NewEvent, post
from careengine.engine.keys import key_of
from careengine.engine.referring import effect_called, open_cases
from careengine.entrypoints.api.desk import Desk
from careengine.kernel.errors import CareError
from careengine.record.query import query_of
from careengine.record.subjects import roots
from careengine.record.write import NewVersion, write_versions
from careengine.runtime.clock import real_now
from careengine.runtime.codec import pack
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger
from careengine.wire.twilio import is_signed

Form = list[tuple[str, str]]
Answering = Callable[[Desk, "Texting", bytes, Form], Awaitable[Response]]
MOST_BYTES = 256 * 1024
"""A text of the longest kind, every letter escaped, with room to spare."""
_MOST_FIELDS = 200
_FAILED = frozenset({"undelivered", "failed"})


class NotSigned(CareError):
    """A request that the text message service did not sign, or that was changed on its way."""

    status = 403


class FormRefused(CareError):
    """A form that is too large, or lacks what every text has."""

    status = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Texting:
    """What it takes to be written to: the engine, the token that signs, and the address that is signed."""

    engine: Engine
    token: str
    public_url: str


def answering(desk: Desk, texting: Texting, answer: Answering) -> Callable[[Request], Awaitable[Response]]:
    """Read and check a form before anything is done with it; every failure is told in a word."""

    async def answered(request: Request) -> Response:
        try:
            raw = await _body(request)
            form = _form(texting, request, raw)
            return await answer(desk, texting, raw, [*form, *request.query_params.multi_items()])
        except CareError as error:
            return Response(type(error).__name__, error.status, media_type="text/plain")
        except Exception as error:  # noqa: BLE001  the service is told to try again; the log says where
            get_logger().error("text not taken", path=request.url.path, exc_info=error)
            return Response("Failed", 500, media_type="text/plain")

    return answered


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise FormRefused("The form is larger than any text is.")
        parts.append(part)
    return b"".join(parts)


def _form(texting: Texting, request: Request, raw: bytes) -> Form:
    """Return the form of a request that is signed for this very address."""
    query = f"?{request.url.query}" if request.url.query else ""
    try:
        form = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="surrogateescape"
        )
    except ValueError:
        raise FormRefused("The form cannot be read.") from None
    url = f"{texting.public_url}{request.url.path}{query}"
    try:
        signed = is_signed(texting.token, url, form, request.headers.get("x-twilio-signature", ""))
    except UnicodeEncodeError:
        signed = False  # bytes that are no text cannot have been signed as text
    if not signed:
        get_logger().warning("request not signed", path=request.url.path)
        raise NotSigned("The request is not signed with the account's token for this address.")
    return form


async def inbound(desk: Desk, texting: Texting, raw: bytes, form: Form) -> Response:
    """``POST /sms/inbound``: keep the text, obey stop and help at once, tell the case; then answer."""
    said = dict(form)
    if not said.get("MessageSid") or not said.get("From"):
        raise FormRefused("A text has a MessageSid and a From.")
    media = said.get("NumMedia", "0")
    text = messaging.Text(
        sid=said["MessageSid"], sender=said["From"], body=said.get("Body", ""), form=raw,
        at=desk.served.clock.now(), media=int(media) if media.isdecimal() else 0,
    )  # fmt: skip
    answer = await desk.work(lambda conn: _take(conn, desk, texting, text))
    return _twiml(answer)


def _take(conn: Connection, desk: Desk, texting: Texting, text: messaging.Text) -> str:
    """Do all that a text leads to in one transaction; a repetition finds it done and changes nothing."""
    charts = desk.charts(conn, messaging.READER)
    before = charts.resources([text.ref], kinds=("Communication",))
    if before:
        text = replace(text, at=messaging.received_at(before[text.ref]))
    known = messaging.around(charts, text, query=query_of)
    people = [one.subject for one in known.people if one.subject is not None]
    taken = messaging.take(
        text,
        known,
        open_cases=open_cases(conn, known.cases()),
        roots=roots(conn, people),
        book=texting.engine.book,
    )
    if not before:
        _keep(conn, texting.engine, text, taken)
    desk.seal(conn, charts)
    return taken.answer


def _keep(conn: Connection, engine: Engine, text: messaging.Text, taken: messaging.Taken) -> None:
    versions = [
        NewVersion(
            type=str(one.resource["resourceType"]), id=str(one.resource["id"]),
            raw=orjson.dumps(one.resource), subject=one.subject, resource=dict(one.resource),
        )
        for one in taken.writes
    ]  # fmt: skip
    real = real_now()
    refs = write_versions(conn, versions, recorded_at=real)
    if taken.goes_on:
        event = NewEvent(
            kind=messaging.RECEIVED, at=text.at, key=key_of("sms", text.sid), actor="patient:sms",
            ref=str(refs[0]), subject=taken.subject, cases=taken.cases, body=pack(orjson.dumps(taken.told)),
        )  # fmt: skip
        post(conn, engine, [event], recorded_at=real)


async def status(desk: Desk, texting: Texting, _: bytes, form: Form) -> Response:
    """``POST /sms/status``: what became of a text; one that is lost is told to its case, once."""
    said = dict(form)
    if said.get("MessageStatus") in _FAILED:
        await desk.work(lambda conn: _lost(conn, desk, texting, said))
    return Response(status_code=204)


def _lost(conn: Connection, desk: Desk, texting: Texting, said: dict[str, str]) -> None:
    called = effect_called(conn, _key(said.get("effect", "")))
    if called is None or not called.is_open:
        return
    code = said.get("ErrorCode", "")
    why = f"{said['MessageStatus']}:{code if code.isdecimal() else 'none'}"
    event = NewEvent(
        kind=messaging.STATUS, at=desk.served.clock.now(), actor="partner:sms", ref=called.about,
        key=key_of("sms.status", said.get("MessageSid"), said.get("effect")), subject=called.subject,
        cases=(called.case,), body=pack(orjson.dumps({"channel": "sms", "why": why})),
    )  # fmt: skip
    post(conn, texting.engine, [event], recorded_at=real_now())


def _key(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise FormRefused("The address names no effect of ours.") from None


def _twiml(answer: str) -> Response:
    inner = f"<Message>{escape(answer)}</Message>" if answer else ""
    said = f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'
    return Response(said, media_type="text/xml")
