"""Write over HTTP: transactions, batches, single resources; the commit comes before the acknowledgement."""

from starlette.requests import Request
from starlette.responses import Response

from careengine.entrypoints.api.bodies import body_of
from careengine.entrypoints.api.desk import Desk
from careengine.entrypoints.api.outcomes import answer, headers_of, instant, issue, outcome, results
from careengine.kernel.errors import Refused
from careengine.record.bundle import EntryResult, Taking, take_bundle, take_transaction
from careengine.record.incoming import Entry, Head, Incoming, head_of
from careengine.record.references import with_id, with_meta
from careengine.record.refusal import BundleRefused
from careengine.record.resource_types import type_code
from careengine.record.write import Outcome
from careengine.runtime.clock import real_now
from careengine.runtime.database import Connection


class AddressMismatch(Refused):
    """The resource is not what its address says."""

    status = 400


async def post_bundle(desk: Desk, request: Request) -> Response:
    """``POST /fhir``: a transaction or a batch."""
    raw = await body_of(request, desk.served.limits)

    def work(conn: Connection) -> bytes:
        kind, entries = take_bundle(conn, raw, _taking(desk))
        return results(kind, entries)

    return answer(await desk.work(work))


async def create(desk: Desk, request: Request) -> Response:
    """``POST /fhir/Type``, with ``If-None-Exist`` a conditional create."""
    type_ = _type(request)
    raw = await body_of(request, desk.served.limits)
    _same_type(head_of(raw), type_)
    condition = request.headers.get("if-none-exist", "")
    return await _one(desk, request, Entry("", raw, head_of(raw), "POST", type_, if_none_exist=condition))


async def update(desk: Desk, request: Request) -> Response:
    """``PUT /fhir/Type/id`` and, conditional, ``PUT /fhir/Type?search``."""
    type_, id_ = _type(request), request.path_params.get("id", "")
    raw = await body_of(request, desk.served.limits)
    head = head_of(raw)
    _same_type(head, type_)
    if id_ and head.id != id_:
        raise AddressMismatch("The resource's id must be the one in the address.")
    url = f"{type_}/{id_}" if id_ else f"{type_}?{request.url.query}"
    return await _one(desk, request, Entry("", raw, head, "PUT", url, if_match=_if_match(request)))


async def delete(desk: Desk, request: Request) -> Response:
    """``DELETE /fhir/Type/id`` and, conditional, ``DELETE /fhir/Type?search``."""
    type_, id_ = _type(request), request.path_params.get("id", "")
    url = f"{type_}/{id_}" if id_ else f"{type_}?{request.url.query}"
    return await _one(desk, request, Entry("", b"", Head(), "DELETE", url, if_match=_if_match(request)))


async def _one(desk: Desk, request: Request, entry: Entry) -> Response:
    def work(conn: Connection) -> EntryResult:
        return take_transaction(conn, Incoming("transaction", [entry]), _taking(desk))[0]

    try:
        done = await desk.work(work)
    except BundleRefused as refused:
        return outcome(
            refused.status, (issue(p, refused.status, entry.head.resource_type) for p in refused.problems)
        )
    return _answered(request, entry, done)


def _answered(request: Request, entry: Entry, done: EntryResult) -> Response:
    if done.ref is None or done.outcome is Outcome.DELETED or entry.method == "DELETE":
        return Response(status_code=204)
    headers = headers_of(done.ref, done.updated)
    if done.outcome is Outcome.CREATED:
        headers["Location"] = f"{base_of(request)}/{done.ref.type}/{done.ref.id}/_history/{done.ref.version}"
    if "return=minimal" in request.headers.get("prefer", "") or done.updated is None:
        return Response(status_code=done.status, headers=headers)
    raw = with_id(entry.raw, done.ref.id) if entry.head.id != done.ref.id else entry.raw
    return answer(with_meta(raw, done.ref.version, instant(done.updated)), done.status, headers)


def base_of(request: Request) -> str:
    """Return the address all others begin with."""
    return f"{request.url.scheme}://{request.url.netloc}/fhir"


def _taking(desk: Desk) -> Taking:
    return Taking(recorded_at=real_now(), limits=desk.served.limits)


def _type(request: Request) -> str:
    type_: str = request.path_params["type"]
    type_code(type_)
    return type_


def _same_type(head: Head, type_: str) -> None:
    if head.resource_type not in {type_, ""}:
        raise AddressMismatch("The resource's type must be the one in the address.")


def _if_match(request: Request) -> str:
    return request.headers.get("if-match", "")
