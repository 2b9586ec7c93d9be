"""The one door to fhirkit: whether bytes are JSON and have the structure R4 asks for."""

import re

import fhirkit

from careengine.record.problem import Problem

_QUOTED = re.compile(r'^(?:".*"|[-+0-9.eE]+) (?=(?:is|was) )', re.DOTALL)
_SAFE = re.compile(
    r"is not a valid [A-Za-z0-9]{1,20}|is not a FHIR (?:integer|decimal)"
    r"|is outside the 32-bit range of a FHIR integer"
    r"|is not an unsignedInt \(0 or more\)|is not a positiveInt \(1 or more\)"
    r"|expected [a-z ]{1,40}, found [a-z ]{1,30}"
    r"|an empty [A-Za-z0-9]{1,20} is not allowed(?:; leave the element out)?"
    r"|null is not allowed(?:; leave the element out| in an array of complex values)"
    r"|null with no extension in its place|unknown element|the key appears more than once"
    r"|a resource needs a resourceType|required element missing"
    r"|has \d+ entr(?:y|ies) but [A-Za-z]{1,40} has \d+; the two arrays must line up"
    r"|only one type may be given, found [A-Za-z0-9, ]{1,200}"
    r"|needs at least \d+ entr(?:y|ies), found \d+"
)
"""What fhirkit 0.1.0 says, its quotations taken away; anything else is replaced by a general sentence."""
_STEP = re.compile(r"[A-Z][A-Za-z]{2,40}|[a-z_][A-Za-z0-9]{0,40}(?:\[x\])?(?:\[\d+\])*")
_NOT_A_TYPE = "is not a FHIR R4 resource type this build knows"


def structure(raw: bytes) -> tuple[Problem, ...]:
    """Say what is wrong with the JSON or with the FHIR structure; never quotes a value.

    Covers JSON itself, types of values, cardinality, unknown and repeated elements, choice types and
    the formats of primitives. What it lets through is ``careengine.record.validate``'s to find.
    """
    try:
        issues = fhirkit.validate(raw)
    except fhirkit.ParseError as broken:
        return (Problem("", f"not JSON: {broken}"),)
    return tuple(_problem(issue) for issue in issues if issue.severity == "error")


def _problem(issue: fhirkit.Issue) -> Problem:
    if issue.message.endswith(_NOT_A_TYPE):
        return Problem(_path(issue.path), f"resourceType {_NOT_A_TYPE}")
    return Problem(_path(issue.path), _what(issue.message))


def _what(message: str) -> str:
    what = _QUOTED.sub("", message)
    return what if _SAFE.fullmatch(what) else "does not have the form R4 asks for"


def _path(path: str) -> str:
    """Keep a path up to the first step that does not look like an element's name."""
    kept = []
    for step in path.split("."):
        if not _STEP.fullmatch(step):
            break
        kept.append(step)
    return ".".join(kept)
