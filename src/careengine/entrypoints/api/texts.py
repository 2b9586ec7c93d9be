"""Texts over HTTP: what patients write and what became of ours, signed by the service that carries them."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl
from uuid import UUID
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.hearing import READER, Text, Texting, lost, take
from careengine.kernel.errors import CareError
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger
from careengine.wire.twilio import is_signed

Form = list[tuple[str, str]]
Answering = Callable[[Desk, Texting, bytes, Form], Awaitable[Response]]
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
    text = Text(
        sid=said["MessageSid"], sender=said["From"], body=said.get("Body", ""), form=raw,
        at=desk.served.clock.now(), media=int(media) if media.isdecimal() else 0,
    )  # fmt: skip

    def work(conn: Connection) -> str:
        charts = desk.charts(conn, READER)
        answer = take(conn, charts, texting.engine, text)
        desk.seal(conn, charts)
        return answer

    return _twiml(await desk.work(work))


async def status(desk: Desk, texting: Texting, _: bytes, form: Form) -> Response:
    """``POST /sms/status``: what became of a text; one that is lost is told to its case, once."""
    said = dict(form)
    if said.get("MessageStatus") in _FAILED:
        effect, at = _key(said.get("effect", "")), desk.served.clock.now()
        await desk.work(lambda conn: lost(conn, texting.engine, said, effect, at=at))
    return Response(status_code=204)


def _key(text: str) -> UUID:
    try:
        return UUID(hex=text)
    except ValueError:
        raise FormRefused("The address names no effect of ours.") from None


def _twiml(answer: str) -> Response:
    inner = f"<Message>{escape(answer)}</Message>" if answer else ""
    said = f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>'
    return Response(said, media_type="text/xml")
