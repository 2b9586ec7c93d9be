"""Mount the people's pages beside the machine's addresses, in one process."""

import os
from typing import Any

from fastapi import FastAPI

from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.web.house import House, open_house

_SETTINGS = "careengine.entrypoints.web.settings"


def mount_pages(app: FastAPI, desk: Desk) -> None:
    """Answer every address that the API does not know with the pages; the desk must serve an engine."""
    engine = desk.served.engine
    if engine is None:
        return
    open_house(House(desk=desk, engine=engine, access=desk.served.access))
    # Not a mount: that would also take a wrong method at one of the API's own addresses.
    app.router.default = django_application(desk.served.url)


def django_application(url: str) -> Any:
    """Return Django's ASGI application on the database at ``url``."""
    os.environ.setdefault("CAREENGINE_DATABASE_URL", url)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", _SETTINGS)
    from django.core.asgi import get_asgi_application

    return get_asgi_application()
