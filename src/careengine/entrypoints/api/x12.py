"""Eligibility over HTTP, as a payer: a 270 is kept, a journey answers it, and its 271 goes back."""

import asyncio
from time import monotonic

from starlette.requests import Request
from starlette.responses import Response

from careengine.engine.composition import Engine
from careengine.entrypoints import eligibility
from careengine.entrypoints.api.desk import Desk
from careengine.kernel.errors import NotFound, Refused
from careengine.runtime.database import Connection
from careengine.wire.x12 import MOST_BYTES, read_270

LONGEST_WAIT_S = 10.0
"""A provider's system waits for twenty seconds; after half of them it is told to ask again."""
_MOST_WAITING = 256
_FIRST_LOOK_S = 0.01
_RAREST_LOOK_S = 0.1


class QuestionTooLong(Refused):
    """A 270 larger than any real-time question."""

    status = 413


class Counter:
    """Answers eligibility questions, a bounded number at a time."""

    def __init__(self, engine: Engine, *, longest_wait_s: float = LONGEST_WAIT_S) -> None:
        self._engine = engine
        self._wait_s = longest_wait_s
        self._waiting = 0

    async def ask(self, desk: Desk, request: Request) -> Response:
        """``POST /x12``: a 270 for a 271. The same bytes again have the same answer again."""
        if not eligibility.answers_questions(self._engine):
            raise NotFound("No eligibility questions are answered here.")
        raw = await _body(request)
        inquiry = read_270(raw)
        reader = eligibility.reader_of(desk.partner(request.headers.get("authorization", "")))
        id_ = await desk.work(lambda conn: eligibility.keep(conn, self._engine, raw, actor=reader.actor))

        def tell(conn: Connection) -> bytes | None:
            with desk.reading_as(conn, reader) as charts:
                return eligibility.answer_to(conn, charts, inquiry, id_)

        said = await desk.work(tell) if await self._answered(desk, id_) else None
        return Response(said or eligibility.not_now(self._engine, inquiry), media_type=eligibility.MEDIA)

    async def _answered(self, desk: Desk, question: str) -> bool:
        """Wait until the journey has answered; False when it takes too long, or too many wait already."""
        if self._waiting >= _MOST_WAITING:
            return False
        self._waiting += 1
        try:
            until, pause = monotonic() + self._wait_s, _FIRST_LOOK_S
            while not await desk.work(lambda conn: eligibility.is_answered(conn, question)):
                if monotonic() + pause > until:
                    return False
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _RAREST_LOOK_S)
            return True
        finally:
            self._waiting -= 1


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise QuestionTooLong(f"A question has at most {MOST_BYTES} bytes. Ask about one person.")
        parts.append(part)
    return b"".join(parts)
