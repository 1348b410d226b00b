"""Serves a recording, and shows where, with which keys, how far, and its end."""

from __future__ import annotations

import json
import math
import sys
import threading
from pathlib import Path

from assetstream.cli.console.output import assignment
from assetstream.cli.exit_codes import INTERRUPTED
from assetstream.cli.view.output import folded
from assetstream.cli.view.status_line import StatusLine, clock
from assetstream.display.words import counted
from assetstream.simulator import Replay

__all__ = ["ReplayRun"]

#: Seconds between two looks at the tape and, on Windows, at Ctrl-C.
TICK = 0.25


class ReplayRun:
    """Runs a replay that was started, until Ctrl-C."""

    def __init__(self, replay: Replay, path: Path, speed: float, as_json: bool) -> None:
        self._replay = replay
        self._path = path
        self._speed = speed
        self._as_json = as_json
        self._status = StatusLine()

    def run(self) -> int:
        """Show where it is, and how far; return the exit code."""
        try:
            self._begin()
            begun = False
            while not self._replay.wait_for_end(TICK):
                played = self._replay.played
                if played.position and not begun:
                    begun = True
                    self._status.note("the tape has begun: a client is there")
                state = f"{clock(played.position)} of {clock(played.length)}"
                waiting = "" if begun else "  waiting for a client"
                frames = counted(played.frames, "frame")
                self._status.show(f"{state}  {frames} pushed{waiting}")
            self._status.end()
            self._end()
            while True:
                threading.Event().wait(TICK)
        except KeyboardInterrupt:
            self._status.end()
            return 0 if self._replay.played.ended else INTERRUPTED

    def _begin(self) -> None:
        replay, header = self._replay, self._replay.header
        environment = replay.account.environment()
        if self._as_json:
            self._write(
                kind="serving",
                exchange=header.exchange,
                options=header.options,
                began=header.began,
                seconds=replay.played.length,
                scrambled=header.scrambled,
                cut_off=replay.cut_off,
                lost=replay.lost,
                environment=environment,
            )
            return
        region = header.options.get("region")
        name = f"{header.exchange} ({region})" if region else header.exchange
        say(f"{self._path}: {name}, {clock(replay.played.length)}, of {header.began}")
        if header.scrambled:
            say("Its amounts are scrambled.")
        if replay.cut_off:
            say("It was cut off: the recording process was ended, or still runs.")
        if replay.lost:
            say(f"{replay.lost} things are missing, which its disk did not take.")
        format = header.options.get("format", "DEFAULT")
        if format != "DEFAULT":
            say(f"Its frames have the format {format}, whatever a client asks for.")
        say("The keys are fake: they work here and nowhere else.\n")
        for variable, value in environment.items():
            print(assignment(variable, value))
        fast = {1.0: "as fast as it was", math.inf: "as fast as can be"}
        how = fast.get(self._speed, f"{self._speed:g} times as fast as it was")
        say(f"\nIt is played {how}, once a client has subscribed. Ctrl-C stops it.")

    def _end(self) -> None:
        played = self._replay.played
        if self._as_json:
            self._write(kind="ended", seconds=played.length, frames=played.frames)
            return
        frames = counted(played.frames, "frame")
        say(
            f"The tape has ended: {clock(played.length)}, {frames} pushed. "
            "Clients stay connected, REST shows the last balances; Ctrl-C stops it."
        )

    def _write(self, **fields: object) -> None:
        print(json.dumps(fields), flush=True)


def say(text: str) -> None:
    """Print words, each of which stays whole on a terminal."""
    print(folded(text, sys.stdout), flush=True)
