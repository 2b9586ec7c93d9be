"""``/pictures/ID``: a picture that a patient sent, for whoever may read it; nothing else is shown as one."""

import base64
from collections.abc import Mapping
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.phone_card import kind_of
from careengine.entrypoints.web.reading import reader_for
from careengine.entrypoints.web.who import person_of
from careengine.kernel.refs import Ref
from careengine.runtime.database import Connection
from careengine.trust.charts import Stored

_HERE = "Binary/"
_IN_A_PAGE = frozenset({"image/jpeg", "image/png"})
"""What every browser draws; another picture is kept on the reader's own machine to be opened there."""


def pictures_in(resource: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Return the ids of a document's pictures, and for each whether a page can draw it."""
    attached = (one.get("attachment", {}) for one in resource.get("content", ()) if isinstance(one, dict))
    return [
        (one["url"].removeprefix(_HERE), one.get("contentType") in _IN_A_PAGE)
        for one in attached
        if str(one.get("url", "")).startswith(_HERE) and str(one.get("contentType", "")).startswith("image/")
    ]


@require_GET
def show(request: HttpRequest, id_: str) -> HttpResponse:
    """``GET /pictures/ID``; the reading is kept on record like every other.

    What it is follows from its first bytes, whatever was said of it when it came.
    """
    here, person, ref = house(), person_of(request), Ref("Binary", id_)

    def read(conn: Connection) -> Stored | None:
        with here.desk.reading_as(conn, reader_for(here.access, person)) as charts:
            return charts.resources([ref], kinds=("Binary",)).get(ref)

    stored = here.desk.do(read)
    if stored is None:
        raise Http404
    picture = base64.b64decode(orjson.loads(stored.raw).get("data", ""))
    kind = kind_of(picture)
    if not kind:
        raise Http404
    answer = HttpResponse(picture, content_type=kind)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    shown = "inline" if kind in _IN_A_PAGE else "attachment"
    answer.headers["Content-Disposition"] = f'{shown}; filename="picture.{kind.partition("/")[2]}"'
    return answer
