"""``Replay``: a recorded session that is served to any client."""

from __future__ import annotations

import math
from pathlib import Path

from msgspec import Struct

from assetstream.model.errors import ConfigurationError
from assetstream.recording.tape import Header, read_tape
from assetstream.simulator.account import Account
from assetstream.simulator.replay.connections import epoch, read_connections
from assetstream.simulator.replay.player import Player
from assetstream.simulator.simulator import STARTING_BALANCES, Simulator

__all__ = ["Replay", "ReplayStatus"]


class ReplayStatus(Struct, frozen=True, kw_only=True):
    """Progress of a replay.

    Attributes:
        position: seconds of the tape that were played.
        length: seconds of the whole tape.
        frames: number of frames that were pushed; recorded answers to logins,
            subscriptions and pings are not, for the client's own are answered.
        ended: True once the tape was played to the end.
    """

    position: float
    length: float
    frames: int
    ended: bool


class Replay:
    """An exchange that repeats a recorded session.

    Login and subscription are answered as the simulator answers them, with keys of its
    own. Then the recorded frames are pushed at their times, REST shows the balances of
    that point of the tape, and closes, drops and refused connections happen as they
    did. The tape begins when the first client has subscribed, waits for it to read its
    balances and to connect again after an outage, and pauses while no client is
    subscribed. At its end the connections stay open, and REST shows the last balances
    until ``stop()``.

    A connection that fell silent is cut where the recorded stream gave it up. Dates in
    frames are moved: at speed 1 they are as recent as they were, faster the
    last one is of the beginning of the replay, so that none lies in the future.

        with Replay("session.jsonl", speed=math.inf) as replay:
            with AssetStream(replay.account.exchange(), on_asset=print):
                replay.wait_for_end()

    Args:
        path: a tape of ``Recorder``'s or ``assetstream record``.
        speed: 2 plays twice as fast as it was; ``math.inf``: as fast as possible.
        port: the port to listen on; 0 takes a free one.

    Attributes:
        header: the first line of the tape.
        cut_off: True if the recording process did not write the tape's end.
        lost: number of entries that the tape lacks because its disk was too slow.
        account: the account that clients log in to, with keys and URLs.

    Raises:
        ConfigurationError: the file is no tape, or the speed is not above 0.
        OSError: the file cannot be read.
    """

    def __init__(self, path: str | Path, *, speed: float = 1.0, port: int = 0) -> None:
        if not speed > 0:
            raise ConfigurationError(f"speed must be a number above 0, not {speed!r}")
        tape = read_tape(path)
        header = tape.header
        options = header.options
        region = options.get("region", "sg")  # the simulator checks it
        self._simulator = Simulator(port=port, region=region, rate_limits=False)
        if header.exchange not in STARTING_BALANCES:
            raise ConfigurationError(
                f"{path} is a recording of {header.exchange}, which cannot be replayed"
            )
        self.header: Header = header
        self.cut_off = tape.cut_off
        self.lost = sum(
            x.fields.get("count", 0) for x in tape.lines if x.kind == "lost"
        )
        self.account: Account = self._simulator.open(header.exchange)
        self._length = tape.lines[-1].at if tape.lines else 0.0
        self._path = path
        self._tape = tape
        self._speed = speed
        self._player: Player | None = None

    def start(self) -> Replay:
        """Listen. Once it returns, clients can connect.

        Raises:
            OSError: the port cannot be listened on.
            ConfigurationError: the tape was edited, and lacks something.
        """
        self._simulator.start()
        try:
            self._player = self._make_player()
        except Exception as exc:  # of any kind: the tape may have been edited
            self._simulator.stop()
            raise ConfigurationError(
                f"{self._path}: a line lacks what belongs to its kind, or has it in "
                f"another form ({type(exc).__name__}: {exc})",
                remedy="Has it been edited?",
            ) from None
        self._simulator.faults.add(self._player)
        self._player.start()
        return self

    def _make_player(self) -> Player:
        return Player(
            self.account,
            read_connections(self._tape, self.account.exchange()),
            self._speed,
            epoch=epoch(self._tape),
            length=self._length,
        )

    def stop(self) -> None:
        """Cut connections, free the port, join every thread. May be called twice."""
        if self._player is not None:
            self._player.stop()
        self._simulator.stop()

    def wait_for_end(self, timeout: float | None = None) -> bool:
        """Wait until the tape was played to the end.

        Everything was sent then, but a client may not have received the last of it:
        wait there for what you expect, as by ``stream.wait_for``.

        Args:
            timeout: seconds; None for ever, 0 not at all.

        Returns:
            False if it was not, in time, or was never started.

        Raises:
            ConfigurationError: the tape was edited, and cannot be played any further.
        """
        if self._player is None:
            return False
        ended = self._player.wait_for_end(math.inf if timeout is None else timeout)
        if self._player.error is not None:
            exc = self._player.error
            raise ConfigurationError(
                f"{self._path}: the tape cannot be played past second "
                f"{self._player.position:g} ({type(exc).__name__}: {exc})",
                remedy="Has it been edited?",
            ) from exc
        return ended

    @property
    def played(self) -> ReplayStatus:
        """Progress of the replay."""
        player = self._player
        return ReplayStatus(
            position=player.position if player else 0.0,
            length=self._length,
            frames=player.pushed if player else 0,
            ended=player is not None and player.over,
        )

    def __enter__(self) -> Replay:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()
