"""What proves itself: the service's signature on a form, and our own on a link."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]  # it ships no types

from careengine.wire.links import LinkRefused, sign, verify
from careengine.wire.twilio import is_signed, signature

NOW = datetime(2026, 3, 3, 17, tzinfo=UTC)
URL = "https://care.harbour.example/sms/status?effect=abab"
LETTERS = "abcXYZ019 +&=%?/ñ¿é🙂\n<>\"'"


def test_the_signature_is_the_one_the_service_s_own_library_makes() -> None:
    chance = random.Random(3)
    validator = RequestValidator("t0ken")
    for _ in range(300):
        form = {
            "".join(chance.choices("ABCdef", k=5)): "".join(chance.choices(LETTERS, k=chance.randint(0, 40)))
            for _ in range(chance.randint(0, 12))
        }
        shown = signature("t0ken", URL, form.items())

        assert validator.validate(URL, form, shown)
        assert shown == validator.compute_signature(URL, form)
        assert is_signed("t0ken", URL, form.items(), shown)


@pytest.mark.parametrize(
    ("token", "url", "form", "shown"),
    [
        ("other", URL, {"Body": "2"}, signature("t0ken", URL, {"Body": "2"}.items())),
        ("t0ken", URL + "x", {"Body": "2"}, signature("t0ken", URL, {"Body": "2"}.items())),
        ("t0ken", URL, {"Body": "3"}, signature("t0ken", URL, {"Body": "2"}.items())),
        ("t0ken", URL, {"Body": "2"}, ""),
        ("t0ken", URL, {"Body": "2"}, "ñ"),
        ("", URL, {"Body": "2"}, signature("", URL, {"Body": "2"}.items())),
    ],
)
def test_what_was_changed_or_signed_by_others_is_not_signed(
    token: str, url: str, form: dict[str, str], shown: str
) -> None:
    assert not is_signed(token, url, form.items(), shown)


def test_a_link_opens_its_case_until_it_is_over() -> None:
    token = sign("s3cret", case=2**62 + 5, purpose="intake", until=NOW + timedelta(days=14))

    assert len(token) <= 38
    assert verify("s3cret", token, purpose="intake", now=NOW) == 2**62 + 5
    with pytest.raises(LinkRefused):
        verify("s3cret", token, purpose="intake", now=NOW + timedelta(days=14))


def test_no_other_token_opens_anything() -> None:
    token = sign("s3cret", case=7, purpose="intake", until=NOW + timedelta(days=1))
    chance = random.Random(4)
    letters = "ABCDEFabcdef0123456789-_"
    for _ in range(500):
        at = chance.randrange(len(token))
        other = token[:at] + chance.choice(letters.replace(token[at], "")) + token[at + 1 :]
        with pytest.raises(LinkRefused):
            verify("s3cret", other, purpose="intake", now=NOW)


@pytest.mark.parametrize("token", ["", "x", "=", "ñ", "a" * 38, "a" * 5000, "../../etc", "\x00"])
def test_a_token_of_any_shape_is_refused_in_the_same_words(token: str) -> None:
    with pytest.raises(LinkRefused):
        verify("s3cret", token, purpose="intake", now=NOW)


def test_a_link_for_one_purpose_or_of_another_house_opens_nothing_else() -> None:
    token = sign("s3cret", case=7, purpose="intake", until=NOW + timedelta(days=1))

    for secret, purpose in (("s3cret", "visit"), ("other", "intake"), ("", "intake")):
        with pytest.raises(LinkRefused):
            verify(secret, token, purpose=purpose, now=NOW)
