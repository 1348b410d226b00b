"""Commands that a user types while a simulator runs."""

from __future__ import annotations

import re
from typing import Iterator

import pytest

from assetstream import AssetStream
from assetstream.cli.console.commands import ConsoleCommands
from assetstream.cli.console.schedule import Schedule
from assetstream.simulator import Account, CoinWAccount, Simulator, UpbitAccount


class Console:
    """A console whose commands are typed at second 0."""

    def __init__(self, exchange: Simulator, accounts: dict[str, Account]) -> None:
        self.schedule = Schedule(exchange, accounts, lambda name, on: None)
        self.traders = [account.trade(5.0, 0) for account in accounts.values()]
        self.commands = ConsoleCommands(
            exchange, accounts, self.traders, 5.0, self.schedule
        )

    def __call__(self, line: str) -> str:
        answer = self.commands.do(line, 0.0)
        self.schedule.run(0.0)
        return answer


@pytest.fixture
def typed(
    exchange: Simulator, upbit: UpbitAccount, coinw: CoinWAccount
) -> Iterator[Console]:
    """Give the console of a simulator with an account on each exchange."""
    typed = Console(exchange, {"upbit": upbit, "coinw": coinw})
    yield typed
    for trader in typed.traders:
        trader.stop()


def test_faults_go_on_and_off(typed: Console) -> None:
    """Parameters follow commas or blanks; `off` takes a name or none."""
    assert typed("fault silent_drop") == ""
    assert typed("fault rest_stale exchange=coinw, seconds=8") == ""
    assert typed.schedule.on == ["silent_drop", "rest_stale"]
    assert typed("faults").startswith("on: silent_drop, rest_stale; there are\n")
    assert "rest_garbage" in typed("faults")
    typed("off silent_drop")
    assert typed.schedule.on == ["rest_stale"]
    typed("off")
    assert typed.schedule.on == []
    assert typed("off") == "nothing was on"


def test_money_moves_and_is_counted(typed: Console, coinw: CoinWAccount) -> None:
    """The answer has the new balance."""
    assert typed("deposit coinw usdt 50") == "coinw: USDT 1050"
    assert typed("withdraw CoinW BTC 0.25") == "coinw: BTC 0.25"
    coinw.place_order(pay="USDT", amount="50", receive="ETH")

    assert typed("balances") == (
        "upbit: BTC 0.5, SGD 1000\ncoinw: BTC 0.25, USDT 1000 + 50 locked"
    )
    assert typed("balances upbit") == "upbit: BTC 0.5, SGD 1000"


def test_connections_are_cut(typed: Console, upbit: UpbitAccount) -> None:
    """The command cuts those of one exchange, or all."""
    with AssetStream(upbit.exchange()):
        assert typed("drop coinw") == "cut 0 connections"
        assert typed("drop") == "cut 1 connection"


def test_traders_pause_and_go_on_at_another_rate(
    typed: Console, upbit: UpbitAccount
) -> None:
    """`trade` alone restores the rate before the pause."""
    signal = upbit.context.signal
    trader = typed.traders[0].start()
    assert typed("trade 500") == "each trades 500 times a second"
    signal.wait_for(lambda: trader.operations >= 5, 5.0, str)
    assert "pause" in typed("pause")
    assert typed("trade") == "each trades 500 times a second"
    done = trader.operations
    signal.wait_for(lambda: trader.operations >= done + 5, 5.0, str)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("falt silent_drop", "'falt' is no command: did you mean fault"),
        ("fault nope", "called 'nope': `faults` shows all"),
        ("xyzzy", "there are help, fault, off"),
        ("fault", "`faults` has their names"),
        ("fault silent_drops", "did you mean silent_drop"),
        ("fault rest_stale speed=8", "does not take speed"),
        ("off silent_drop", "'silent_drop' is not on; on: none"),
        ("trade fast", "'fast' is no rate above 0"),
        ("drop upbti", "'upbti' is no exchange: did you mean upbit"),
        ("deposit coinw USDT", "deposit coinw USDT 50"),
        ("deposit coinw USDT much", "not an amount: 'much'"),
        ("withdraw coinw USDT 5000", "there are 1000 USDT available, not 5000"),
    ],
)
def test_what_cannot_be_done_is_explained(
    typed: Console, line: str, words: str
) -> None:
    """The answer is one line with the choices; nothing was changed."""
    with pytest.raises(ValueError, match=re.escape(words)) as raised:
        typed(line)

    assert "\n" not in str(raised.value)
    assert typed.schedule.on == []
    assert typed("balances coinw") == "coinw: BTC 0.5, USDT 1000"


def test_help_names_every_command(typed: Console) -> None:
    """`quit` ends it."""
    for name in typed.commands._commands.keys() - {"help"}:
        assert name in typed("help")
    typed("quit")
    assert typed.commands.quit_requested
