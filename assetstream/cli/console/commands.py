"""Commands that a user types while the simulator runs by itself, and their answers."""

from __future__ import annotations

import difflib
import textwrap
from typing import Callable, Iterable, Mapping

from assetstream.cli.console.fault_spec import read_fault
from assetstream.cli.console.schedule import Schedule
from assetstream.display.words import counted
from assetstream.simulator.account import Account
from assetstream.simulator.catalogue import FAULTS
from assetstream.simulator.ledger import plain
from assetstream.simulator.simulator import Simulator
from assetstream.simulator.trader import Trader, check_rate

__all__ = ["ConsoleCommands"]

HELP = """\
fault NAME[:10s][,exchange=upbit][,seconds=30]   misbehave, for so long or until off
off [NAME]                        behave again: that fault, or all
faults                            which faults are on, and which there are
drop [EXCHANGE]                   cut the open connections
trade [RATE]                      let the traders trade, RATE times a second
pause                             let them pause
deposit EXCHANGE CURRENCY AMOUNT  money comes in; withdraw: it leaves
balances                          what the accounts hold
quit                              stop, as Ctrl-C does"""


class ConsoleCommands:
    """Carries out typed lines and answers them, all in the caller's thread.

    Args:
        exchange: the running simulator.
        accounts: one account on each exchange, by the exchange's name.
        traders: the traders of those accounts.
        rate: operations a second of each trader.
        schedule: switches the faults on and off.
    """

    def __init__(
        self,
        exchange: Simulator,
        accounts: Mapping[str, Account],
        traders: Iterable[Trader],
        rate: float,
        schedule: Schedule,
    ) -> None:
        self._exchange = exchange
        self._accounts = accounts
        self._traders = list(traders)
        self._rate = rate
        self._schedule = schedule
        self._commands: dict[str, Callable[[list[str], float], str]] = {
            "help": self._help,
            "fault": self._fault,
            "off": self._off,
            "faults": self._faults,
            "drop": self._drop,
            "trade": self._trade,
            "pause": self._pause,
            "deposit": lambda words, now: self._move("deposit", words),
            "withdraw": lambda words, now: self._move("withdraw", words),
            "balances": self._balances,
            "quit": self._quit,
        }
        #: True once the user has typed ``quit``.
        self.quit_requested = False

    def do(self, line: str, now: float) -> str:
        """Carry out one line; return the answer, "" if the output shows it already.

        Raises:
            ValueError: the line cannot be carried out; the text explains in one line
                why, and what is possible.
        """
        name, *words = line.split()
        command = self._commands.get(name.lower())
        if command is None:
            raise ValueError(
                f"{name!r} is no command: {_choices(name.lower(), self._commands)}"
            )
        return command(words, now)

    def _help(self, words: list[str], now: float) -> str:
        return HELP

    def _fault(self, words: list[str], now: float) -> str:
        if not words:
            raise ValueError("which fault? `faults` has their names")
        # Users write parameters with commas, as in --fault, or with blanks.
        text = ",".join(words).replace(",,", ",")
        self._schedule.add(read_fault(text, "`faults`"), now)
        return ""

    def _off(self, words: list[str], now: float) -> str:
        on = self._schedule.on
        for name in words or list(on):
            if not self._schedule.off(name):
                raise ValueError(f"{name!r} is not on; {_listed('on', on)}")
        return "" if on else "nothing was on"

    def _faults(self, words: list[str], now: float) -> str:
        on = self._schedule.on
        others = ", ".join(name for name in FAULTS if name not in on)
        return f"{_listed('on', on)}; there are\n{textwrap.fill(others, 78)}"

    def _drop(self, words: list[str], now: float) -> str:
        account = self._account(words[0]) if words else None
        cut = self._exchange.drop_connections(account=account)
        return f"cut {counted(cut, 'connection')}"

    def _trade(self, words: list[str], now: float) -> str:
        if words:
            self._rate = rate_of(words[0])
        for trader in self._traders:
            trader.pace(self._rate)
        return f"each trades {self._rate:g} times a second"

    def _pause(self, words: list[str], now: float) -> str:
        for trader in self._traders:
            trader.pause()
        return "they pause; `trade` lets them go on"

    def _move(self, how: str, words: list[str]) -> str:
        if len(words) != 3:
            raise ValueError(f"write it like this: {how} coinw USDT 50")
        account, currency, amount = self._account(words[0]), words[1].upper(), words[2]
        getattr(account, how)(currency, amount)
        return _held(words[0].lower(), account, [currency])

    def _balances(self, words: list[str], now: float) -> str:
        names = [words[0].lower()] if words else list(self._accounts)
        accounts = [(name, self._account(name)) for name in names]
        return "\n".join(
            _held(name, account, sorted(account.balances)) for name, account in accounts
        )

    def _quit(self, words: list[str], now: float) -> str:
        self.quit_requested = True
        return ""

    def _account(self, name: str) -> Account:
        account = self._accounts.get(name.lower())
        if account is None:
            raise ValueError(
                f"{name!r} is no exchange: {_choices(name, self._accounts)}"
            )
        return account


def rate_of(text: str) -> float:
    """Read a rate above zero.

    Raises:
        ValueError: ``text`` is not such a rate.
    """
    try:
        return check_rate(float(text))
    except ValueError:
        raise ValueError(f"{text!r} is no rate above 0") from None


def _held(name: str, account: Account, currencies: Iterable[str]) -> str:
    parts = []
    for currency in currencies:
        available, locked = account.balances[currency]
        part = f"{currency} {plain(available)}"
        parts.append(f"{part} + {plain(locked)} locked" if locked else part)
    return f"{name}: {', '.join(parts) or 'nothing'}"


def _listed(what: str, names: Iterable[str]) -> str:
    return f"{what}: {', '.join(names) or 'none'}"


def _choices(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 2, 0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"there are {', '.join(known)}"
