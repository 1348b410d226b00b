"""The rights that the engine should give."""

from __future__ import annotations

from assetstream.sharing.keys import Keys
from assetstream.sharing.rights import reader_rights, worker_rights

KEYS = Keys("f")
WRITES = {"+set", "+hset", "+xadd", "+del", "+eval", "+pexpire"}


def test_a_reader_can_write_nothing() -> None:
    """Neither by a command nor by a script, nor read what is not the fleet's."""
    words = reader_rights(KEYS)

    assert not WRITES & {*words}
    assert [word for word in words if "~" in word] == ["%R~as:{f}:*"]
    assert words.index("-@all") < min(i for i, w in enumerate(words) if w[0] == "+")


def test_a_reader_of_one_account_has_no_other_keys() -> None:
    """Its own, and the pulses of all workers."""
    words = reader_rights(KEYS, "alice")

    assert [w for w in words if "~" in w] == ["%R~as:{f}:?:alice", "%R~as:{f}:p:*"]


def test_a_worker_writes_its_fleet_alone() -> None:
    """Never lists keys, empties the engine or configures it."""
    words = worker_rights(KEYS)

    assert [word for word in words if "~" in word] == ["~as:{f}:*"]
    assert {*words} >= WRITES
    assert not {"+keys", "+flushall", "+config", "+acl"} & {*words}
