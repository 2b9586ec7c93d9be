"""The web application: which address is answered by what, and how every failure is told."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import orjson
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from careengine.entrypoints.api import ccda, intake, reading, texts, writing
from careengine.entrypoints.api.desk import Desk, Served
from careengine.entrypoints.api.headers import Carried
from careengine.entrypoints.api.metadata import capability_statement
from careengine.entrypoints.api.outcomes import answer, failure, outcome
from careengine.entrypoints.api.x12 import Counter
from careengine.entrypoints.hearing import Texting
from careengine.kernel.errors import CareError
from careengine.runtime.database import Connection
from careengine.runtime.telemetry import get_logger

Handler = Callable[[Desk, Request], Awaitable[Response]]

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/fhir", writing.post_bundle),
    ("POST", "/fhir/{type}", writing.create),
    ("PUT", "/fhir/{type}", writing.update),
    ("DELETE", "/fhir/{type}", writing.delete),
    ("GET", "/fhir/{type}", reading.find),
    ("POST", "/fhir/{type}/_search", reading.find_by_form),
    ("PUT", "/fhir/{type}/{id}", writing.update),
    ("DELETE", "/fhir/{type}/{id}", writing.delete),
    ("GET", "/fhir/{type}/{id}", reading.read),
    ("GET", "/fhir/{type}/{id}/_history", reading.history),
    ("GET", "/fhir/{type}/{id}/_history/{version}", reading.vread),
    ("POST", "/ccda", ccda.post_document),
)


def application(served: Served, *, texting: Texting | None = None) -> FastAPI:
    """Return the application that serves one organisation's record, and takes its texts."""
    desk = Desk(served)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(lifespan=running, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Carried)
    app.state.desk = desk
    app.add_route("/fhir/metadata", _metadata, methods=["GET"])
    app.add_route("/healthz", _alive, methods=["GET"])
    app.add_route("/readyz", _ready(desk), methods=["GET"])
    if texting is not None:
        app.add_route("/sms/inbound", texts.answering(desk, texting, texts.inbound), methods=["POST"])
        app.add_route("/sms/status", texts.answering(desk, texting, texts.status), methods=["POST"])
    routes = list(_ROUTES)
    if served.engine is not None:
        routes.append(("POST", "/x12", Counter(served.engine).ask))
    door = intake.Door()
    app.add_route("/intake/{token}", _told(desk, door.read), methods=["GET"])
    app.add_route("/intake/{token}", _told(desk, door.save), methods=["PUT"])
    for method, path, handler in routes:
        app.add_route(path, _guarded(desk, handler), methods=[method])
    app.add_exception_handler(HTTPException, _refused)
    return app


def _guarded(desk: Desk, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Ask who is there before anything is read, and tell every failure as FHIR does."""

    async def known(desk: Desk, request: Request) -> Response:
        desk.partner(request.headers.get("authorization", ""))
        return await handler(desk, request)

    return _told(desk, known)


def _told(desk: Desk, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Tell every failure as FHIR does."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(desk, request)
        except CareError as error:
            return failure(error)
        except Exception as error:  # noqa: BLE001  the sender is told that it failed; the log says where
            get_logger().error("request failed", method=request.method, exc_info=error)
            return failure(error)

    return guarded


async def _metadata(_: Request) -> Response:
    return answer(capability_statement())


def _ready(desk: Desk) -> Callable[[Request], Awaitable[Response]]:
    """Answer whether the database takes work, and how the engine is."""

    def look(conn: Connection) -> Mapping[str, Any]:
        conn.execute("select 1")
        return desk.served.ready(conn) if desk.served.ready else {}

    async def ready(_: Request) -> Response:
        try:
            return Response(
                orjson.dumps({"ready": True, **await desk.work(look)}), media_type="application/json"
            )
        except CareError as error:
            return Response(
                orjson.dumps({"ready": False, "why": str(error)}), 503, media_type="application/json"
            )

    return ready


async def _alive(_: Request) -> Response:
    return Response("ok", media_type="text/plain")


async def _refused(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return outcome(
        status, [{"severity": "error", "code": "not-supported", "diagnostics": "No such address here."}]
    )
