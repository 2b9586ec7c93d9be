"""The town's mail: an SMTP server that takes every mail for anybody and leaves it in the mailbox."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from caretown.mailbox import Arrived, Kind, Mailbox
from caretown.oddities import Odd, Plan

NAME = "smtp"
"""The partner's name in ``organisation.yaml``."""
_MOST_BYTES = 10 << 20


class MailServer:
    """Takes mails; addresses in ``unknown`` are refused as a real server refuses them."""

    def __init__(
        self,
        mailbox: Mailbox,
        now: Callable[[], datetime],
        oddities: Plan | None = None,
        unknown: frozenset[str] = frozenset(),
    ) -> None:
        self._mailbox = mailbox
        self._now = now
        self._oddities = oddities or Plan()
        self._unknown = unknown
        self._seen: set[tuple[str, str]] = set()
        self._mails = self._again = self._without_id = 0
        self._unreadable = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()
        self.port = 0

    async def open(self, port: int = 0) -> int:
        """Listen on the loopback; port 0 takes a free one. Return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Smtp(self, loop, self._open), "127.0.0.1", port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is None:
            return
        self._server.close()
        for transport in tuple(self._open):
            transport.close()
        await self._server.wait_closed()

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse an address that nobody has."""
        del server, session, options
        if address.lower() in self._unknown:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Take one mail, once for each Message-ID and reader."""
        del server, session
        oddity = self._oddities.next(NAME)
        if oddity and oddity.kind in {Odd.BUSY, Odd.ERROR, Odd.DOWN}:
            return "451 4.3.0 Try again later"
        if oddity and oddity.kind is Odd.SLOW:
            await asyncio.sleep(oddity.seconds)
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        mail = message_from_bytes(raw, policy=policy.default)
        for address in envelope.rcpt_tos:
            self._leave(mail, address.lower())
        return "250 2.0.0 Taken"

    def _leave(self, mail: EmailMessage, address: str) -> None:
        known = str(mail["Message-ID"] or "").strip()
        self._without_id += not known
        if known and (address, known) in self._seen:
            self._again += 1
            return
        self._seen.add((address, known))
        self._mails += 1
        meta = {"subject": str(mail["Subject"] or ""), "from": str(mail["From"] or ""), "message_id": known}
        self._mailbox.put(Arrived(Kind.MAIL, self._now(), address, self._text(mail), meta))

    def _text(self, mail: EmailMessage) -> str:
        part = mail.get_body(("plain", "html"))
        try:
            return str(part.get_content()) if part else ""
        except (LookupError, UnicodeError, KeyError):
            self._unreadable += 1
            return ""

    def told(self) -> dict[str, Any]:
        """Return the counts; ``again`` are mails whose Message-ID had come to the same reader before."""
        return {
            "mails": self._mails,
            "again": self._again,
            "without_id": self._without_id,
            "unreadable": self._unreadable,
        }


class _Smtp(SMTP):
    """aiosmtpd's server, told apart so that its open connections can be hung up."""

    def __init__(
        self, handler: MailServer, loop: asyncio.AbstractEventLoop, opened: set[asyncio.BaseTransport]
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="mail.harbour.example",
            loop=loop,
        )
        self._opened = opened

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._opened.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport is not None:
            self._opened.discard(self.transport)
        super().connection_lost(error)
