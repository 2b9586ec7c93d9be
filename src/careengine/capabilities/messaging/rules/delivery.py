"""A message did not arrive: is it sent again, said another way, or does a person take over? Pure."""

from dataclasses import replace
from datetime import datetime

from careengine.capabilities.messaging.model import Contact, Note, Rules
from careengine.capabilities.messaging.rules.choosing import NOBODY, decide_message
from careengine.kernel.decision import Decision, Evidence, Reason, Route

AGAIN, PERSON = "again", "person"
_AGAIN = frozenset({"messaging.quiet_hours", "messaging.caps", "messaging.address_gone", "too_late"})
"""Nothing was wrong with the way, only with the moment: it is decided anew."""
_ANOTHER_WAY = frozenset({"exhausted"})
"""The way itself is out of order: every attempt was used up."""


def decide_delivery(
    why: str, *, tried: tuple[str, ...], note: Note, contact: Contact, rules: Rules, now: datetime
) -> Decision:
    """Say what follows a message that failed: ``again``, the next channel's name, or ``person``.

    ``why`` is that of the ``EffectFailed`` (``rejected:sms.21610``), or ``undelivered:30003``
    from a status; ``tried`` are the channels that failed, the last one last.
    """
    status, _, code = why.partition(":")
    meaning = _meaning(status, code, rules)
    channel = tried[-1] if tried else ""
    said = Reason("messaging.not_delivered", {"channel": channel, "why": why, "meaning": meaning})
    if meaning == AGAIN:
        return _decision(contact, rules, AGAIN, Route.PROCEED, said)
    if meaning in {"ours", "unknown"}:
        return _decision(contact, rules, PERSON, Route.ASK, said)
    next_way = decide_message(contact, replace(note, prompted=False), rules=rules, now=now, without=tried)
    if next_way.answer == NOBODY:
        return _decision(contact, rules, PERSON, Route.ASK, said, *next_way.because)
    return _decision(contact, rules, next_way.answer, Route.PROCEED, said, *next_way.because)


def _meaning(status: str, code: str, rules: Rules) -> str:
    """Return what a failure means; a code that policy does not list is for a person to look at."""
    if code in _AGAIN:
        return AGAIN
    if status in _ANOTHER_WAY or code == "messaging.wrong_number":
        return "unreachable"
    if code.startswith("consent."):
        return "refused"
    return rules.sending.failures.get(code.rpartition(".")[2], "unknown")


def _decision(contact: Contact, rules: Rules, answer: str, route: Route, *because: Reason) -> Decision:
    return Decision(
        question="messaging.delivery",
        route=route,
        answer=answer,
        because=because,
        policy=rules.sending.ref,
        evidence=(Evidence(source=f"{contact.ref or 'Patient/unknown'}#telecom"),),
    )
