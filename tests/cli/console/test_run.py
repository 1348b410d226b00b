"""A simulator that runs in a program, as ``assetstream simulate`` starts it."""

from __future__ import annotations

import json
import os
import re
import socket
import sys

import pytest

from assetstream.cli.console.fault_spec import FORM, read_fault
from assetstream.cli.console.run import Options, print_faults, serve
from assetstream.exchanges import EXCHANGES
from assetstream.simulator import FAULTS
from tests.support.clients import call
from tests.support.processes import Program

COMMAND = ["-m", "assetstream.cli", "simulate"]


@pytest.fixture(autouse=True)
def no_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give runs in this process an empty input in place of pytest's."""
    monkeypatch.setattr(sys, "stdin", None)


def test_it_prints_an_address_and_keys_to_paste(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The run ends by itself after --for."""
    assert serve(Options(duration=0.05, rate=100)) == 0

    out = capsys.readouterr().out
    assert re.search(r"http://127\.0\.0\.1:\d+", out)
    assert "fake" in out
    for name in ("UPBIT_ACCESS_KEY", "UPBIT_WS_URL", "COINW_API_KEY", "COINW_REST_URL"):
        assert re.search(rf"{name} ?=", out)


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_it() -> None:
    """Without --for it runs until Ctrl-C, and exits with 0."""
    with Program(*COMMAND) as program:
        program.wait_for("Ctrl-C")  # the last line before it settles down to wait
        program.interrupt()

        assert program.finish() == 0
    assert program.out[-1] == "stopped"


def test_faults_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each fault is on for its time, or to the end."""
    faults = [
        read_fault("rest_failing", "--list-faults"),
        read_fault("tcp_refused:20ms", "--list-faults"),
    ]
    assert serve(Options(faults=faults, duration=0.3)) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("fault ")] == [
        "fault on: rest_failing",
        "fault on: tcp_refused",
        "fault off: tcp_refused",
    ]


def test_a_client_meets_a_fault_of_the_command_line() -> None:
    """The account's own REST reads fail while the fault is on."""
    with Program(*COMMAND, "--fault", "rest_failing,exchange=upbit") as program:
        program.wait_for("fault on: rest_failing")
        variables = dict(re.findall(r"export (\w+)=(\S+)", program.output))
        url = variables["UPBIT_REST_URL"]
        failing = call(url, "GET", "/v1/accounts")[0]
        working = call(url, "POST", "/api/v1/private")[0]

    assert (failing, working) == (500, 200)


def test_typed_lines_are_carried_out() -> None:
    """Lines of a pipe are obeyed in order."""
    reader, writer = os.pipe()
    with open(writer, "wb") as typed:
        typed.write(b"pause\nfault rest_failing\nnonsense\nbalances upbit\nquit")
    with Program(*COMMAND, stdin=reader) as program:
        assert program.finish() == 0, program.output

    answers = program.out[program.out.index("they pause; `trade` lets them go on") :]
    assert answers[1] == "fault on: rest_failing"
    assert answers[2].startswith("'nonsense' is no command")
    assert answers[3].startswith("upbit: BTC ")
    assert answers[4] == "stopped"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The first object has all that a client needs."""
    faults = [read_fault("rest_slow", "--list-faults")]
    assert serve(Options(as_json=True, faults=faults, duration=0.02)) == 0

    began, fault, ended = map(json.loads, capsys.readouterr().out.splitlines())
    assert began["kind"] == "began"
    assert began["environment"]["upbit"]["UPBIT_REST_URL"] == began["url"]
    assert list(began["environment"]) == list(EXCHANGES)
    assert (fault["kind"], fault["name"], fault["on"]) == ("fault", "rest_slow", True)
    assert ended["kind"] == "ended"


def test_the_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """The list has every name and description; nothing is started."""
    print_faults()

    listed, _, explained = capsys.readouterr().out.partition("\n\n")
    lines = listed.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)
    assert any(line.endswith("(coinw only)") for line in lines)
    assert any(line.endswith("(takes no exchange)") for line in lines)
    assert explained.startswith(f"--fault {FORM}\n")
    # The example that it gives can be written.
    example = explained.split("--fault ")[-1].strip()
    assert read_fault(example, "--list-faults").exchange == "coinw"


def test_a_port_in_use_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The message is one line, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve(Options(port=port, duration=1.0)) == 1
    problem = capsys.readouterr().err
    assert f"port {port} cannot be listened on" in problem
    assert "Leave --port out" in problem


@pytest.mark.skipif(os.name == "nt", reason="closes a pipe early")
def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """``| head`` leaves no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    with Program(*COMMAND, stdout=writer) as program:
        assert program.finish() == 0
    assert program.err == []
