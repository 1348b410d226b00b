"""Faults in the form of the command line."""

from __future__ import annotations

import re

import pytest

from assetstream.cli.console.fault_spec import FaultSpec, read_fault
from assetstream.display.words import listed
from assetstream.exchanges import EXCHANGES
from tests.support.processes import ROOT

READ: dict[str, FaultSpec] = {
    "silent_drop": FaultSpec("silent_drop"),
    "silent_drop:10s": FaultSpec("silent_drop", 0.0, 10.0),
    "silent_drop@500ms": FaultSpec("silent_drop", 0.5),
    "silent_drop@5s:2m": FaultSpec("silent_drop", 5.0, 120.0),
    "rest_stale,seconds=30": FaultSpec("rest_stale", parameters={"seconds": 30.0}),
    "rest_stale@1s:2s,exchange=coinw,seconds=1m": FaultSpec(
        "rest_stale", 1.0, 2.0, "coinw", {"seconds": 60.0}
    ),
    "clock_jump,seconds=-1.5": FaultSpec("clock_jump", parameters={"seconds": -1.5}),
    "maintenance,retry_after=0": FaultSpec(
        "maintenance", parameters={"retry_after": 0.0}
    ),
    "handshake_byte_by_byte,pause=1ms": FaultSpec(
        "handshake_byte_by_byte", parameters={"pause": 0.001}
    ),
    "huge_frame,size=2000000": FaultSpec("huge_frame", parameters={"size": 2_000_000}),
    "pushes_lost,share=0.1": FaultSpec("pushes_lost", parameters={"share": 0.1}),
    "rest_omitting,currencies=btc+ETH": FaultSpec(
        "rest_omitting", parameters={"currencies": ["BTC", "ETH"]}
    ),
    # Neither its colons nor its comma part anything.
    "upgrade_redirect,location=ws://127.0.0.1:9/a,b@c": FaultSpec(
        "upgrade_redirect", parameters={"location": "ws://127.0.0.1:9/a,b@c"}
    ),
}
WRONG = {
    "": "form",
    "silent_drop,": "form",
    "silent_drop 10s": "form",
    "silent_drop:1s@1s": "form",
    "silent_drops": "did you mean silent_drop",
    "silent_drop:": "'' is no duration",
    "silent_drop@soon": "'soon' is no duration",
    "silent_drop@-1s": "'-1s' is no duration",
    "silent_drop,seconds=3": "silent_drop does not take seconds: it takes exchange",
    "tcp_refused,seconds=3": "it takes nothing",
    "tcp_refused,exchange=upbit": "no accounts",
    "login_invalid_auth,exchange=coinw": "cannot happen at coinw",
    "silent_drop,exchange=": f"'' is no exchange; {listed(EXCHANGES, 'and')} are",
    "silent_drop,exchange=ftx": "'ftx' is no exchange",
    "rest_slow,seconds=1,seconds=2": "seconds twice",
    "rest_slow,seconds=": "rest_slow, seconds: '' is no time",
    "rest_slow,seconds=-1": "below 0",
    "rest_slow,seconds=inf": "'inf' is no time",
    "pushes_lost,share=2": "no share",
    "pushes_lost,share=half": "no share",
    "huge_frame,size=1e3": "no number of bytes",
    "upgrade_redirect,location=elsewhere": "no URL",
    "rest_omitting,currencies=BTC+": "names no currencies",
}


@pytest.mark.parametrize("text", READ)
def test_a_fault_is_read(text: str) -> None:
    """The form has name, start, length, account and parameters."""
    assert read_fault(text, "--list-faults") == READ[text]


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_one_is_explained(text: str) -> None:
    """The message is one line."""
    with pytest.raises(ValueError, match=WRONG[text]) as raised:
        read_fault(text, "--list-faults")

    assert "\n" not in str(raised.value)


def test_faults_that_the_guide_writes_can_be_read() -> None:
    """Every ``--fault`` in the guide is valid."""
    text = (ROOT / "docs/how-to/simulator.md").read_text(encoding="utf-8")
    faults = re.findall(r"--fault ([^ `]+)", text)

    assert len(faults) >= 2
    assert [read_fault(fault, "--list-faults").name for fault in faults] == [
        "upgrade_503",
        "pushes_lost",
    ]
