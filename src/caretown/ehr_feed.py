"""How the town tells the engine what changed: transactions over FHIR, in order.

A transaction that is refused is halved until the resource that is wrong stands alone; its refusal is kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import orjson

from caretown.caller import Said
from caretown.errors import EngineSilent
from caretown.listener import FHIR
from caretown.people import Resource

_MOST = 250
_LANES = 4
_CONFLICT = 409
"""Somebody wrote the same resource at the same moment; once more settles it."""


class Feed:
    """Resources wait in a line; one transaction after the other takes as many as it can."""

    def __init__(self, post: Callable[[bytes, dict[str, str]], Awaitable[Said]], token: str) -> None:
        self._post = post
        self._headers = {
            "authorization": f"Bearer {token}" if token else "",
            "content-type": FHIR.decode(),
            "accept": FHIR.decode(),
        }
        self._waiting: list[Resource] = []
        self._sending: asyncio.Task[None] | None = None
        self.sent = 0
        self.refused: list[str] = []
        """What the engine would not take, with its words."""

    @property
    def idle(self) -> bool:
        """Say whether everything was sent and answered."""
        return not self._waiting and (self._sending is None or self._sending.done())

    def push(self, *resources: Resource) -> None:
        """Tell the engine what these are now; they are copied as they stand."""
        self._waiting.extend(orjson.loads(orjson.dumps(one)) for one in resources)
        if self._sending is None or self._sending.done():
            self._sending = asyncio.get_running_loop().create_task(self._send())

    async def fill(self, resources: Sequence[Resource]) -> None:
        """Send many resources that do not depend on each other's order, several transactions at once."""
        batches = [resources[at : at + _MOST] for at in range(0, len(resources), _MOST)]
        for at in range(0, len(batches), _LANES):
            await asyncio.gather(*(self._transact(batch) for batch in batches[at : at + _LANES]))

    async def finished(self) -> None:
        """Wait until everything was sent and answered."""
        while self._sending is not None and not self.idle:
            await self._sending

    def stop(self) -> None:
        """Send no more."""
        self._waiting.clear()
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self) -> None:
        while self._waiting:
            with suppress(EngineSilent):
                await self._transact(self._next())

    def _next(self) -> list[Resource]:
        """Take the longest beginning of the line that names nothing twice."""
        named: set[tuple[str, str]] = set()
        taken = 0
        for one in self._waiting[:_MOST]:
            if (own := (one["resourceType"], one["id"])) in named:
                break
            named.add(own)
            taken += 1
        batch, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return batch

    async def _transact(self, batch: Sequence[Resource]) -> None:
        raw = orjson.dumps(_transaction(batch))
        try:
            said = await self._post(raw, self._headers)
            if said.status == _CONFLICT:
                said = await self._post(raw, self._headers)
        except EngineSilent as silent:
            self.refused.append(str(silent))
            raise
        if not said.taken and len(batch) > 1:
            middle = len(batch) // 2
            await self._transact(batch[:middle])
            await self._transact(batch[middle:])
            return
        self.sent += len(batch)
        if not said.taken:
            self.refused.append(f"{said.status} {said.body[:300].decode('utf-8', 'replace')}")


def _transaction(batch: Sequence[Resource]) -> Resource:
    """Return a transaction that puts each resource under its own id, whatever form the id has."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in batch
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}
