"""Read over HTTP: a resource, its versions, searches; always through ``trust``, which notes it."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.api.outcomes import answer, etag, headers_of, instant
from careengine.entrypoints.api.writing import base_of
from careengine.kernel.errors import CareError, NotFound
from careengine.kernel.refs import Ref
from careengine.record.query import SearchRefused, query_of
from careengine.record.references import with_meta
from careengine.record.resource_types import type_code
from careengine.record.search import Page
from careengine.record.timeline import Moment, timeline
from careengine.runtime.database import Connection
from careengine.trust.charts import Charts, Stored

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class Gone(CareError):
    """The resource was deleted."""

    status = 410


async def read(desk: Desk, request: Request) -> Response:
    """``GET /fhir/Type/id``: the newest version."""
    return await _read_one(desk, request, Ref(*_named(request)))


async def vread(desk: Desk, request: Request) -> Response:
    """``GET /fhir/Type/id/_history/version``."""
    version = request.path_params["version"]
    if not version.isdecimal() or not 0 < int(version) < 2**31:
        raise NotFound("There is no such version.")
    return await _read_one(desk, request, Ref(*_named(request), int(version)))


async def _read_one(desk: Desk, request: Request, ref: Ref) -> Response:
    partner = _partner(desk, request)

    def work(conn: Connection) -> Response:
        with desk.reading(conn, partner) as charts:
            found = charts.resources([ref], kinds=[ref.type]).get(ref)
        if found is None:
            raise _missing(conn, ref)
        if request.headers.get("if-none-match") == etag(found.ref.version):
            return Response(status_code=304, headers=headers_of(found.ref, found.updated))
        body = with_meta(found.raw, found.ref.version, instant(found.updated))
        return answer(body, headers=headers_of(found.ref, found.updated))

    return await desk.work(work)


def _missing(conn: Connection, ref: Ref) -> CareError:
    known = timeline(conn, ref.newest(), limit=1)
    if known and known[0].deleted and ref.version in {0, known[0].ref.version}:
        return Gone("This resource was deleted; its earlier versions are under _history.")
    return NotFound("There is no such resource here, or it may not be read.")


async def history(desk: Desk, request: Request) -> Response:
    """``GET /fhir/Type/id/_history``: every version, newest first."""
    ref = Ref(*_named(request))
    partner = _partner(desk, request)

    def work(conn: Connection) -> Response:
        moments = timeline(conn, ref, limit=desk.served.limits.page)
        if not moments:
            raise NotFound("There is no such resource here.")
        with desk.reading(conn, partner) as charts:
            bodies = _bodies(charts, (moment.ref for moment in moments if not moment.deleted))
        entries = [_moment(moment, bodies) for moment in moments if moment.deleted or moment.ref in bodies]
        return answer(_bundle("history", entries, total=len(entries)))

    return await desk.work(work)


def _moment(moment: Moment, bodies: dict[Ref, bytes]) -> bytes:
    name = f"{moment.ref.type}/{moment.ref.id}"
    response = {"status": "204" if moment.deleted else "200", "etag": etag(moment.ref.version)}
    response["lastModified"] = instant(moment.updated)
    request = {"method": "DELETE" if moment.deleted else "PUT", "url": name}
    head = orjson.dumps({"request": request, "response": response})
    return head if moment.deleted else b'{"resource":' + bodies[moment.ref] + b"," + head[1:]


async def find(desk: Desk, request: Request) -> Response:
    """``GET /fhir/Type?search``."""
    return await _found(desk, request, request.query_params.multi_items())


async def find_by_form(desk: Desk, request: Request) -> Response:
    """``POST /fhir/Type/_search``: the same, asked in the body, which no log of addresses keeps."""
    raw = await request.body()
    return await _found(desk, request, parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


async def _found(desk: Desk, request: Request, asked: list[tuple[str, str]]) -> Response:
    query = query_of(request.path_params["type"], asked)
    partner = _partner(desk, request)

    def work(conn: Connection) -> tuple[Page, dict[Ref, bytes]]:
        with desk.reading(conn, partner) as charts:
            page, found = charts.search(query)
        return page, _shown(found)

    page, bodies = await desk.work(work)
    base = base_of(request)
    entries = [
        b'{"fullUrl":' + orjson.dumps(f"{base}/{ref.type}/{ref.id}") + b',"resource":' + bodies[ref]
        + b',"search":{"mode":"match"}}'
        for ref in map(Ref.newest, page.found) if ref in bodies
    ]  # fmt: skip
    return answer(_bundle("searchset", entries, total=page.total, links=_links(request, base, page, asked)))


def _links(request: Request, base: str, page: Page, asked: list[tuple[str, str]]) -> dict[str, str]:
    here = f"{base}/{request.path_params['type']}"
    links = {"self": f"{here}?{urlencode(asked)}"}
    if page.cursor:
        kept = [(name, value) for name, value in asked if name != "_cursor"]
        links["next"] = f"{here}?{urlencode([*kept, ('_cursor', page.cursor)])}"
    return links


def _bodies(charts: Charts, refs: Iterable[Ref]) -> dict[Ref, bytes]:
    """Return what may be shown of these, as it is shown."""
    wanted = list(refs)
    kinds = {ref.type for ref in wanted}
    return _shown(charts.resources(wanted, kinds=kinds))


def _shown(found: Mapping[Ref, Stored]) -> dict[Ref, bytes]:
    return {
        ref: with_meta(stored.raw, stored.ref.version, instant(stored.updated))
        for ref, stored in found.items()
    }


def _bundle(
    kind: str, entries: list[bytes], *, total: int | None, links: dict[str, str] | None = None
) -> bytes:
    head: dict[str, object] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    if not entries:
        return orjson.dumps(head)
    return orjson.dumps(head)[:-1] + b',"entry":[' + b",".join(entries) + b"]}"


def _partner(desk: Desk, request: Request) -> str:
    return desk.partner(request.headers.get("authorization", ""))


def _named(request: Request) -> tuple[str, str]:
    type_, id_ = request.path_params["type"], request.path_params["id"]
    type_code(type_)
    if not _ID.fullmatch(id_):
        raise SearchRefused("An id has 1 to 64 letters, digits, dots and hyphens.")
    return type_, id_
