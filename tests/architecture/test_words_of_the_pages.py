"""Every sentence of the pages is said in every language of theirs, by the file that is really read."""

import gettext
import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("messages", ROOT / "tools/messages.py")
assert SPEC is not None
assert SPEC.loader is not None
messages = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(messages)
SPANISH = messages.WEB / "locale/es/LC_MESSAGES/django.po"


def test_every_sentence_of_the_pages_has_its_spanish() -> None:
    known = messages.read(SPANISH)
    said = messages.said()
    assert len(said) > 300
    assert [one for one in said if not all(known.get(one, ("",)))] == [], "run python tools/messages.py"
    assert set(known) == set(said), "a sentence that no page says any more; run python tools/messages.py"


def test_what_the_pages_read_is_what_was_translated() -> None:
    known = messages.read(SPANISH)
    assert SPANISH.with_suffix(".mo").read_bytes() == messages.compiled(known)
    with SPANISH.with_suffix(".mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    assert read.gettext("Choose a time") == "Elija una hora"
    assert read.ngettext("%(n)d card done.", "%(n)d cards done.", 2) == "%(n)d tarjetas hechas."


def test_a_translation_keeps_the_places_that_are_filled_in() -> None:
    import re

    for ids, strings in messages.read(SPANISH).items():
        for one in strings:
            assert set(re.findall(r"%\(\w+\)[sd]", one)) == set(re.findall(r"%\(\w+\)[sd]", ids[-1])), ids
