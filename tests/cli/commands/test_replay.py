"""``assetstream replay``, run in a process of its own as users run it."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from assetstream.cli.main import assetstream
from tests.support.processes import Program
from tests.support.tapes import line, opened, push, reply, write_tape


def replay(*arguments: str) -> Program:
    """Run ``assetstream replay``."""
    return Program("-m", "assetstream.cli", "replay", *arguments)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Return a short tape."""
    lines = [*opened(9, BTC="1"), reply(10, BTC="1"), push(10.5, "BTC", "2.5")]
    return write_tape(tmp_path / "tape", "upbit", *lines, line(11, "end"))


def test_a_bot_is_served_with_the_keys_that_are_printed(tape: Path) -> None:
    """After the end the last balances are served until Ctrl-C."""
    with replay(str(tape), "--speed", "max") as program:
        program.wait_for("Ctrl-C stops it.")
        variables = dict(re.findall(r"export (\w+)=(\S+)", program.output))
        watch = ("-m", "assetstream.cli", "watch", "upbit", "--region", "sg")
        with Program(*watch, environment=variables) as bot:
            bot.wait_for("BTC  available 2.5  locked 0  total 2.5  change +1.5")
            program.wait_for("The tape has ended: 0:11, 1 frame pushed")
            bot.interrupt()
            assert bot.finish() == 0, bot.output
        program.interrupt()
        assert program.finish() == 0, program.output

    assert "fake" in program.output
    assert program.err == ["the tape has begun: a client is there"]


def test_ctrl_c_before_the_end_differs_from_the_end(tape: Path) -> None:
    """The exit code differs; with --json a program reads the position."""
    with replay(str(tape), "--json") as program:
        serving = json.loads(program.wait_for("serving"))
        program.interrupt()
        assert program.finish() == 130, program.output

    assert serving["exchange"] == "upbit"
    assert serving["seconds"] == 11
    assert set(serving["environment"]) == {
        *("UPBIT_ACCESS_KEY", "UPBIT_SECRET_KEY", "UPBIT_WS_URL", "UPBIT_REST_URL")
    }
    assert program.err == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["{}", "--speed", "fast"], 2, "write 1, 10, 0.5 or max"),
        (["{}", "--speed", "nan"], 2, "no speed"),
        (["{}/no"], 2, "cannot be read"),
        ([__file__], 2, "is no tape"),
    ],
)
def test_wrong_usage_is_explained(
    arguments: list[str], code: int, words: str, tape: Path
) -> None:
    """The message is one line."""
    given = [argument.format(tape) for argument in arguments]
    done = CliRunner().invoke(assetstream, ["replay", *given])

    assert done.exit_code == code
    assert words in done.output
    assert isinstance(done.exception, SystemExit)


def test_a_port_in_use_is_an_error(tape: Path) -> None:
    """The message is one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(assetstream, ["replay", str(tape), "--port", port])

    assert done.exit_code == 1
    assert f"port {port} cannot be listened on" in done.output
    assert "Leave --port out" in done.output


def test_a_tape_that_cannot_be_played_on_is_an_error(tmp_path: Path) -> None:
    """The fault appears only with a client, and ends the command."""
    late = push(10, "BTC", "2") | {"at": 1e308}
    path = write_tape(tmp_path / "tape", "upbit", *opened(9, BTC="1"), late)
    with replay(str(path), "--speed", "max") as program:
        program.wait_for("Ctrl-C stops it.")
        variables = dict(re.findall(r"export (\w+)=(\S+)", program.output))
        watch = ("-m", "assetstream.cli", "watch", "upbit", "--region", "sg")
        with Program(*watch, environment=variables):
            assert program.finish() == 1, program.output

    assert "cannot be played past second" in program.output
    assert program.err[-1].endswith("Has it been edited?")
