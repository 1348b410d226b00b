"""Cases in which all is well, or is mended by the stream."""

from __future__ import annotations

import signal
import threading
from decimal import Decimal
from functools import partial

import pytest
from click.testing import CliRunner

from assetstream import (
    AssetStream,
    AssetUpdate,
    Source,
    StaleBalance,
    State,
    StreamTimeout,
)
from assetstream.cli.main import assetstream
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Balances, Fault
from tests.support.event_recorder import PATIENCE
from tests.support.processes import Program
from tests.support.secrecy.setup import Case, SecrecySetup

__all__ = ["NORMAL_USE"]


def live_and_pushed(setup: SecrecySetup) -> None:
    with setup.live() as stream, stream.updates() as updates:
        setup.account.deposit("BTC", "1")
        setup.recorder.wait_for(
            lambda e: isinstance(e, AssetUpdate) and e.source is Source.STREAM
        )
        setup.detector.add("update", updates.get(PATIENCE))
        setup.finish(stream)
    assert setup.detector.signatures


def reconnected(setup: SecrecySetup) -> None:
    stream = setup.live()
    setup.simulator.drop_connections()
    setup.recorder.wait_for_state(State.LIVE, times=2)
    setup.finish(stream)


def recovered(setup: SecrecySetup) -> None:
    """A change during an outage is delivered before LIVE, which carries the gap."""
    stream = setup.live()
    setup.pass_time(11)  # REST has caught up with the first read.
    with setup.simulator.refuse_upgrades(503):
        setup.simulator.drop_connections()
        setup.recorder.wait_for_state(State.STALE)
        setup.account.deposit("BTC", "1")
    live = setup.recorder.wait_for_state(State.LIVE, times=2)
    assert live.gap is not None
    assert live.gap.recovered == 1
    setup.recorder.wait_for(lambda e: getattr(e, "source", None) is Source.RECOVERED)
    setup.finish(stream)


def audited(setup: SecrecySetup) -> None:
    """An audit finds a change that was never pushed."""
    stream = setup.live()
    with setup.account.mute():
        setup.account.deposit("BTC", "1")
        setup.elapse(stream, lambda: stream.health().drifts)
    setup.recorder.wait_for(lambda e: getattr(e, "source", None) is Source.AUDIT)
    setup.finish(stream)


class Other(Fault):
    """Makes REST show an amount that was never pushed."""

    def __init__(self) -> None:
        self.amount = Decimal(70)

    def shown(self, account: Account, balances: Balances) -> Balances:
        return {**balances, "BTC": (self.amount, Decimal(0))}


def disputed(setup: SecrecySetup) -> None:
    """REST and stream disagree in three audits, which is an error for the user."""
    stream = setup.live()
    other = Other()
    with setup.simulator.faults.add(other):
        for drifts in range(3):
            with stream.expect(lambda u: u.source is Source.STREAM, PATIENCE):
                setup.account.deposit("BTC", "1")
            other.amount += 1
            setup.elapse(stream, partial(drifted, stream, drifts + 1))
    setup.recorder.wait_for(lambda e: "disagree" in str(e))
    setup.finish(stream)


def drifted(stream: AssetStream, times: int) -> bool:
    return stream.health().drifts >= times


def slow_callback(setup: SecrecySetup) -> None:
    """Updates are folded, and the log names the handler and its line."""
    entered, released = threading.Event(), threading.Event()

    def slow(update: AssetUpdate) -> None:
        entered.set()
        released.wait(PATIENCE)

    stream = setup.stream(on_asset=slow, max_pending=2)
    stream.on_asset(setup.recorder)
    stream.start()
    assert entered.wait(PATIENCE)
    for _ in range(6):
        with stream.expect(lambda u: True, PATIENCE):
            setup.account.deposit("BTC", "1")
    setup.elapse(stream, lambda: setup.detector.contains(f'slow, file "{__file__}"'))
    released.set()
    setup.recorder.wait_for(lambda e: getattr(e, "folded", 0))
    setup.finish(stream)


def waited_in_vain(setup: SecrecySetup) -> None:
    """Waits time out, and a balance that is too old is refused."""
    stream = setup.live()
    with pytest.raises(StreamTimeout) as timeout:
        stream.wait_for(lambda u: False, 0.01)
    setup.detector.add_error("raised by wait_for()", timeout.value)
    with pytest.raises(StreamTimeout) as timeout, stream.expect(lambda u: False, 0.01):
        pass
    setup.detector.add_error("raised by expect()", timeout.value)
    with stream.updates() as updates:
        for _ in stream.balances:
            updates.get(PATIENCE)
        with pytest.raises(StreamTimeout) as timeout:
            updates.get(0.01)
    setup.detector.add_error("raised by get()", timeout.value)
    with pytest.raises(StaleBalance) as stale:
        stream.balance("BTC", max_age=1e-9)
    setup.detector.add_error("raised by balance()", stale.value)
    setup.finish(stream)


#: A command with all logs shown, as somebody does who looks for a fault.
COMMAND = """
import logging
logging.basicConfig(level=logging.DEBUG)
from assetstream.cli import main
main()
"""


def command_line(setup: SecrecySetup) -> None:
    """``assetstream watch --json`` becomes LIVE, and is then refused."""
    program = Program(
        *("-c", COMMAND, "watch", *choice(setup), "--json"),
        environment=setup.account.environment(),
    )
    with program as running:
        running.wait_for("LIVE")
        setup.account.deposit("BTC", "1")
        running.wait_for("STREAM")
        with setup.simulator.refuse_logins():
            setup.simulator.drop_connections()
            running.wait_for("AuthenticationError")
        running.interrupt()
        assert running.finish() == 0, running.output
    setup.detector.add("command line", running.output)
    assert setup.detector.contains("DEBUG:")


def other_commands(setup: SecrecySetup) -> None:
    """``balances`` succeeds; a refused login ends ``watch``, and ``doctor`` tells."""
    run(setup, "balances", expect=0)
    with setup.simulator.refuse_logins():
        run(setup, "watch", expect=1)
        run(setup, "doctor", expect=1)


def run(setup: SecrecySetup, command: str, expect: int) -> None:
    """Run a command in this process, where its logs are searched as well."""
    kept = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        result = CliRunner().invoke(
            assetstream, [command, *choice(setup)], env=setup.account.environment()
        )
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert result.exit_code == expect, result.output
    setup.detector.add(command, result.output)


def choice(setup: SecrecySetup) -> list[str]:
    """Return the arguments by which a command finds the account."""
    region = vars(setup.exchange).get("region")
    return [setup.account.name, *(["--region", region] if region else [])]


NORMAL_USE: dict[str, Case] = {
    "live and pushed": live_and_pushed,
    "reconnected": reconnected,
    "recovered": recovered,
    "audited": audited,
    "disputed": disputed,
    "slow callback": slow_callback,
    "waited in vain": waited_in_vain,
    "watch --json": command_line,
    "balances, watch, doctor": other_commands,
}
