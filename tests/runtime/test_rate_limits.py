"""Rate limits that the streams of one place share."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from assetstream import CoinW, Upbit
from assetstream.runtime.rate_limits import AUDIT_SHARE, Budget, place_of


def test_a_place_is_an_exchange_and_its_host() -> None:
    """The key is not part of it: exchanges count by the address of this machine."""
    sg = Upbit("key", "secret", region="sg")
    assert place_of(sg) == place_of(Upbit("other", "secret", region="sg"))
    assert place_of(sg) != place_of(Upbit("key", "secret", region="id"))
    assert place_of(sg) != place_of(CoinW("key", "secret"))


def test_more_members_take_more_time() -> None:
    """To connect, one after another; and to audit, in half of the reads."""
    budget = Budget(replace(Upbit.limits, connects_together=2.0, reads_together=10.0))
    assert budget.connect_time() == 0.0
    assert budget.least_audit_interval() == 0.0
    budget.members.update(range(20))
    assert budget.connect_time() == pytest.approx(20 * budget.connects.step)
    assert budget.connect_time() >= 20 / 2.0
    assert budget.least_audit_interval() == 20 / (10.0 * AUDIT_SHARE)
