"""What an exchange's adapter knows that a diagnosis can tell a person.

Nothing here is needed to run a stream, and every answer has a default: a new adapter
overrides what it knows better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, TypeVar

from assetstream.errors import AssetStreamError

if TYPE_CHECKING:
    from assetstream.protocol import Exchange, Limits

__all__ = ["Advising"]

Self = TypeVar("Self", bound="Advising")


class Advising:
    """The half of ``Exchange`` that speaks to people.

    Attributes:
        title: the name as people write it.
        proof: what of the exchange's own proves a subscription.
        silence: what it means that nothing is pushed though the subscription is proved.
    """

    title: str = "the exchange"
    proof: str = "the exchange's answer"
    silence: str = "It pushes only when a balance changes."

    @property
    def key_form(self) -> str:
        """The form of key and secret, no part of either shown."""
        return ""

    def key_hints(self) -> tuple[str, ...]:
        """What looks wrong with key or secret, each with the remedy; () if nothing."""
        return ()

    def knows_key(self, error: AssetStreamError) -> bool:
        """Tell whether a refusal, ``error``, shows that it does know the key."""
        return True

    def elsewhere(self) -> Mapping[str, Exchange]:
        """The same key at the exchange's other hosts, by region; empty if none."""
        return {}

    def with_limits(self: Self, limits: Limits) -> Self:
        """The same account with other ``limits``; for a diagnosis in a hurry."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__, limits=limits)
        return twin
