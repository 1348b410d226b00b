"""The scripts: what they keep is tested with real engines, in ``test_engine``."""

from __future__ import annotations

import re

from assetstream.sharing import scripts


def test_each_that_writes_an_account_compares_owner_and_token() -> None:
    """A script that did not could be used by anybody who was the owner once."""
    for name in ("PUBLISH", "RELEASE"):
        code = getattr(scripts, name)
        assert re.search(r"'owner', 'token'", code), name
        assert "ARGV[1]" in code, name


def test_what_a_reader_runs_writes_nothing() -> None:
    """Only commands that its rights name."""
    commands = set(re.findall(r"redis\.call\('(\w+)'", scripts.SNAPSHOT))

    assert commands == {"XREVRANGE", "HGETALL"}
