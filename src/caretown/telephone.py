"""The senders' telephones: who is rung about a referral sends what was missing, as FHIR again."""

from caretown.desk import Card
from caretown.door import Door
from caretown.referrals import Post

_PATIENCE_S = 30.0


class Telephone:
    """Rings the sender of the referral that a card is about."""

    def __init__(self, door: Door, post: Post) -> None:
        self._door = door
        self._completed = {
            f"ServiceRequest/{letter.truth.service_request}": letter.completed
            for letter in post.letters
            if letter.completed is not None
        }

    def ring(self, card: Card) -> None:
        """Have what is missing sent, if the sender has it, and give the engine time to take it in."""
        completed = self._completed.get(card.about.split("@")[0])
        if completed is not None and self._door.send(completed).taken:
            self._door.wait_until_idle(patience_s=_PATIENCE_S)
