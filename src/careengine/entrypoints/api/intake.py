"""The questionnaire over HTTP: who holds its link reads it, goes on with it, and saves as they go."""

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from careengine.entrypoints import intake
from careengine.entrypoints.api.bodies import body_of
from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.api.outcomes import FHIR_JSON, etag, instant
from careengine.entrypoints.api.rates import Rates
from careengine.kernel.errors import Refused
from careengine.record.limits import Limits
from careengine.runtime.database import Connection
from careengine.wire.links import LinkRefused, verify

_MOST_BYTES = 64 * 1024
_READS, _SAVES, _MISSES = (60, 1.0), (30, 2.0), (20, 3.0)
"""Tries at once, and seconds until one more: a person's pace, and a guesser's."""


class Door:
    """``GET`` and ``PUT /intake/{token}``; one for a process, since it remembers who knocks too often."""

    def __init__(self) -> None:
        self._reads, self._saves, self._misses = Rates(*_READS), Rates(*_SAVES), Rates(*_MISSES)

    async def read(self, desk: Desk, request: Request) -> Response:
        """Return the questionnaire and what was answered so far; a browser is shown its page."""
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(f"/p/{intake.PURPOSE}/{request.path_params['token']}", 303)
        case = self._case(desk, request, self._reads)

        def work(conn: Connection) -> intake.Sheet:
            with desk.reading_as(conn, intake.READER) as charts:
                return intake.sheet_of(conn, charts, case)

        sheet = await desk.work(work)
        version = sheet.saved.ref.version if sheet.saved else 0
        return _private(intake.shown(sheet.saved.raw if sheet.saved else None), version)

    async def save(self, desk: Desk, request: Request) -> Response:
        """Save the answers: ``in-progress`` as they come, ``completed`` when all are there."""
        case = self._case(desk, request, self._saves)
        said = _json(await body_of(request, Limits(body=_MOST_BYTES)))
        at = instant(desk.served.clock.now())

        def work(conn: Connection) -> int:
            with desk.reading_as(conn, intake.READER) as charts:
                sheet = intake.sheet_of(conn, charts, case)
                if_match = request.headers.get("if-match", "")
                return intake.save(conn, charts, sheet, said, at=at, if_match=if_match).version

        return _private(b"", await desk.work(work))

    def _case(self, desk: Desk, request: Request, rates: Rates) -> int:
        """Return the case a link opens; who tries links that open nothing is soon slowed down."""
        token = str(request.path_params["token"])
        try:
            case = verify(
                desk.served.links, token, purpose=intake.PURPOSE, now=desk.served.clock.now()
            )  # fmt: skip
        except LinkRefused:
            self._misses.take(request.client.host if request.client else "")
            raise
        rates.take(str(case))
        return case


def _json(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused("The body is no JSON.") from None


def _private(body: bytes, version: int) -> Response:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    if version:
        headers["ETag"] = etag(version)
    return Response(body, 200 if body else 204, headers, media_type=FHIR_JSON if body else None)
