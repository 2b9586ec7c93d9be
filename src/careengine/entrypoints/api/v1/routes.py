"""``/api/v1``: what a page can do, a program with rights can do; each call is one transaction."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, FastAPI, Header, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from careengine.engine.composition import Engine
from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.api.v1.shapes import Answer, HandOver, Id, Problem, Snooze
from careengine.entrypoints.machine import MOST, Machine
from careengine.entrypoints.plain import plain, safe
from careengine.entrypoints.staff import person_called
from careengine.entrypoints.tokens import TokenRefused, whose
from careengine.kernel.errors import CareError
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger

Result = TypeVar("Result")
Work = Callable[[Machine], Result]
Ask = Callable[[Work[Any]], Awaitable[Response]]
Asking = Callable[..., Awaitable[Ask]]
Session = Callable[[str, str, str], str]
"""From a cookie, a method and what the browser says of the asking page to a login."""
COOKIE = "__Host-session"
_PROBLEM = "application/problem+json"
_FAULTS: dict[int | str, dict[str, Any]] = {
    code: {
        "description": HTTPStatus(code).phrase,
        "content": {_PROBLEM: {"schema": Problem.model_json_schema()}},
    }
    for code in (400, 401, 403, 404, 409, 422, 429)
}
BatchPath = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Word = Annotated[str, Query(max_length=100, pattern=r"^[a-z0-9_.]*$")]


def machine_api(desk: Desk, engine: Engine, session: Session) -> FastAPI:
    """Return the API as an application of its own, to be mounted; its description is at ``/openapi.json``.

    Who asks shows a token, or the session of the pages: ``session`` says whose it is.
    """
    app = FastAPI(
        title="CareEngine", version="1", openapi_url="/openapi.json", docs_url=None, redoc_url=None,
        description="Cards, cases, decisions, events. Show a token, Authorization: Bearer …, or a session.",
    )  # fmt: skip
    asking = _asking(desk, engine, session)
    _reading(app, asking)
    _acting(app, asking)
    app.add_exception_handler(CareError, _told)
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(HTTPException, _nowhere)
    return app


def _asking(desk: Desk, engine: Engine, session: Session) -> Asking:
    async def ask(request: Request, authorization: Annotated[str, Header(max_length=300)] = "") -> Ask:
        cookie, site = request.cookies.get(COOKIE, ""), request.headers.get("sec-fetch-site", "")

        def shown(conn: Connection) -> str:
            if cookie and not authorization:
                return session(cookie, request.method, site)
            return whose(conn, authorization, now=real_now())

        async def do(work: Work[Any]) -> Response:
            def done(conn: Connection) -> Any:
                person = person_called(engine.organisation, shown(conn))
                return work(Machine(conn=conn, engine=engine, access=desk.served.access, person=person))

            return Response(orjson.dumps(safe(plain(await desk.work(done)))), media_type="application/json")

        return do

    return ask


def _reading(app: FastAPI, asking: Asking) -> None:
    Asked = Annotated[Ask, Depends(asking)]  # noqa: N806  a type

    @app.get("/cards", responses=_FAULTS)
    async def list_cards(
        ask: Asked, team: Word = "", kind: Word = "", limit: Annotated[int, Query(ge=1, le=MOST)] = 50
    ) -> Response:
        """List open cards, the one to take first on top."""
        return await ask(lambda here: {"cards": here.cards(team=team, kind=kind, limit=limit)})

    @app.get("/cards/{card}", responses=_FAULTS)
    async def read_card(ask: Asked, card: Id) -> Response:
        """Read one card whole."""
        return await ask(lambda here: here.card(card))

    @app.get("/cases/{case}", responses=_FAULTS)
    async def read_case(ask: Asked, case: Id) -> Response:
        """Read a case and what happened in it."""
        return await ask(lambda here: here.case(case))

    @app.get("/decisions/{decision}", responses=_FAULTS)
    async def read_decision(ask: Asked, decision: Id) -> Response:
        """Read a decision whole."""
        return await ask(lambda here: here.decision(decision))

    @app.post("/decisions/{decision}/recompute", responses=_FAULTS)
    async def recompute(ask: Asked, decision: Id) -> Response:
        """Decide it again and check the chain; nothing is changed."""
        return await ask(lambda here: here.recompute(decision))

    @app.get("/events", responses=_FAULTS)
    async def list_events(ask: Asked, after: Annotated[int, Query(ge=0, le=(1 << 63) - 1)] = 0) -> Response:
        """List what happened after an event, oldest first."""
        return await ask(lambda here: {"events": here.events(after)})


def _acting(app: FastAPI, asking: Asking) -> None:
    Asked = Annotated[Ask, Depends(asking)]  # noqa: N806  a type

    @app.post("/cards/{card}/answer", responses=_FAULTS)
    async def answer(ask: Asked, card: Id, said: Answer) -> Response:
        """Answer a card; it can be taken back for some seconds."""
        return await ask(
            lambda here: here.answer(
                card, said.answer, reason=said.reason, version=said.version, batch=said.batch
            )
        )

    @app.post("/cards/{card}/undo", responses=_FAULTS)
    async def undo(ask: Asked, card: Id) -> Response:
        """Take one's own answer back."""
        return await ask(lambda here: here.undo(card))

    @app.post("/cards/{card}/hand-over", responses=_FAULTS)
    async def hand_over(ask: Asked, card: Id, said: HandOver) -> Response:
        """Pass a card to another team."""
        return await ask(lambda here: here.hand_over(card, **said.model_dump()))

    @app.post("/cards/{card}/snooze", responses=_FAULTS)
    async def snooze(ask: Asked, card: Id, said: Snooze) -> Response:
        """Put a card aside."""
        return await ask(lambda here: here.snooze(card, **said.model_dump()))

    @app.post("/batches/{batch}/undo", responses=_FAULTS)
    async def undo_batch(ask: Asked, batch: BatchPath) -> Response:
        """Take back everything of a batch, as far as it is not too late."""
        return await ask(lambda here: here.undo_batch(batch))


def _problem(status: int, title: str, detail: str) -> Response:
    body = Problem(title=title, status=status, detail=detail).model_dump_json()
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return Response(body, status, media_type=_PROBLEM, headers=headers)


async def _told(_: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, CareError) else 500
    return _problem(status, HTTPStatus(status).phrase, str(error))


async def _unfit(request: Request, error: Exception) -> Response:
    """Say where a request does not fit its description; what was sent is not repeated."""
    if not request.headers.get("authorization") and COOKIE not in request.cookies:
        return await _told(request, TokenRefused("Show a token that is in force: Authorization: Bearer …"))
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    where = "; ".join(".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in faults[:5])
    return _problem(422, "It does not fit", where)


async def _nowhere(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status >= 500:
        get_logger().error("request failed", exc_info=error)
    headers = getattr(error, "headers", None) or {}
    answer = _problem(status, HTTPStatus(status).phrase, "No such address or method here.")
    answer.headers.update(headers)
    return answer
