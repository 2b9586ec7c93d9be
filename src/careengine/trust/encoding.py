"""A decision as bytes and back, exactly: what the ledger keeps and what replay compares."""

from enum import IntEnum
from math import isfinite

import msgspec

from careengine.kernel.decision import AdverseDecision, Decision, Refusal
from careengine.kernel.errors import Refused


class Kind(IntEnum):
    """What sort of decision it is; the numbers are those of the ledger's rows."""

    FAVOURABLE = 0
    REFUSAL = 1
    ADVERSE = 2


class UnknownDecisionKind(Refused):
    """A decision is of a class the ledger does not know."""


class DecisionUnwritable(Refused):
    """A decision holds a value that cannot be kept and read back exactly."""


_KINDS: dict[type[Decision], Kind] = {
    Decision: Kind.FAVOURABLE,
    Refusal: Kind.REFUSAL,
    AdverseDecision: Kind.ADVERSE,
}
_encode = msgspec.json.Encoder(order="deterministic").encode
_decoders = {kind: msgspec.json.Decoder(cls) for cls, kind in _KINDS.items()}


def kind_of(decision: Decision) -> Kind:
    """Return the kind by the exact class: a class of somebody's own making could hide a refusal."""
    try:
        return _KINDS[type(decision)]
    except KeyError:
        raise UnknownDecisionKind(
            f"A decision on {decision.question} is a {type(decision).__name__}. "
            "Answer with Decision, Refusal or AdverseDecision."
        ) from None


def encode_decision(decision: Decision) -> tuple[Kind, bytes]:
    """Return its kind and its JSON: the same decision always gives the same bytes.

    Raises :class:`DecisionUnwritable` for a number that is not finite or a text that
    is not Unicode, which JSON would change on the way.
    """
    kind = kind_of(decision)
    for reason in decision.because:
        for value in reason.params.values():
            if type(value) is float and not isfinite(value):
                raise _unwritable(decision)
    if decision.threshold is not None and not isfinite(decision.threshold):
        raise _unwritable(decision)
    for flip in decision.flips:
        if type(flip.becomes) is float and not isfinite(flip.becomes):
            raise _unwritable(decision)
    try:
        return kind, _encode(decision)
    except (UnicodeEncodeError, TypeError, OverflowError) as error:
        raise _unwritable(decision) from error


def decode_decision(kind: int, raw: bytes) -> Decision:
    """Return the decision that :func:`encode_decision` wrote."""
    return _decoders[Kind(kind)].decode(raw)


def _unwritable(decision: Decision) -> DecisionUnwritable:
    return DecisionUnwritable(
        f"A decision on {decision.question} holds a number that is not finite or a value JSON cannot hold. "
        "Mend the rule that made it."
    )
