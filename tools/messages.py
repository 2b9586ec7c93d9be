"""The words of the pages in other languages: gather what is to be said, and compile what was translated.

``python tools/messages.py`` adds new sentences to each ``django.po`` (with an empty translation), drops those
that no page says any more, and writes the ``django.mo`` beside it that the pages read.
"""

import ast
import struct
import sys
from pathlib import Path

from jinja2 import Environment

WEB = Path(__file__).parents[1] / "src/careengine/entrypoints/web"
_CALLS = {"_", "gettext", "gettext_noop", "ngettext"}
_HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
)
Message = tuple[str, ...]
"""A sentence, or its singular and plural."""


def said() -> list[Message]:
    """Return every sentence of the pages, sorted."""
    found: set[Message] = set()
    jinja = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)  # noqa: S701  only parsed
    for template in sorted(WEB.glob("templates/**/*.html")):
        for _, _, message in jinja.extract_translations(template.read_text("utf-8")):  # type: ignore[attr-defined]
            found.add(tuple(message) if isinstance(message, tuple) else (message,))
    for module in sorted(WEB.rglob("*.py")):
        found.update(_in_python(module.read_text("utf-8")))
    return sorted({tuple(part for part in one if part) for one in found} - {()})


def _in_python(text: str) -> set[Message]:
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    ours = (one for one in calls if isinstance(one.func, ast.Name) and one.func.id in _CALLS)
    literals = (
        tuple(a.value for a in one.args if isinstance(a, ast.Constant) and isinstance(a.value, str))
        for one in ours
    )
    return {one for one in literals if one}


def read(path: Path) -> dict[Message, Message]:
    """Read a ``.po`` file as this tool writes it: one line for each string."""
    known: dict[Message, Message] = {}
    ids: list[str] = []
    strings: list[str] = []
    for line in [*path.read_text("utf-8").splitlines(), ""] if path.exists() else []:
        keyword, _, rest = line.partition(" ")
        if keyword in {"msgid", "msgid_plural"}:
            ids.append(ast.literal_eval(rest))
        elif keyword.startswith("msgstr"):
            strings.append(ast.literal_eval(rest))
        elif not line:
            if ids and ids[0]:
                known[tuple(ids)] = tuple(strings)
            ids, strings = [], []
    return known


def write(path: Path, known: dict[Message, Message]) -> None:
    """Write a ``.po`` file: the sentences in order, each with what it is in the other language."""
    parts = [_HEADER]
    for ids, strings in sorted(known.items()):
        lines = [f"msgid {_quoted(ids[0])}"]
        if len(ids) > 1:
            lines += [f"msgid_plural {_quoted(ids[1])}"]
            lines += [f"msgstr[{n}] {_quoted(one)}" for n, one in enumerate(strings)]
        else:
            lines += [f"msgstr {_quoted(strings[0])}"]
        parts.append("\n".join(lines) + "\n")
    path.write_text("\n".join(parts), "utf-8")


def compiled(known: dict[Message, Message]) -> bytes:
    """Return a ``.mo`` file as gettext reads it (GNU gettext manual, 10.3), without the untranslated."""
    header = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"
    pairs = {b"": header.encode()}
    for ids, strings in known.items():
        if all(strings):
            pairs["\0".join(ids).encode()] = "\0".join(strings).encode()
    keys = sorted(pairs)
    at = 28 + 16 * len(keys)
    tables: list[list[int]] = [[], []]
    blob = b""
    for table, texts in zip(tables, (keys, [pairs[key] for key in keys]), strict=True):
        for text in texts:
            table += [len(text), at + len(blob)]
            blob += text + b"\0"
    numbers = [0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0, *tables[0], *tables[1]]
    return struct.pack(f"<{len(numbers)}I", *numbers) + blob


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def main() -> None:
    """Gather and compile for every language there is a folder for."""
    sentences = said()
    for path in sorted(WEB.glob("locale/*/LC_MESSAGES/django.po")):
        before = read(path)
        known = {one: before.get(one, ("",) * len(one)) for one in sentences}
        write(path, known)
        path.with_suffix(".mo").write_bytes(compiled(known))
        missing = sum(not all(one) for one in known.values())
        sys.stdout.write(f"{path.parts[-3]}: {len(known)} sentences, {missing} without a translation\n")


if __name__ == "__main__":
    main()
