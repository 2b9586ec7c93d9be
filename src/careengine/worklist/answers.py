"""What may be answered to each kind of card: policy, so that no page invents a button of its own. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from careengine.kernel.errors import Refused
from careengine.kernel.policy import PolicyName, PolicyRef


class UnlistedAnswer(Refused):
    """The card's kind does not offer this answer."""


@dataclass(frozen=True, slots=True)
class AnswersPolicy:
    """The answers each kind of card offers, the usual one first."""

    ref: PolicyRef
    answers: Mapping[str, tuple[str, ...]]
    numbers: frozenset[str]
    """Kinds that may also be answered with the number of a case."""


ANSWERS = PolicyName("worklist.answers", AnswersPolicy)


def answers_to(kind: str, *, policy: AnswersPolicy) -> tuple[str, ...]:
    """Return what may be answered to a card of ``kind``; raise :class:`UnlistedAnswer` if nobody said."""
    try:
        return policy.answers[kind]
    except KeyError:
        raise UnlistedAnswer(
            f"No answers are listed for cards of the kind {kind}. List them in worklist/answers.yaml."
        ) from None


def checked(kind: str, answer: str, *, policy: AnswersPolicy) -> str:
    """Return ``answer`` if cards of ``kind`` offer it; raise :class:`UnlistedAnswer` with what they offer."""
    offered = answers_to(kind, policy=policy)
    if answer in offered or (kind in policy.numbers and answer.isdecimal()):
        return answer
    also = ", or the number of a case" if kind in policy.numbers else ""
    raise UnlistedAnswer(f"A card of the kind {kind} offers {', '.join(offered)}{also}. Choose one of them.")
