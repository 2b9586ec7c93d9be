"""Whether a Narrative's XHTML is well formed and harmless (HL7 txt-1, txt-2)."""

import re

_TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*?)(/?)>|<!--.*?-->|<|&(?!#?\w+;)",
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
_SCRIPT = re.compile(r"(?i)\s*(?:javascript|vbscript)\s*:")


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
        return None if found[0].startswith("<!--") else "txt-1: the narrative is not well-formed XHTML"
    if closing:
        if not open_tags or open_tags.pop() != name:
            return "txt-1: the narrative is not well-formed XHTML"
        return None
    if name not in _ALLOWED:
        return "txt-1: an element that a narrative may not hold"
    if not empty:
        open_tags.append(name)
    return _attributes(attributes)


def _attributes(text: str) -> str | None:
    if not text.strip():
        return None
    if _ATTRIBUTE.sub("", text).strip():
        return "txt-1: the narrative is not well-formed XHTML"
    for name, value in _ATTRIBUTE.findall(text):
        known = name in _ATTRIBUTES or name.startswith(("xmlns:", "data-"))
        if not known or _SCRIPT.match(value[1:-1]):
            return "txt-1: an attribute that a narrative may not hold"
    return None
