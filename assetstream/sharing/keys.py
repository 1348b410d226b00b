"""The names that a fleet's data has in the engine.

All of a fleet lies in one hash slot, so a script may touch several keys of it on any
engine, and one pattern names the whole fleet.
"""

from __future__ import annotations

import re

from assetstream.model.errors import ConfigurationError

__all__ = ["Keys", "check_label"]

#: A fleet's name stands inside braces, and in patterns that grant rights.
FLEET = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
LONGEST_LABEL = 200
#: Characters that mean something in a pattern.
GLOB = re.compile(r"([*?\[\]\\])")


class Keys:
    """Makes the keys of one fleet.

    Args:
        fleet: its name: 1 to 64 letters, digits, dots, dashes and underscores.

    Raises:
        ConfigurationError: the name is no such text.
    """

    def __init__(self, fleet: str) -> None:
        if not isinstance(fleet, str) or not FLEET.fullmatch(fleet):
            raise ConfigurationError(
                f"fleet must be 1 to 64 letters, digits, dots, dashes and underscores, "
                f"not {fleet!r}"
            )
        self.fleet = fleet
        self._prefix = f"as:{{{fleet}}}:"
        #: What stands before a worker's name in the key of its lease.
        self.leases = f"{self._prefix}w:"
        #: The sorted set of the workers that live, by when their leases run out.
        self.workers = f"{self._prefix}workers"
        #: The sorted set of all accounts, by when a worker last said that it has a key.
        self.accounts = f"{self._prefix}accounts"

    def lease(self, worker: str) -> str:
        """The key that is there while a worker lives."""
        return self.leases + worker

    def pulses(self, worker: str) -> str:
        """The stream of a worker's pulses."""
        return f"{self._prefix}p:{worker}"

    def head(self, account: str) -> str:
        """The hash that tells who owns an account, and in what state it is."""
        return f"{self._prefix}a:{account}"

    def book(self, account: str) -> str:
        """The hash of an account's balances."""
        return f"{self._prefix}b:{account}"

    def log(self, account: str) -> str:
        """The stream of what happened to an account."""
        return f"{self._prefix}l:{account}"

    def pattern(self, account: str | None = None) -> tuple[str, ...]:
        """Return the patterns of all that a reader needs.

        Args:
            account: its label; None: the whole fleet.
        """
        if account is None:
            return (f"{self._prefix}*",)
        label = GLOB.sub(r"\\\1", account)
        return (f"{self._prefix}?:{label}", f"{self._prefix}p:*")


def check_label(account: object) -> str:
    """Return the label of an account that may be shared.

    Raises:
        ConfigurationError: it is empty, too long, or has characters that no key of the
            engine can be granted by.
    """
    if (
        not isinstance(account, str)
        or not account.strip()
        or len(account) > LONGEST_LABEL
        or not account.isprintable()
        or " " in account
    ):
        raise ConfigurationError(
            f"the label of a shared account must be printable text without spaces, "
            f"{LONGEST_LABEL} characters at most, not {account!r}"
        )
    return account
