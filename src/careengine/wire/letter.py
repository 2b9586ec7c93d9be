"""A letter as PDF: who writes, to whom, when, what; the same letter always gives the same bytes."""

import io
import textwrap
from dataclasses import dataclass

from careengine.kernel.errors import Refused

_INCH = 72
_WIDTH, _HEIGHT = 8.5 * _INCH, 11 * _INCH
_LEFT, _TOP, _BOTTOM = 1.0 * _INCH, _HEIGHT - 1.0 * _INCH, 1.0 * _INCH
_WINDOW = _HEIGHT - 2.2 * _INCH
"""Where the address begins: it shows in the window of a folded No. 10 envelope."""
_SIZE, _LINE, _COLUMNS = 11, 15, 88


class Unprintable(Refused):
    """A letter holds a character the printed fonts do not have; a person writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a letter says; ``day`` and everything else is already in words."""

    sender: str
    phone: str
    recipient: tuple[str, ...]
    """Name and address, a line each."""
    day: str
    subject: str
    text: str
    language: str = "en"


def pdf_of(letter: Letter) -> bytes:
    """Return the letter as PDF, US letter size; raises :class:`Unprintable`."""
    from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # it ships no types

    body = (letter.text, letter.subject, letter.sender, letter.phone, letter.day, *letter.recipient)
    try:
        "\n".join(body).encode("cp1252")
    except UnicodeEncodeError:
        raise Unprintable(
            "The letter has a character that cannot be printed. Write it by hand, or spell it otherwise."
        ) from None
    into = io.BytesIO()
    page = Canvas(into, pagesize=(_WIDTH, _HEIGHT), invariant=1, pageCompression=0, lang=letter.language)
    page.setTitle(letter.subject)
    page.setAuthor(letter.sender)
    page.setFont("Helvetica-Bold", _SIZE + 1)
    page.drawString(_LEFT, _TOP, letter.sender)
    page.setFont("Helvetica", _SIZE)
    page.drawString(_LEFT, _TOP - _LINE, letter.phone)
    for number, line in enumerate(letter.recipient):
        page.drawString(_LEFT, _WINDOW - number * _LINE, line)
    at = _WINDOW - (max(len(letter.recipient), 5) + 2) * _LINE
    for line in _lines(letter):
        if at < _BOTTOM:
            page.showPage()
            page.setFont("Helvetica", _SIZE)
            at = _TOP
        page.drawString(_LEFT, at, line)
        at -= _LINE
    page.showPage()
    page.save()
    return into.getvalue()


def _lines(letter: Letter) -> list[str]:
    written = [letter.day, "", letter.subject, ""]
    for paragraph in letter.text.split("\n"):
        written += textwrap.wrap(paragraph, _COLUMNS) or [""]
    return [*written, "", letter.sender, letter.phone]
