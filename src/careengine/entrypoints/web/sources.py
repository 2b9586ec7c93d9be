"""``/sources/Type/id@version``: one resource of the record as it was read, with the quoted place marked."""

from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from careengine.entrypoints.web.house import house
from careengine.entrypoints.web.passages import Piece, element_text, ref_in
from careengine.entrypoints.web.pictures import pictures_in
from careengine.entrypoints.web.reading import reader_for
from careengine.entrypoints.web.who import person_of
from careengine.runtime.database import Connection
from careengine.trust.charts import Stored

_DEEPEST = 12


@require_GET
def show(request: HttpRequest, source: str) -> HttpResponse:
    """``GET /sources/…``; the reading is kept on record like every other."""
    ref = ref_in(source)
    if ref is None:
        raise Http404
    here, person = house(), person_of(request)

    def read(conn: Connection) -> Stored | None:
        with here.desk.reading_as(conn, reader_for(here.access, person)) as charts:
            return charts.resources([ref], kinds=(ref.type,)).get(ref)

    stored = here.desk.do(read)
    if stored is None:
        raise Http404
    resource, element = orjson.loads(stored.raw), source.partition("#")[2]
    told = {
        "ref": str(stored.ref),
        "element": element,
        "fields": list(fields(resource)),
        "pictures": pictures_in(resource),
    }
    return render(request, "source.html", {**told, "pieces": _marked(request, resource, element)})


def _marked(request: HttpRequest, resource: dict[str, Any], element: str) -> list[Piece]:
    """Return the quoted element with the place in it that the address names."""
    text = element_text(resource, element) if element else None
    if text is None:
        return []
    start, end = (_number(request.GET.get(name, "")) for name in ("from", "to"))
    if not 0 <= start < end <= len(text):
        return [Piece(text)]
    return [Piece(text[:start]), Piece(text[start:end], "supports", 1), Piece(text[end:])]


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 9 else -1


def fields(value: Any, name: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """Return every value of a resource with where it stands, in the order in which it was sent."""
    if depth > _DEEPEST:
        return [(name, "…")]
    if isinstance(value, dict):
        pairs = ((f"{name}.{key}" if name else key, inner) for key, inner in value.items())
        return [line for key, inner in pairs for line in fields(inner, key, depth + 1)]
    if isinstance(value, list):
        return [
            line for n, inner in enumerate(value) for line in fields(inner, f"{name}[{n}]", depth + 1)
        ]  # fmt: skip
    return [(name, str(value))]
