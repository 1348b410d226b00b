"""The word of a worker."""

from __future__ import annotations

import math

from assetstream.core.present import UNNAMED, Present
from assetstream.model.states import State
from assetstream.sharing.entries import Pulse
from assetstream.sharing.word import Word, make_pulse, word_of

NOW = 100.0


def live(**fields: object) -> Present:
    """Return what a stream shows that is LIVE, and was proved a second ago."""
    present = Present("upbit", "alice")
    present.state = State.LIVE
    present.proof, present.dead_at = NOW - 1.0, NOW + 20.0
    for name, value in fields.items():
        setattr(present, name, value)
    return present


def test_p2_what_is_live_is_vouched_for() -> None:
    """For as long as it is, by its last proof."""
    assert word_of(live(), NOW) == Word(20.0, 1.0, ())


def test_p2_a_lease_that_ends_before_counts() -> None:
    """LIVE ends with whichever ends first (A7)."""
    assert word_of(live(lease_ends_at=NOW + 3.0), NOW).left == 3.0


def test_p2_what_is_not_live_is_not_vouched_for() -> None:
    """Nor what is so by its last decision only."""
    for present in (live(state=State.STALE), live(dead_at=NOW - 0.1)):
        assert word_of(present, NOW) == Word(0.0, 0.0, ())


def test_p2_doubts_are_told_and_what_is_not_known() -> None:
    """Of all that are not held, too."""
    present = live(doubts={"BTC": 1.0, UNNAMED: 2.0}, unknown=frozenset({"XRP"}))

    assert word_of(present, NOW).doubts == ("", "BTC", "XRP")


def test_p2_a_pulse_lists_exceptions_only() -> None:
    """What is not named is LIVE for longer than anybody asks for."""
    words = {
        "alice": Word(20.0, 0.5, ()),
        "bob": Word(1.5, 2.0, ("BTC",)),
        "dave": Word(-0.1, 9.0, ("BTC",)),
    }

    pulse = make_pulse(7, NOW, 2, ["alice", "bob", "carol", "dave"], words)

    assert pulse == Pulse(
        7, NOW, 2.0, {"bob": 1.5, "carol": 0.0, "dave": 0.0}, {"bob": ("BTC",)}, 2
    )


def test_p2_nothing_is_said_of_what_is_not_named() -> None:
    """It is another worker's, and so is the word."""
    words = {"alice": Word(math.inf, 7.0, ("BTC",))}

    assert make_pulse(1, NOW, 2, [], words) == Pulse(1, NOW, connection=2)
