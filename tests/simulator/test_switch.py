"""The handle of misbehaviour."""

from __future__ import annotations

import pytest

from assetstream.simulator import Switch


def test_it_goes_off_with_its_block_or_by_hand() -> None:
    """Also if the block raises; twice does no harm to what it switches."""
    calls = list[str]()
    switch = Switch(lambda: calls.append("off"))

    def fail() -> None:
        with switch:
            assert calls == []
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert calls == ["off"]
    switch.off()

    assert calls == ["off", "off"]
