"""A partner over SMTP: one e-mail a connection, its time bounded, encrypted wherever that is offered."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from time import monotonic
from urllib.parse import urlsplit

from careengine.wire.http import PartnerAddressUnusable, Unreachable

_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailReply:
    """What the server said to a message: 250 is taken, 4xx later, 5xx never."""

    code: int


class SmtpPartner:
    """A mail server, and our user and password for it.

    ``smtps://`` speaks TLS from the first byte; ``smtp://`` goes over to TLS when the
    server offers it, and must before a password is told.
    """

    def __init__(
        self, url: str, *, secret: str = "", timeout_s: float = 10.0, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.path.strip("/"):
            raise PartnerAddressUnusable(
                "A mail partner's url must be smtp://host:port or smtps://host:port, without user or path."
            )
        self._host, self._port = parts.hostname, parts.port or _PORTS[parts.scheme]
        self._from_the_start = parts.scheme == "smtps"
        self._tls = tls or ssl.create_default_context()
        self._user, _, self._password = secret.partition(":")
        self._timeout_s = timeout_s

    @property
    def timeout_s(self) -> float:
        """The longest one e-mail may take, in seconds."""
        return self._timeout_s

    def send(self, message: EmailMessage, *, sender: str, recipient: str) -> MailReply:
        """Hand one message to the server for one recipient and return its reply.

        Raises :class:`Unreachable` when no reply came in time: whether it was taken is
        then not known, and the message's own id is what tells a repetition.
        """
        until = monotonic() + self._timeout_s
        try:
            return self._said(message, sender, recipient, until)
        except smtplib.SMTPRecipientsRefused as refused:
            return MailReply(next(code for code, _ in refused.recipients.values()))
        except smtplib.SMTPResponseException as error:
            return MailReply(error.smtp_code)
        except TimeoutError:
            raise Unreachable("timeout") from None
        except ssl.SSLError:
            raise Unreachable("untrusted") from None
        except ConnectionRefusedError:
            raise Unreachable("refused") from None
        except (OSError, smtplib.SMTPException) as error:
            # smtplib tells a silence of the server as a closed connection, because of a timeout.
            raise Unreachable(
                "timeout" if isinstance(error.__context__, TimeoutError) else "broken"
            ) from None

    def close(self) -> None:
        """Nothing is kept open between messages."""

    def _said(self, message: EmailMessage, sender: str, recipient: str, until: float) -> MailReply:
        server = self._connection(until)
        try:
            self._left(server, until)
            server.ehlo()
            self._encrypted(server)
            self._left(server, until)
            if self._user:
                server.login(self._user, self._password)
            self._left(server, until)
            server.send_message(message, from_addr=sender, to_addrs=[recipient])
        except BaseException:
            server.close()
            raise
        with suppress(OSError, smtplib.SMTPException):  # the message is taken; how they part does not matter
            server.quit()
        return MailReply(250)

    def _connection(self, until: float) -> smtplib.SMTP:
        left = max(until - monotonic(), 0.001)
        if self._from_the_start:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=left, context=self._tls)
        return smtplib.SMTP(self._host, self._port, timeout=left)

    def _encrypted(self, server: smtplib.SMTP) -> None:
        if self._from_the_start:
            return
        if server.has_extn("starttls"):
            server.starttls(context=self._tls)
            server.ehlo()
        elif self._user:
            raise Unreachable("untrusted")  # a password is never told in clear

    @staticmethod
    def _left(server: smtplib.SMTP, until: float) -> None:
        left = until - monotonic()
        if left <= 0:
            raise TimeoutError
        if server.sock is not None:
            server.sock.settimeout(left)
