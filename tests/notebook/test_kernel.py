"""Streams in a real kernel; the simulator here counts their connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from assetstream.simulator import Simulator
from assetstream.simulator.account import Account

if TYPE_CHECKING:
    from tests.notebook.kernel import Kernel, Message

pytestmark = pytest.mark.programs

THREADS = (
    "import threading\n"
    "sorted(t.name for t in threading.enumerate() if t.name.startswith('assetstream'))"
)


def cell(account: Account, then: str) -> str:
    """Return a cell that makes a stream and uses it."""
    return (
        f"import os; os.environ.update({account.environment()!r})\n"
        "from assetstream import AssetStream, Upbit, StreamGroup\n"
        "stream = AssetStream(Upbit(region='sg'), account='mine')\n"
        f"{then}"
    )


def is_update(message: Message, text: str) -> bool:
    """Return whether the message repaints a table with this text."""
    from tests.notebook.kernel import text_of

    repaints = message["msg_type"] == "update_display_data"
    return repaints and text in text_of(message)


@pytest.fixture
def mine(exchange: Simulator) -> Account:
    """Give the account of the kernel's streams."""
    return exchange.upbit({"BTC": "1"})


def test_it_moves_while_no_cell_runs(kernel: Kernel, mine: Account) -> None:
    """The output changes twice after its cell has ended."""
    shown = kernel.run(cell(mine, "stream.show()"))
    mine.wait_for_subscribers(1)
    kernel.collect(lambda m: is_update(m, "LIVE"))
    mine.deposit("BTC", "0.25")
    one = kernel.collect(lambda m: is_update(m, "1.25"))[-1]
    mine.deposit("BTC", "0.125")
    two = kernel.collect(lambda m: is_update(m, "1.375"))[-1]
    (output,) = [m for m in shown if m["msg_type"] == "display_data"]
    for name in ("stream", "stream.balances", "stream.health()"):
        (value,) = [m for m in kernel.run(name) if m["msg_type"] == "execute_result"]
        assert "text/html" in value["content"]["data"]
    stopped = kernel.run("stream.stop()")

    name = output["content"]["transient"]["display_id"]
    assert one["content"]["transient"]["display_id"] == name
    assert two["content"]["transient"]["display_id"] == name
    assert '<td class="n good">+0.125</td>' in two["content"]["data"]["text/html"]
    assert any(is_update(m, "STOPPED") for m in stopped)
    assert kernel.value(THREADS) == "[]"


def test_errors_stand_in_the_table_and_not_in_red_below(
    kernel: Kernel, exchange: Simulator, mine: Account
) -> None:
    """What a handler raises stands there once, with its line."""
    kernel.run(cell(mine, "stream.show()"))
    mine.wait_for_subscribers(1)
    with exchange.refuse_upgrades(503):
        exchange.drop_connections()
        outage = kernel.collect(lambda m: is_update(m, "HTTP 503"))
        kernel.run("@stream.on_asset\ndef alert(update):\n    1 / 0")
        mine.deposit("BTC", "1")
    raised = kernel.collect(lambda m: is_update(m, "ZeroDivisionError"))
    stopped = kernel.run("stream.stop()")

    outputs = [*outage, *raised, *stopped]
    assert [m for m in outputs if m["msg_type"] == "stream"] == []
    assert "handler alert raised ZeroDivisionError: division by zero, in line 3" in (
        str(raised[-1]["content"])
    )


@pytest.mark.parametrize(
    "then",
    ["stream.show()", "stream.start(); stream.show()", "StreamGroup([stream]).show()"],
)
def test_a_cell_that_is_run_again_has_one_connection(
    kernel: Kernel, exchange: Simulator, mine: Account, then: str
) -> None:
    """The former stream is stopped, with nothing on stderr."""
    kernel.run(cell(mine, then))
    mine.wait_for_subscribers(1)
    again = kernel.run(cell(mine, then))
    mine.wait_for_subscribers(1)
    kernel.collect(lambda m: is_update(m, "LIVE"))

    exchange.wait_for(lambda seen: exchange.connections == 1)
    assert kernel.value(THREADS).count("-display") == 1
    assert [m for m in again if m["msg_type"] in ("stream", "error")] == []
    kernel.run("from assetstream.streams import registry; registry._stop_all()")
    exchange.wait_for_connections(0)


def test_interrupted_in_start_it_leaves_nothing(
    kernel: Kernel, exchange: Simulator, mine: Account
) -> None:
    """The interrupt comes while the stream waits for its first read."""
    with exchange.rest_answers(503):
        kernel.begin(cell(mine, "stream.start()"))
        exchange.wait_for_connections(1)
        kernel.interrupt()
        outputs = kernel.finish()
    (error,) = [m for m in outputs if m["msg_type"] == "error"]
    exchange.wait_for_connections(0)

    assert error["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.value(THREADS) == "[]"
    assert kernel.value("stream.state.value") == "'STOPPED'"


def test_interrupting_a_later_cell_does_not_stop_the_table(
    kernel: Kernel, exchange: Simulator, mine: Account
) -> None:
    """The interrupt ends the cell, not the stream."""
    kernel.run(cell(mine, "stream.show()"))
    mine.wait_for_subscribers(1)
    # Short sleeps: Python notices an interrupt just before a long one after it only.
    kernel.begin("import time\nprint('sleeping')\nwhile True: time.sleep(0.01)")
    # The echo of the code is too early: IPython swallows some interrupts before a cell.
    kernel.collect(lambda m: m["msg_type"] == "stream")
    kernel.interrupt()
    outputs = kernel.finish()
    mine.deposit("BTC", "0.5")
    kernel.collect(lambda m: is_update(m, "1.5"))

    (error,) = [m for m in outputs if m["msg_type"] == "error"]
    assert error["content"]["ename"] == "KeyboardInterrupt"
    assert exchange.connections == 1
    kernel.run("stream.stop()")


def test_a_restart_leaves_nothing(
    kernel: Kernel, exchange: Simulator, mine: Account
) -> None:
    """Streams, tables and groups end with the kernel, which shows that they have."""
    kernel.run(cell(mine, "stream.show()"))
    mine.wait_for_subscribers(1)
    kernel.restart(lambda m: is_update(m, "STOPPED as of "))

    exchange.wait_for_connections(0)
    assert kernel.value(THREADS) == "[]"
