"""``python -m assetstream.simulator``, and what happens without its extra."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from assetstream.cli.console.fault_spec import FORM, read
from assetstream.simulator import FAULTS
from assetstream.simulator.__main__ import main
from tests.support.clients import call
from tests.support.processes import ROOT, Program


def test_it_prints_an_address_and_keys_to_paste(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """For the time asked for, then it ends by itself."""
    assert main(["--for", "50ms", "--rate", "100"]) == 0

    out = capsys.readouterr().out
    assert re.search(r"http://127\.0\.0\.1:\d+", out)
    assert "fake" in out
    for name in ("UPBIT_ACCESS_KEY", "UPBIT_WS_URL", "COINW_API_KEY", "COINW_REST_URL"):
        assert f"export {name}=" in out


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_ends_it() -> None:
    """Without --for it runs until interrupted, and ends well."""
    command = [sys.executable, "-m", "assetstream.simulator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        # The last line printed before it settles down to wait.
        while "Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_duration_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    """The message shows what to write."""
    with pytest.raises(SystemExit):
        main(["--for", "soon"])
    assert "write 500ms" in capsys.readouterr().err


def test_faults_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Each is on for its time, or to the end."""
    faults = ["--fault", "rest_failing", "--fault", "tcp_refused:20ms"]
    assert main([*faults, "--for", "60ms"]) == 0

    said = [x for x in capsys.readouterr().out.splitlines() if x.startswith("fault ")]
    assert said == [
        "fault on: rest_failing",
        "fault on: tcp_refused",
        "fault off: tcp_refused",
    ]


def test_a_client_meets_a_fault_of_the_command_line() -> None:
    """The account's own REST reads fail at one exchange, while it is on."""
    fault = "rest_failing,exchange=upbit"
    with Program("-m", "assetstream.simulator", "--fault", fault) as program:
        program.wait_for("fault on: rest_failing")
        variables = dict(re.findall(r"export (\w+)=(\S+)", program.told))
        url = variables["UPBIT_REST_URL"]
        failing = call(url, "GET", "/v1/accounts")[0]
        working = call(url, "POST", "/api/v1/private")[0]

    assert (failing, working) == (500, 200)


def test_what_is_typed_is_done() -> None:
    """Lines of a pipe are followed, in their order."""
    script = (
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'assetstream.simulator']\n"
        "text = b'pause\\nfault rest_failing\\nnonsense\\nbalances upbit\\nquit'\n"
        "subprocess.run(command, input=text, check=True)\n"
    )
    with Program("-c", script) as program:
        assert program.finish() == 0, program.told

    answers = program.out[program.out.index("they pause; `trade` lets them go on") :]
    assert answers[1] == "fault on: rest_failing"
    assert answers[2].startswith("'nonsense' is no command")
    assert answers[3].startswith("upbit: BTC ")
    assert answers[4] == "stopped"


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The first has all that a client needs."""
    assert main(["--json", "--for", "20ms", "--fault", "rest_slow"]) == 0

    began, fault, ended = map(json.loads, capsys.readouterr().out.splitlines())
    assert began["kind"] == "began"
    assert began["environment"]["upbit"]["UPBIT_REST_URL"] == began["url"]
    assert set(began["environment"]) == {"upbit", "coinw"}
    assert (fault["kind"], fault["name"], fault["on"]) == ("fault", "rest_slow", True)
    assert ended["kind"] == "ended"


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        ("silence", "did you mean"),
        ("close_1000:soon", "write 500ms"),
        ("rest_slow,speed=3", "rest_slow does not take speed: it takes exchange, se"),
    ],
)
def test_a_fault_that_is_none(
    fault: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says what there is."""
    with pytest.raises(SystemExit):
        main(["--fault", fault])
    *_, line = capsys.readouterr().err.splitlines()
    assert hint in line


def test_what_the_guide_writes_can_be_read() -> None:
    """Every ``--fault`` in it."""
    text = (ROOT / "docs/simulator.md").read_text(encoding="utf-8")
    faults = re.findall(r"--fault ([^ `]+)", text)

    assert len(faults) >= 2
    assert [read(fault).name for fault in faults] == ["upgrade_503", "pushes_lost"]


def test_the_faults_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Every name with its description, and nothing is started."""
    assert main(["--list-faults"]) == 0

    listed, _, explained = capsys.readouterr().out.partition("\n\n")
    lines = listed.splitlines()
    assert [line.split()[0] for line in lines] == list(FAULTS)
    assert any(line.endswith("(coinw only)") for line in lines)
    assert any(line.endswith("(takes no exchange)") for line in lines)
    assert explained.startswith(f"--fault {FORM}\n")
    # What it gives for an example can be written.
    example = explained.split("--fault ")[-1].strip()
    assert read(example).exchange == "coinw"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "99999"], "no port"),
        (["--port", "http"], "no port"),
        (["--rate", "0"], "no rate"),
        (["--rate", "nan"], "no rate"),
    ],
)
def test_wrong_numbers_are_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is printed that would not hold."""
    with pytest.raises(SystemExit):
        main(arguments)
    assert words in capsys.readouterr().err


def test_a_port_in_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In a line, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port), "--for", "1s"]) == 1
    assert f"port {port} cannot be listened on" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="closes a pipe early")
def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    """As by ``| head``: no traceback."""
    command = [sys.executable, "-u", "-m", "assetstream.simulator", "--for", "1s"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(10) == 0


def test_without_websockets_the_remedy_is_named() -> None:
    """The error says what to install."""
    code = (
        "import sys; sys.modules['websockets'] = None\n"
        "try:\n    import assetstream.simulator\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert 'pip install "assetstream[simulator]"' in done.stdout
