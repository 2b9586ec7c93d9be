"""Whether a Narrative's XHTML is well formed and harmless (HL7 txt-1, txt-2)."""

import re
from html import unescape

_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>|<!--(?:.*?-->)?|<|&(?!#?\w+;)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"\s+([A-Za-z_:][\w:.\-]*)\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_ALLOWED_TAGS = """
    a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6
    hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var u
"""
_ALLOWED_ATTRIBUTES = """
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff
    charset cite class clear color colspan compact coords dir frame headers height href hreflang hspace id
    ismap lang longdesc name noshade nowrap rel rev rowspan rules scope shape size span src start style
    summary tabindex title type usemap valign value vspace width xml:lang xml:space xmlns
"""
_ALLOWED = frozenset(_ALLOWED_TAGS.split())
_ATTRIBUTES = frozenset(_ALLOWED_ATTRIBUTES.split())
_SCRIPT = re.compile(r"(?i)(?:javascript|vbscript|data:text/html)")
_IGNORED = re.compile(r"[\s\x00-\x1f]+")
_MALFORMED = "txt-1: the narrative is not well-formed XHTML"


def problem_of(div: str) -> str | None:
    """Say what is wrong with a Narrative's ``div``, or None."""
    text = div.strip()
    if not re.match(r"<div[\s>/]", text):
        return "txt-1: a narrative must be one <div> element"
    open_tags: list[str] = []
    content = False
    end = 0
    for found in _TAG.finditer(text):
        content = content or bool(text[end : found.start()].strip())
        end = found.end()
        what = _tag(found, open_tags)
        if what is not None:
            return what
        content = content or found[2] == "img"
        if not open_tags and end < len(text):
            return "txt-1: a narrative must be one <div> element"
    if open_tags:
        return "txt-1: an element of the narrative is not closed"
    return None if content else "txt-2: a narrative must have content"


def _tag(found: re.Match[str], open_tags: list[str]) -> str | None:
    closing, name, attributes, empty = found.groups()
    if name is None:
        return None if found[0].endswith("-->") else _MALFORMED
    if closing:
        return None if open_tags and open_tags.pop() == name else _MALFORMED
    if name not in _ALLOWED:
        return "txt-1: an element that a narrative may not hold"
    if not empty:
        open_tags.append(name)
    return _attributes(attributes.rstrip())


def _attributes(text: str) -> str | None:
    at = 0
    while at < len(text):
        found = _ATTRIBUTE.match(text, at)
        if found is None:
            return _MALFORMED
        at = found.end()
        if not _is_allowed(found[1], found[2][1:-1]):
            return "txt-1: an attribute that a narrative may not hold"
    return None


def _is_allowed(name: str, value: str) -> bool:
    """Tell whether an attribute is of HTML's basic ones and its address runs no script."""
    known = name in _ATTRIBUTES or name.startswith(("xmlns:", "data-"))
    return known and not _SCRIPT.match(_IGNORED.sub("", unescape(value)))
