"""What goes well, or is mended."""

from __future__ import annotations

import threading
from decimal import Decimal
from functools import partial

import pytest

from assetstream import (
    AssetStream,
    AssetUpdate,
    Source,
    StaleBalance,
    State,
    StreamTimeout,
)
from assetstream.simulator.account import Account
from assetstream.simulator.faults import Balances, Fault
from tests.support.processes import Program
from tests.support.recorders import PATIENCE
from tests.support.secrecy.scene import Play, Scene

__all__ = ["GOING_WELL"]


def live_and_pushed(scene: Scene) -> None:
    with scene.live() as stream, stream.updates() as updates:
        scene.account.deposit("BTC", "1")
        scene.heard.wait_for(
            lambda e: isinstance(e, AssetUpdate) and e.source is Source.STREAM
        )
        scene.out.add("update", updates.get(5.0))
        scene.ended(stream)


def reconnected(scene: Scene) -> None:
    stream = scene.live()
    scene.simulator.drop_connections()
    scene.heard.wait_for_state(State.LIVE, times=2)
    scene.ended(stream)


def recovered(scene: Scene) -> None:
    """A change during an outage, delivered before LIVE and with the gap."""
    stream = scene.live()
    with scene.simulator.refuse_upgrades(503):
        scene.simulator.drop_connections()
        scene.heard.wait_for_state(State.STALE)
        scene.account.deposit("BTC", "1")
    live = scene.heard.wait_for_state(State.LIVE, times=2)
    assert live.gap is not None
    assert live.gap.recovered == 1
    scene.heard.wait_for(lambda e: getattr(e, "source", None) is Source.RECOVERED)
    scene.ended(stream)


def audited(scene: Scene) -> None:
    """A change that was never pushed."""
    stream = scene.live()
    with scene.account.mute():
        scene.account.deposit("BTC", "1")
        scene.elapse(stream, lambda: stream.health().drifts)
    scene.heard.wait_for(lambda e: getattr(e, "source", None) is Source.AUDIT)
    scene.ended(stream)


class Other(Fault):
    """REST shows what the stream never said."""

    def __init__(self) -> None:
        self.amount = Decimal(70)

    def shown(self, account: Account, balances: Balances) -> Balances:
        return {**balances, "BTC": (self.amount, Decimal(0))}


def disputed(scene: Scene) -> None:
    """REST and stream disagree, audit for audit, until the user is told."""
    stream = scene.live()
    other = Other()
    with scene.simulator.faults.add(other):
        for drifts in range(3):
            with stream.expect(lambda u: u.source is Source.STREAM, PATIENCE):
                scene.account.deposit("BTC", "1")
            other.amount += 1
            scene.elapse(stream, partial(drifted, stream, drifts + 1))
    scene.heard.wait_for(lambda e: "disagree" in str(e))
    scene.ended(stream)


def drifted(stream: AssetStream, times: int) -> bool:
    return stream.health().drifts >= times


def slow_callback(scene: Scene) -> None:
    """Updates are folded, and the log names the handler and its line."""
    entered, released = threading.Event(), threading.Event()

    def slow(update: AssetUpdate) -> None:
        entered.set()
        released.wait(PATIENCE)

    stream = scene.stream(on_asset=slow, max_pending=2)
    stream.on_asset(scene.heard)
    stream.start()
    assert entered.wait(PATIENCE)
    for _ in range(6):
        with stream.expect(lambda u: True, PATIENCE):
            scene.account.deposit("BTC", "1")
    scene.elapse(stream, lambda: scene.out.contains(f'slow, file "{__file__}"'))
    released.set()
    scene.heard.wait_for(lambda e: getattr(e, "folded", 0))
    scene.ended(stream)


def waited_in_vain(scene: Scene) -> None:
    """For an update that never comes, and for a number that is too old."""
    stream = scene.live()
    with pytest.raises(StreamTimeout) as timeout:
        stream.wait_for(lambda u: False, 0.01)
    scene.out.add_error("raised by wait_for()", timeout.value)
    with pytest.raises(StreamTimeout) as timeout, stream.expect(lambda u: False, 0.01):
        pass
    scene.out.add_error("raised by expect()", timeout.value)
    with stream.updates() as updates:
        for _ in stream.balances:
            updates.get(PATIENCE)
        with pytest.raises(StreamTimeout) as timeout:
            updates.get(0.01)
    scene.out.add_error("raised by get()", timeout.value)
    with pytest.raises(StaleBalance) as stale:
        stream.balance("BTC", max_age=1e-9)
    scene.out.add_error("raised by balance()", stale.value)
    scene.ended(stream)


#: A command with all logs shown, as somebody does who looks for a fault.
COMMAND = """
import logging, sys
logging.basicConfig(level=logging.DEBUG)
from assetstream.cli import main
main()
"""


def command_line(scene: Scene) -> None:
    """``assetstream watch --json``: live, pushed, and refused once it was live."""
    with command(scene, "watch", "--json") as running:
        running.wait_for("LIVE")
        scene.account.deposit("BTC", "1")
        running.wait_for("STREAM")
        with scene.simulator.refuse_logins():
            scene.simulator.drop_connections()
            running.wait_for("AuthenticationError")
        running.interrupt()
        assert running.finish() == 0, running.told
    scene.out.add("command line", running.told)
    assert scene.out.contains("DEBUG:")


def command_line_refused(scene: Scene) -> None:
    """In lines for people, ended by the error."""
    with scene.simulator.refuse_logins(), command(scene, "watch") as running:
        assert running.finish() == 1, running.told
    scene.out.add("command line", running.told)
    assert scene.out.contains("DEBUG:")


def other_commands(scene: Scene) -> None:
    """What is held, and why it cannot be read any more."""
    with command(scene, "balances") as running:
        assert running.finish() == 0, running.told
    scene.out.add("balances", running.told)
    with scene.simulator.refuse_logins(), command(scene, "doctor") as running:
        assert running.finish() == 1, running.told
    scene.out.add("doctor", running.told)
    assert scene.out.contains("DEBUG:")


def command(scene: Scene, name: str, *options: str) -> Program:
    """A command as the account's owner starts it."""
    region = ["--region", "sg"] if scene.account.name == "upbit" else []
    return Program(
        *("-c", COMMAND, name, scene.account.name, *region, *options),
        environment=scene.account.environment(),
    )


GOING_WELL: dict[str, Play] = {
    "live and pushed": live_and_pushed,
    "reconnected": reconnected,
    "recovered": recovered,
    "audited": audited,
    "disputed": disputed,
    "slow callback": slow_callback,
    "waited in vain": waited_in_vain,
    "watch --json": command_line,
    "watch, refused": command_line_refused,
    "balances, doctor": other_commands,
}
