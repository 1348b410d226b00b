"""``assetstream watch``, run in a process of its own as users run it."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from assetstream import Archive
from assetstream.cli.main import assetstream
from assetstream.simulator import Account, Simulator
from tests.support.event_recorder import PATIENCE
from tests.support.processes import Program, clean_environment

fcntl = pytest.importorskip("fcntl", reason="Windows has no such pipes")

#: Exchanges of simulated accounts; without a name each would have one.
BOTH = ("upbit", "coinw")


def watch(
    *arguments: str, account: Account | None = None, stdout: int | None = None
) -> Program:
    """Run ``assetstream watch`` with this account's keys."""
    environment = account.environment() if account else {}
    command = ("-m", "assetstream.cli", "watch", *arguments)
    return Program(*command, environment=environment, stdout=stdout)


def objects(program: Program) -> list[dict[str, Any]]:
    """Return the objects that ``--json`` wrote."""
    return [json.loads(line) for line in program.out]


def test_json_ends_by_itself_when_the_time_is_over() -> None:
    """Both exchanges end STOPPED, in an interpreter that has imported nothing yet."""
    command = ("watch", *BOTH, "--simulate", "--json", "--for", "500ms")
    with Program("-m", "assetstream.cli", *command, fresh=True) as program:
        assert program.finish() == 0, program.output

    rows = objects(program)
    stopped = {o["exchange"] for o in rows if o.get("current") == "STOPPED"}
    assert stopped == {*BOTH}
    assert rows[-1]["current"] == "STOPPED"
    assert program.err == []


def test_json_shows_both_simulated_exchanges() -> None:
    """Each line is an object; both exchanges have updates and end STOPPED."""
    with watch(*BOTH, "--simulate", "--json") as program:
        waiting = {*BOTH}
        while waiting:
            waiting.discard(json.loads(program.wait_for("STREAM"))["exchange"])
        program.interrupt()
        assert program.finish() == 0, program.output

    rows = objects(program)
    updated = {o["exchange"] for o in rows if o.get("source") == "STREAM"}
    stopped = {o["exchange"] for o in rows if o.get("current") == "STOPPED"}
    assert updated == stopped == {*BOTH}
    assert rows[-1]["current"] == "STOPPED"
    assert {o["kind"] for o in rows} == {"update", "state"}
    assert program.err == []


def test_json_amounts_are_strings_with_every_digit(
    simulated_exchange: Simulator,
) -> None:
    """A tiny amount beside a great one has no exponent."""
    account = simulated_exchange.upbit({"SHIB": "123456789012"}, exponents=True)
    with watch("upbit", "--region", "sg", "--json", account=account) as program:
        program.wait_for("LIVE")
        account.deposit("SHIB", "0.000000000001")
        update = json.loads(program.wait_for("STREAM"))
        account.deposit("BTC", "0.00000015")
        tiny = json.loads(program.wait_for("STREAM"))
        program.interrupt()
        assert program.finish() == 0, program.output

    assert update["available"] == "123456789012.000000000001"
    assert update["change"] == "0.000000000001"
    assert Decimal(tiny["available"]) == Decimal("0.00000015")
    assert "E" not in tiny["available"]
    assert update["time"].endswith("Z")


def test_json_has_the_gap_of_a_lost_connection(
    simulated_exchange: Simulator,
) -> None:
    """After a cut come an error, STALE, and LIVE with the gap."""
    account = simulated_exchange.upbit({"BTC": "1"})
    with watch("upbit", "--region", "sg", "--json", account=account) as program:
        program.wait_for("LIVE")
        simulated_exchange.drop_connections()
        error = json.loads(program.wait_for('"error"'))
        live = json.loads(program.wait_for('"current": "LIVE"'))
        program.interrupt()
        assert program.finish() == 0, program.output

    assert error["error"] == "ConnectionLost"
    assert error["fatal"] is False
    assert live["gap"]["began"] <= live["gap"]["ended"]


def test_plain_lines_have_no_escape_codes(simulated_exchange: Simulator) -> None:
    """A pipe gets readable lines without colours."""
    account = simulated_exchange.coinw({"USDT": "100"})
    with watch("coinw", account=account) as program:
        program.wait_for("USDT  available 100  locked 0  total 100  change 0")
        account.withdraw("USDT", "0.5")
        program.wait_for("USDT  available 99.5  locked 0  total 99.5  change -0.5")
        program.interrupt()
        assert program.finish() == 0, program.output

    assert "\x1b" not in program.output
    assert "of 1 LIVE" not in program.output, "one account's state says it all"
    assert program.out[-1].endswith("LIVE -> STOPPED  stopped")
    assert program.err == []


def test_several_accounts_run_as_a_group(simulated_exchange: Simulator) -> None:
    """One that fails does not end the other; one line reports that all have settled."""
    upbit = simulated_exchange.upbit({"BTC": "1"}, permissions=[])
    coinw = simulated_exchange.coinw({"USDT": "100"})
    environment = {**upbit.environment(), **coinw.environment()}
    arguments = ("-m", "assetstream.cli", "watch", "upbit", "coinw", "--region", "sg")
    with Program(*arguments, environment=environment) as program:
        program.wait_for("  1 of 2 LIVE, 1 ended")
        coinw.deposit("USDT", "1")
        program.wait_for("USDT  available 101")
        program.interrupt()
        assert program.finish() == 1, program.output

    assert len([line for line in program.out if "of 2 LIVE" in line]) == 1
    assert program.out[-1].endswith("LIVE -> STOPPED  stopped")
    error, remedy = program.err
    assert error.startswith("Error: upbit-")
    assert remedy.endswith("assetstream doctor upbit --region sg")


def test_many_simulated_accounts_have_labels() -> None:
    """Labels are exchange and number; JSON has the kinds of one account."""
    names = {f"{exchange}-{n}" for exchange in BOTH for n in (1, 2, 3)}
    with watch(*BOTH, "--simulate", "--count", "3", "--json") as program:
        updated: set[str] = set()
        while updated != names:
            updated.add(json.loads(program.wait_for('"update"'))["account"])
        program.interrupt()
        assert program.finish() == 0, program.output

    rows = objects(program)
    assert {o["account"] for o in rows if o.get("current") == "STOPPED"} == names
    assert {o["account"] for o in rows if o["kind"] == "update"} == names
    assert {o["kind"] for o in rows} == {"update", "state"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["upbit", "--region", "sg"], "UPBIT_ACCESS_KEY"),
        (["coinw", "--for", "soon"], "write 500ms, 10s, 2m or 1h"),
    ],
)
def test_wrong_usage_is_explained_with_exit_code_2(
    arguments: list[str], message: str
) -> None:
    """The message names what is missing or wrong; nothing is started."""
    unset = dict.fromkeys(os.environ.keys() - clean_environment())
    done = CliRunner().invoke(assetstream, ["watch", *arguments], env=unset)

    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""
    assert isinstance(done.exception, SystemExit), "no traceback"


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="only Linux has it")
def test_a_second_ctrl_c_ends_it_at_once_without_a_word() -> None:
    """A full pipe blocks the first; the exit code is its own."""
    reader, writer = os.pipe()
    with open(reader, "rb"):
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        with watch("--simulate", "--json", stdout=os.dup(writer)) as program:
            ready, _, _ = select.select([reader], [], [], PATIENCE)
            assert ready, "nothing was written"
            fill_up(writer)
            os.close(writer)
            presses, deadline = 0, time.monotonic() + PATIENCE
            while not program.ended(within=0.3):
                assert time.monotonic() < deadline
                program.interrupt()
                presses += 1
            code = program.finish()

    assert program.err == []
    assert presses >= 2
    # One that comes while Python itself ends is its own, and 130 to a shell, too.
    assert code in (130, -signal.SIGINT)


def fill_up(pipe: int) -> None:
    """Write into the pipe until it is full."""
    # Opened anew, for the other writer is to block.
    flags = os.O_WRONLY | os.O_NONBLOCK
    with open(os.open(f"/proc/self/fd/{pipe}", flags), "wb", buffering=0) as full:
        while full.write(b" "):
            pass


def test_half_a_url_override_is_refused(simulated_exchange: Simulator) -> None:
    """One URL alone would send the keys to the real exchange."""
    account = simulated_exchange.coinw()
    environment = account.environment()
    del environment["COINW_REST_URL"]
    arguments = ("-m", "assetstream.cli", "watch", "coinw")
    with Program(*arguments, environment=environment) as program:
        assert program.finish() == 2

    assert "rest_url (or COINW_REST_URL) is missing" in program.output


@pytest.mark.parametrize("style", [[], ["--json"]])
def test_a_wrong_secret_ends_with_exit_code_1(
    simulated_exchange: Simulator, style: list[str]
) -> None:
    """Cause and remedy are on stderr, without traceback, key or secret."""
    account = simulated_exchange.upbit({"BTC": "1"})
    secret = "0" + account.secret_key[1:]
    environment = {**account.environment(), "UPBIT_SECRET_KEY": secret}
    arguments = ("-m", "assetstream.cli", "watch", "upbit", "--region", "sg", *style)
    with Program(*arguments, environment=environment) as program:
        assert program.finish() == 1

    assert "Check secret_key" in "\n".join(program.err)
    assert "FAILED" in program.out[-1]
    for forbidden in ("Traceback", secret, account.access_key, "eyJ"):
        assert forbidden not in program.output


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """``| head -n 1`` gets its line, and nothing is on stderr."""
    reader, writer = os.pipe()
    with open(reader, "rb") as head, watch("--simulate", stdout=writer) as program:
        assert head.readline()
        head.close()
        assert program.finish() == 0, program.output

    assert program.err == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_ends_it_with_exit_code_1() -> None:
    """One line names the cause, without a traceback."""
    with watch("--simulate", stdout=os.open("/dev/full", os.O_WRONLY)) as program:
        assert program.finish() == 1

    assert len(program.err) == 1
    assert program.err[0].startswith("Error: the output cannot be written")


def test_an_archive_records_what_is_shown(tmp_path: Path) -> None:
    """All accounts of it, to the last state."""
    path = tmp_path / "balances.db"
    with watch(*BOTH, "--simulate", "--json", "--archive", str(path)) as program:
        for exchange in BOTH:
            while exchange not in program.wait_for("STREAM"):
                pass
        program.interrupt()
        assert program.finish() == 0, program.output

    shown = [o for o in objects(program) if o["kind"] == "update"]
    with Archive(path) as archive:
        accounts = archive.accounts
        found = [u for account in accounts for u in archive.updates(account)]
    assert len(accounts) == 2
    received = {(u.account, u.currency, str(u.available)) for u in found}
    for each in shown:
        amount = Decimal(each["available"])
        assert (each["account"], each["currency"], str(amount)) in received


def test_an_archive_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    """Nothing is connected, and the text says why."""
    path = tmp_path / "balances.db"
    path.write_text("no database")
    with watch("--simulate", "--archive", str(path)) as program:
        assert program.finish() == 2, program.output

    assert "is no archive of assetstream" in program.output


def test_an_archive_that_is_lost_ends_it_with_exit_code_1(tmp_path: Path) -> None:
    """The accounts are shown to the end."""
    path = tmp_path / "balances.db"
    with watch("--simulate", "upbit", "--archive", str(path)) as program:
        program.wait_for("STREAM")
        path.rename(tmp_path / "aside.db")
        assert "moved, deleted or replaced" in program.wait_for("cannot be written")
        program.wait_for("STREAM")
        program.interrupt()
        assert program.finish() == 1, program.output

    assert "moved, deleted or replaced" in program.err[-1]


def test_metrics_are_served_while_it_runs(simulated_exchange: Simulator) -> None:
    """Where, is told on stderr; a port in use is refused before anything is begun."""
    account = simulated_exchange.upbit({"BTC": "1"})
    command = ("upbit", "--region", "sg", "--json", "--metrics", "0")
    with watch(*command, account=account) as program:
        program.wait_for('"current": "LIVE"')
        # The two pipes are read in either order.
        told = program.err[0] if program.err else program.wait_for("metrics: ")
        url = told.removeprefix("metrics: ")
        with urlopen(url, timeout=PATIENCE) as page:
            text = page.read().decode()
        port = str(urlsplit(url).port)
        with watch("upbit", "--region", "sg", "--metrics", port, account=account) as no:
            assert no.finish() == 2
        program.interrupt()
        assert program.finish() == 0, program.output

    assert 'assetstream_accounts{exchange="upbit",state="live"} 1.0' in text
    assert f"port {port}" in no.err[-1]
    assert no.out == []
