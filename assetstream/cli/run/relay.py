"""Runs a relay, and writes what befalls its accounts, in the main thread."""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Mapping, Sequence, Union

import click

from assetstream.archive.archive import Archive
from assetstream.cli.run.watch import View
from assetstream.cli.view.lines import JsonLines, PlainLines
from assetstream.model.errors import AssetStreamError
from assetstream.model.events import StateChange
from assetstream.model.states import State
from assetstream.protocol import Exchange
from assetstream.sharing.keys import Keys
from assetstream.sharing.relay import Relay
from assetstream.sharing.rights import reader_rights, worker_rights

__all__ = ["RelayCommand", "rights"]

#: Seconds of a wait; on Windows one that is longer does not notice Ctrl-C.
SLICE = 0.25

Told = Union[StateChange, AssetStreamError]


class RelayCommand:
    """Owns accounts until Ctrl-C, or until the engine refuses it.

    Args:
        url: of the engine; None: the environment has it.
        accounts: label -> exchange.
        as_json: write JSON objects.
        archive: a file to record in.
        options: of the relay.

    Attributes:
        relay: owns them.
        errors: what has ended it, and of the archive.

    Raises:
        ConfigurationError: an option is wrong, or the archive cannot be written.
    """

    def __init__(
        self,
        url: str | None,
        accounts: Mapping[str, Exchange],
        as_json: bool,
        archive: Path | None,
        **options: Any,
    ) -> None:
        self._events: SimpleQueue[Told | None] = SimpleQueue()
        told = self._events.put
        self.relay = Relay(url, accounts, on_error=told, on_state=told, **options)
        self.errors: list[AssetStreamError] = []
        self._form = JsonLines if as_json else PlainLines
        self._archive: Archive | None = None
        if archive is not None:
            self._archive = Archive(archive, on_error=told)
            self._archive.record(self.relay.group)
        # The events are written here, while that thread waits for the end.
        self._thread = threading.Thread(
            target=self._run, name="assetstream-cli-relay", daemon=True
        )

    def run(self, errors: Sequence[AssetStreamError]) -> None:
        """Own the accounts, and write what befalls them.

        Args:
            errors: of accounts that are left out, written first.

        Raises:
            OSError: the output cannot be written.
        """
        click.echo(f"relay: {self.relay.worker}", err=True)
        view = self._form(sys.stdout)
        for error in errors:
            view.show(error)
        self._thread.start()
        try:
            self._write(view)
        except KeyboardInterrupt:
            self.relay.stop()
            self._write(view)
        finally:
            self.relay.stop()
            gc.unfreeze()
            if self._archive is not None:
                self._archive.close()
                unwritten = self._archive.health().error
                if unwritten is not None:
                    self.errors.append(unwritten)

    def _write(self, view: View) -> None:
        """Write events until the last one."""
        live: set[str] = set()
        settled = 0
        while True:
            try:
                event = self._events.get(timeout=SLICE)
            except Empty:
                if len(live) > settled:
                    settled = len(live)
                    # A full collection would stop the threads of a thousand accounts
                    # for a tenth of a second, now and then.
                    gc.collect()
                    gc.freeze()
                continue
            if event is None:
                return
            if isinstance(event, StateChange) and event.current is State.LIVE:
                live.add(event.account)
            view.show(event)

    def _run(self) -> None:
        try:
            self.relay.run_forever()
        except AssetStreamError as error:
            self.errors.append(error)
        finally:
            self._events.put(None)


def rights(fleet: str) -> list[str]:
    """Return commands that give an engine's users their rights.

    Raises:
        ConfigurationError: no fleet can have this name.
    """
    keys = Keys(fleet)
    users = {
        "relay": worker_rights(keys),
        "reader": reader_rights(keys),
        "reader-of-LABEL": reader_rights(keys, "LABEL"),
    }
    return [
        " ".join(["ACL SETUSER", f"{fleet}-{user}", "on >PASSWORD", *words])
        for user, words in users.items()
    ]
