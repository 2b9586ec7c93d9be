"""What each entry of a message asks of the record: which act, on which resource, under which condition."""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from careengine.record.incoming import Entry
from careengine.record.references import local, with_id
from careengine.record.refusal import EntryProblem
from careengine.record.resource_types import is_type
from careengine.record.write import NewVersion
from careengine.runtime.ids import Ids

_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


@dataclass(slots=True)
class Planned:
    """One entry on its way."""

    n: int
    act: str
    """``POST``, ``PUT`` or ``DELETE``."""
    type: str
    id: str
    raw: bytes
    full_url: str
    condition: str = ""
    """A search that decides which resource is meant, or whether one is created at all."""
    if_version: int | None = None
    existing: bool = False
    """A conditional create that found its resource: nothing is written."""
    resource: dict[str, Any] | None = None
    problems: list[EntryProblem] = field(default_factory=list)
    status: int = 422
    """The HTTP status the first problem has."""
    leans: bool = False
    """The first problem is a reference to something that is not there, or not yet."""

    def lean(self, what: str, status: int = 422) -> None:
        """Note that a reference leads to nothing."""
        self.leans = not self.problems
        self.refuse(what, "resource", status)

    def refuse(self, what: str, path: str = "", status: int = 422) -> None:
        """Note what keeps this entry out."""
        self.status = self.status if self.problems else status
        self.problems.append(EntryProblem(self.n, path, what))

    @property
    def writes(self) -> bool:
        """Whether this entry, as far as is known, changes the record."""
        return not self.problems and not self.existing

    def name(self, id_: str) -> None:
        """Give the resource its id, in its bytes too."""
        self.id, before = id_, self.id
        if id_ != before or self.act == "POST":
            try:
                self.raw = with_id(self.raw, id_)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.refuse("is not JSON in UTF-8", "resource", 400)

    def version(self) -> NewVersion:
        """Return what is to be written."""
        return NewVersion(
            type=self.type, id=self.id, raw=b"" if self.act == "DELETE" else self.raw, resource=self.resource,
            if_version=self.if_version, deleted=self.act == "DELETE",
        )  # fmt: skip


def plan(n: int, entry: Entry, ids: Ids, *, keep_ids: bool) -> Planned:
    """Read an entry's request; with ``keep_ids`` a resource that is sent for creation keeps the sender's id.

    An import keeps ids, so that the same file twice is stored once: an entry whose full url is its resource's
    id becomes a PUT. The API follows FHIR: the server gives the ids of what is created.
    """
    planned = Planned(n, entry.method, "", "", entry.raw, entry.full_url)
    address, _, query = entry.url.partition("?")
    if entry.method not in _READ:
        planned.refuse("request.method must be GET, POST, PUT or DELETE.", "request.method", 400)
        return planned
    _READ[entry.method](planned, entry, address.strip("/"), query)
    if planned.problems:
        return planned
    if entry.method == "POST":
        own = entry.head.id
        if keep_ids and own and (not entry.full_url or entry.full_url.endswith((f":{own}", f"/{own}"))):
            planned.act, planned.id = "PUT", own
        else:
            planned.name(str(ids.uuid()))
    return planned


def _post(planned: Planned, entry: Entry, address: str, query: str) -> None:
    if query or address != entry.head.resource_type:
        planned.refuse("request.url must be the type of the resource to be created.", "request.url", 400)
    planned.type, planned.condition = entry.head.resource_type, entry.if_none_exist
    _check_resource(planned)


def _put(planned: Planned, entry: Entry, address: str, query: str) -> None:
    planned.type, planned.id, planned.condition = entry.head.resource_type, entry.head.id, query
    wanted = planned.type if query else f"{planned.type}/{planned.id}"
    if address != wanted:
        planned.refuse("request.url must be Type/id as in the resource, or Type?search.", "request.url", 400)
    _check_version(planned, entry)
    _check_resource(planned)


def _delete(planned: Planned, entry: Entry, address: str, query: str) -> None:
    named = local(address)
    if named:
        planned.type, planned.id = named
    elif query and is_type(address):
        planned.type, planned.condition = address, query
    else:
        planned.refuse("request.url must be Type/id, or Type?search.", "request.url", 400)
    _check_version(planned, entry)


def _get(planned: Planned, entry: Entry, address: str, query: str) -> None:
    del entry, address, query
    planned.refuse("reading is not offered inside a bundle; send the GET by itself", "request.method", 405)


def _check_version(planned: Planned, entry: Entry) -> None:
    if entry.if_match:
        found = _ETAG.fullmatch(entry.if_match)
        if found is None:
            planned.refuse('ifMatch must be written W/"3".', "request.ifMatch", 400)
        else:
            planned.if_version = int(found[1])


def _check_resource(planned: Planned) -> None:
    if not planned.raw:
        planned.refuse("The entry has no resource.", "resource", 400)
    elif not is_type(planned.type):
        planned.refuse("resourceType is missing, or no type of FHIR R4.", "resource.resourceType", 400)


_READ = {"POST": _post, "PUT": _put, "DELETE": _delete, "GET": _get}
