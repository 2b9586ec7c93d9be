"""The partners in a thread of their own, for a test or a benchmark that needs them beside itself."""

import asyncio
import threading
from types import TracebackType

import uvloop

from caretown.partners import Partners, serve


class PartnersAside:
    """``with PartnersAside(partners) as url:`` serves until the block ends."""

    def __init__(self, partners: Partners) -> None:
        self.partners = partners
        self._port = 0
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="caretown-partners", daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        if not self._ready.wait(10):
            raise TimeoutError("The town's partners did not start listening within ten seconds.")
        return f"http://127.0.0.1:{self._port}"

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop and self._stop:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await serve(self.partners, port=0, started=self._started, stop=self._stop)

    def _started(self, port: int) -> None:
        self._port = port
        self._ready.set()
