"""The names in the engine."""

from __future__ import annotations

import pytest

from assetstream.model.errors import ConfigurationError
from assetstream.sharing.keys import Keys, check_label


def test_all_keys_of_a_fleet_lie_in_one_slot() -> None:
    """Each has the fleet's name in braces, and none is another's."""
    keys = Keys("desk-1")
    made = [
        keys.lease("w"),
        keys.pulses("w"),
        keys.head("w"),
        keys.book("w"),
        keys.log("w"),
    ]

    assert made == [f"as:{{desk-1}}:{kind}:w" for kind in "wpabl"]
    assert keys.lease("w") == keys.leases + "w"
    # No label's key: those have a colon more.
    assert keys.accounts == "as:{desk-1}:accounts"


@pytest.mark.parametrize("fleet", ["", "a b", "a}", "*", "x" * 65, None, "ä"])
def test_a_fleet_s_name_fits_into_braces_and_patterns(fleet: str) -> None:
    """Anything else would be another slot, or a right to read more."""
    with pytest.raises(ConfigurationError, match="fleet must be"):
        Keys(fleet)


def test_a_reader_of_one_account_is_granted_no_other() -> None:
    """What would stand for any text in a pattern stands for itself."""
    keys = Keys("f")

    assert keys.pattern() == ("as:{f}:*",)
    assert keys.pattern("alice") == ("as:{f}:?:alice", "as:{f}:p:*")
    assert keys.pattern(r"a*[b]?\c")[0] == r"as:{f}:?:a\*\[b\]\?\\c"


@pytest.mark.parametrize("label", ["", " ", "a b", "a\n", "x" * 201, 7, None])
def test_a_label_that_no_right_can_name_is_refused(label: object) -> None:
    """The engine's patterns know no space."""
    with pytest.raises(ConfigurationError, match="label"):
        check_label(label)


@pytest.mark.parametrize("label", ["alice", "upbit-7f3a", "desk:1/ä", "x" * 200])
def test_a_label_is_kept_as_it_is(label: str) -> None:
    """Any printable text may name an account."""
    assert check_label(label) == label
