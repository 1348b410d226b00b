"""The owners and the tokens that an engine names, looked at without a proxy."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Callable

import redis

from assetstream.runtime.loop import clock
from assetstream.sharing.keys import Keys

__all__ = ["TokenWatch"]

EVERY = 0.02


class TokenWatch:
    """Notes every token of every account with its owner.

    Args:
        accounts: their labels.
        path: returns the path of the engine's socket, which may change.

    Attributes:
        wrong: texts of what must not be: a token of two owners, or a lower one.
        owner: account -> who has it; "": nobody.
        moves: how often an account got another owner.
        changes: (when, account, owner), as long as the watch lasts.
    """

    def __init__(self, accounts: list[str], path: Callable[[], str]) -> None:
        self.wrong: list[str] = []
        self.owner = dict.fromkeys(accounts, "")
        self.moves = 0
        self.changes: list[tuple[float, str, str]] = []
        self._tokens = dict.fromkeys(accounts, 0)
        self._owners: dict[tuple[str, int], str] = {}
        self._last: dict[str, str] = {}
        self._path = path
        self._keys = Keys("default")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="token-watch")

    def __enter__(self) -> TokenWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        path, client = "", None
        while not self._ended.wait(EVERY):
            if client is None or path != self._path():
                if client is not None:
                    client.close()
                path = self._path()
                client = redis.Redis(unix_socket_path=path, socket_timeout=1.0)
            try:
                pipe = client.pipeline(transaction=False)
                for account in self.owner:
                    pipe.hmget(self._keys.head(account), "token", "owner")
                answers = pipe.execute()
            except redis.RedisError:
                continue  # it is paused, killed or starting
            for account, (token, owner) in zip(self.owner, answers, strict=True):
                if token is not None:
                    self._look(account, int(token), (owner or b"").decode())
        if client is not None:
            client.close()

    def _look(self, account: str, token: int, owner: str) -> None:
        if owner:
            first = self._owners.setdefault((account, token), owner)
            if first != owner:
                self.wrong.append(f"{account}: token {token} of {first} and {owner}")
            last = self._last.get(account, owner)
            self.moves += last != owner
            self._last[account] = owner
        if token < self._tokens[account]:
            self.wrong.append(f"{account}: {token} after {self._tokens[account]}")
        if self.owner[account] != owner or token != self._tokens[account]:
            self.changes.append((clock.now(), account, owner))
        self._tokens[account] = token
        self.owner[account] = owner
