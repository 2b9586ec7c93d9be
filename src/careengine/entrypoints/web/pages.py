"""Mount the people's pages beside the machine's addresses, in one process."""

import os
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.web.house import House, open_house
from careengine.kernel.errors import CareError

MOST_BYTES = 12_000_000
"""More than the largest picture that policy may take, with room for its form."""
_TOO_MUCH = "This is too large, and was not read. Send a smaller file, or call us."
_SETTINGS = "careengine.entrypoints.web.settings"


def mount_pages(app: FastAPI, desk: Desk) -> None:
    """Answer every address that the API does not know with the pages; the desk must serve an engine."""
    engine = desk.served.engine
    if engine is None:
        return
    open_house(House(desk=desk, engine=engine, access=desk.served.access))
    # Not a mount: that would also take a wrong method at one of the API's own addresses.
    app.router.default = bounded(django_application(desk.served.url), MOST_BYTES)


class TooMuch(CareError):
    """A request that goes on and on."""

    status = 413


def bounded(app: Any, most: int) -> Any:
    """Return the application with requests of at most so many bytes: a larger one is not even read."""

    async def let_in(scope: Any, receive: Any, send: Any) -> None:
        told = dict(scope.get("headers", ())).get(b"content-length", b"0")
        if not told.isdigit() or int(told) > most:
            answer = PlainTextResponse(_TOO_MUCH, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            await answer(scope, receive, send)
            return
        left = most

        async def take() -> Any:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooMuch(_TOO_MUCH)
            return message

        await app(scope, take, send)

    return let_in


def session_of_pages(cookie: str, method: str, from_site: str) -> str:
    """Return whose session of the pages a request shows, as :func:`session_of.login_of`.

    Django's models may be imported only once its application stands.
    """
    from careengine.entrypoints.web.session_of import login_of

    return login_of(cookie, method, from_site)


def django_application(url: str) -> Any:
    """Return Django's ASGI application on the database at ``url``."""
    os.environ.setdefault("CAREENGINE_DATABASE_URL", url)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _SETTINGS)
    from django.core.asgi import get_asgi_application

    return get_asgi_application()
