"""Telephone numbers and e-mail addresses: one way of writing each, and its digest. Pure."""

import hashlib
import re

_NOT_DIGITS = re.compile(r"[^\d+]")
_EXTENSION = re.compile(r"(?i)(?:\s*(?:ext\.?|x|#|;ext=)\s*\d+)$")
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def e164(written: str) -> str:
    """Return a number as ``+13125550100``; one without a country is North American; empty if it is none."""
    digits = _NOT_DIGITS.sub("", _EXTENSION.sub("", written.removeprefix("tel:").strip()))
    if not digits.startswith("+"):
        digits = f"+1{digits}" if len(digits) == 10 else f"+{digits}"
    if digits.startswith("+1") and len(digits) != 12:
        return ""
    return digits if _E164.fullmatch(digits) else ""


def mail(written: str) -> str:
    """Return an e-mail address as it is compared; empty if it is none."""
    plain = written.removeprefix("mailto:").strip().lower()
    return plain if _MAIL.fullmatch(plain) else ""


def digest(address: str) -> str:
    """Return what stands for a normalised number or address wherever it is named outside the chart."""
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def ways_of_writing(number: str) -> tuple[str, ...]:
    """Return how charts write a number: an index that compares letters finds it under each of these."""
    if not number.startswith("+1") or len(number) != 12:
        return (number, number.removeprefix("+"))
    area, office, line = number[2:5], number[5:8], number[8:]
    bare = (
        f"{area}{office}{line}",
        f"{area}-{office}-{line}",
        f"({area}) {office}-{line}",
        f"{area}.{office}.{line}",
        f"({area}){office}-{line}",
        f"{area} {office} {line}",
    )
    country = (
        f"1{bare[0]}",
        f"1-{bare[1]}",
        f"+1-{bare[1]}",
        f"+1 {bare[2]}",
        f"+1 {bare[1]}",
        f"1 {bare[2]}",
    )
    return (number, *bare, *country)
