import ssl
from collections.abc import Iterator

import pytest
from real_partner import Answer, RealPartner, partner_who

from careengine.wire.http import HttpPartner, PartnerAddressUnusable, Unreachable


@pytest.fixture
def partner() -> Iterator[RealPartner]:
    with partner_who(Answer(body=b"taken")) as running:
        yield running


@pytest.fixture
def line(partner: RealPartner) -> Iterator[HttpPartner]:
    opened = HttpPartner(f"{partner.url}/fhir", secret="s3cret", timeout_s=2.0)  # noqa: S106  a test's own
    yield opened
    opened.close()


def test_a_post_carries_the_secret_and_our_headers_to_the_path_below_the_base(
    partner: RealPartner, line: HttpPartner
) -> None:
    reply = line.post("Task", b"{}", {"Idempotency-Key": "k1", "Content-Type": "application/fhir+json"})

    assert (reply.status, reply.body, reply.cut) == (200, b"taken", False)
    (asked,) = partner.asked
    assert (asked.path, asked.key, asked.body) == ("/fhir/Task", "k1", b"{}")
    assert asked.headers["Authorization"] == "Bearer s3cret"


def test_a_connection_is_kept_and_used_again(partner: RealPartner, line: HttpPartner) -> None:
    ports = set()
    partner.manners = lambda asked: Answer(body=asked.headers["Host"].encode())

    for _ in range(3):
        line.post("", b"", {})
        ports.add(line._idle[0].sock.getsockname()[1])  # type: ignore[union-attr]  # it is open

    assert len(ports) == 1


def test_a_connection_the_partner_closed_meanwhile_is_replaced(
    partner: RealPartner, line: HttpPartner
) -> None:
    line.post("", b"", {})
    sock = line._idle[0].sock
    assert sock is not None
    sock.shutdown(2)

    assert line.post("", b"", {}).status == 200
    assert len(partner.asked) == 2


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(partner: RealPartner, line: HttpPartner, status: int) -> None:
    partner.manners = lambda _: Answer(status=status, headers={"Location": f"{partner.url}/trap"})

    assert line.post("", b"", {}).status == status
    assert len(partner.asked) == 1


def test_a_reply_without_end_is_cut(partner: RealPartner, line: HttpPartner) -> None:
    partner.manners = lambda _: Answer(body=b"x" * (3 << 20))

    reply = line.post("", b"", {})

    assert reply.cut
    assert len(reply.body) == 1 << 20


@pytest.mark.parametrize("answer", [Answer(after_s=1.0), Answer(body=b"x" * 100, drip_s=0.05)])
def test_the_whole_of_a_post_is_bounded_in_time(
    partner: RealPartner, line: HttpPartner, answer: Answer
) -> None:
    partner.manners = lambda _: answer

    with pytest.raises(Unreachable) as silent:
        line.post("", b"", {}, timeout=0.2)

    assert silent.value.why == "timeout"


def test_a_partner_that_hangs_up_is_unreachable(partner: RealPartner, line: HttpPartner) -> None:
    partner.manners = lambda _: Answer(hang_up=True)

    with pytest.raises(Unreachable) as gone:
        line.post("", b"", {})

    assert gone.value.why == "broken"


def test_a_pause_is_read_in_seconds_and_as_a_date_by_the_partner_s_own_clock(
    partner: RealPartner, line: HttpPartner
) -> None:
    partner.manners = lambda _: Answer(status=503, headers={"Retry-After": "90"})
    in_seconds = line.post("", b"", {}).retry_after_s
    partner.manners = lambda _: Answer(status=503, headers={"Retry-After": "Fri, 31 Dec 2199 23:59:59 GMT"})
    as_a_date = line.post("", b"", {}).retry_after_s
    partner.manners = lambda _: Answer(status=503, headers={"Retry-After": "soon"})
    as_a_word = line.post("", b"", {}).retry_after_s

    assert in_seconds == 90
    assert as_a_date is not None
    assert as_a_date > 1e9
    assert as_a_word is None


def test_who_does_not_speak_tls_is_broken_or_untrusted_not_trusted(partner: RealPartner) -> None:
    line = HttpPartner(partner.url.replace("http://", "https://"), timeout_s=2.0)

    with pytest.raises(Unreachable) as refused:
        line.post("", b"", {})

    assert refused.value.why == "untrusted"


def test_certificates_are_checked(partner: RealPartner) -> None:
    line = HttpPartner("https://127.0.0.1:1/")

    assert line._tls is not None
    assert line._tls.verify_mode is ssl.CERT_REQUIRED
    assert line._tls.check_hostname


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "http://", "http://user:pw@a.example/", "http://a.example/?q=1", "a.example"]
)
def test_an_address_that_cannot_be_sent_to_is_refused_at_once(url: str) -> None:
    with pytest.raises(PartnerAddressUnusable):
        HttpPartner(url)
