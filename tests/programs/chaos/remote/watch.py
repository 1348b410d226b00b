"""The owners and the tokens that an engine names, looked at without a proxy."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Callable, Iterable, Sequence

import redis

from assetstream.runtime.loop import clock
from assetstream.sharing.keys import Keys

__all__ = ["TokenWatch", "Tokens"]

EVERY = 0.02


class Tokens:
    """The owners and the tokens that were seen.

    Args:
        accounts: their labels.

    Attributes:
        wrong: texts of what must not be: a token of two owners, or one that is new and
            not the greatest.
        moves: how often an account got another owner.
        changes: (when, account, owner), of each change.
    """

    def __init__(self, accounts: Iterable[str]) -> None:
        self.wrong: list[str] = []
        self.moves = 0
        self.changes: list[tuple[float, str, str]] = []
        self._seen = {account: (0, "") for account in accounts}
        self._owners: dict[tuple[str, int], str] = {}
        self._last: dict[str, str] = {}
        self._newest: dict[str, int] = {}

    def look(self, account: str, token: int, owner: str, now: float) -> None:
        """Take what the engine names at a moment; "": no owner."""
        before = self._seen[account]
        if (token, owner) == before:
            return
        self._seen[account] = token, owner
        self.changes.append((now, account, owner))
        newest = self._newest.get(account, 0)
        self._newest[account] = max(token, newest)
        # One that was seen may be seen again: the engine has lost what came since.
        if token < newest and (account, token) not in self._owners:
            self.wrong.append(f"{account}: {token} is new, after {newest}")
        if owner:
            first = self._owners.setdefault((account, token), owner)
            if first != owner:
                self.wrong.append(f"{account}: token {token} of {first} and {owner}")
            self.moves += self._last.get(account, owner) != owner
            self._last[account] = owner


class TokenWatch:
    """Looks at the tokens all the while, inside a ``with`` block.

    Args:
        accounts: their labels.
        path: returns the path of the engine's socket, which may change.

    Attributes:
        tokens: what was seen.
    """

    def __init__(self, accounts: Sequence[str], path: Callable[[], str]) -> None:
        self.tokens = Tokens(accounts)
        self._accounts = accounts
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
        while not self._ended.is_set():
            path = self._path()
            with redis.Redis(unix_socket_path=path, socket_timeout=1.0) as client:
                while path == self._path() and not self._ended.wait(EVERY):
                    # It may be paused, killed or starting.
                    with contextlib.suppress(redis.RedisError):
                        self._look(client)

    def _look(self, client: redis.Redis) -> None:
        pipe = client.pipeline(transaction=False)
        for account in self._accounts:
            pipe.hmget(self._keys.head(account), "token", "owner")
        now = clock.now()
        for account, (token, owner) in zip(self._accounts, pipe.execute(), strict=True):
            if token is not None:
                self.tokens.look(account, int(token), (owner or b"").decode(), now)
