"""Code in our documents works: Python runs, commands are valid."""

from __future__ import annotations

import configparser
import importlib.util
import math
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from assetstream import Archive, AssetStream, Upbit
from assetstream.cli.main import assetstream as command_line
from assetstream.recording import Recorder
from assetstream.recording.tape import read_tape
from assetstream.simulator import Replay, Simulator
from tests.support import documents
from tests.support.clock import fast_time
from tests.support.documents import DOCUMENTS, Block, block_with, blocks, taken
from tests.support.processes import ROOT

#: Modules that a set-up command runs; the others are ours, and looked for.
KNOWN = {"venv", "pip", "pytest", "nox", "pdoc"}


def test_every_python_block_is_run_by_a_test() -> None:
    """A new block needs a test that takes it by ``block_with``."""
    found = [block for block in blocks() if block.language == "python"]
    run = taken()

    assert len(found) > 15
    assert [block for block in found if block.text not in run] == []


def test_a_block_that_is_not_run_is_found() -> None:
    """A block that no test takes is found, and a text must fit one block only."""
    assert "import nothing\n" not in taken()
    for text in ("import nothing", "import"):
        with pytest.raises(ValueError, match="values to unpack"):
            documents.block_with(text, "docs/how-to/waiting.md")


@pytest.mark.parametrize(
    "block", [each for each in blocks() if each.language not in ("", "python")]
)
def test_every_other_block_is_understood(block: Block) -> None:
    """Commands exist, and files in other languages can be parsed."""
    if block.language == "toml":
        tomllib = pytest.importorskip("tomllib", reason="new in Python 3.11")
        assert tomllib.loads(block.text)
        return
    if block.language == "ini":
        unit = configparser.RawConfigParser()
        unit.read_string(block.text)
        assert unit.sections() == ["Unit", "Service", "Install"]
        return
    assert block.language == "sh", f"{block.document}: teach this test the language"
    for line in block.text.splitlines():
        for command in line.split("&&"):
            check_command(shlex.split(command, comments=True))


def check_command(words: list[str]) -> None:
    """Fail unless the command is valid here."""
    program, *arguments = words
    if program.endswith("python") or program == "python3":
        if arguments[0] == "-m":
            check_module(arguments[1], arguments[2:])
        else:
            assert (ROOT / arguments[0]).is_file(), arguments
    elif program.endswith("assetstream"):
        name, *options = arguments
        command_line.commands[name].make_context(name, options)
    else:
        check_module(program, arguments)


def check_module(name: str, arguments: list[str]) -> None:
    """Fail unless ``python -m`` can run it with these options."""
    assert name in KNOWN or importlib.util.find_spec(name), name
    if name == "pip":
        config = configparser.ConfigParser()
        config.read(ROOT / "setup.cfg", encoding="utf-8")
        (extras,) = re.findall(r"^(?:\.|assetstream)\[(.+)\]$", arguments[-1])
        assert set(extras.split(",")) <= set(config["options.extras_require"])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_module_that_is_named_is_there(document: str) -> None:
    """Modules in tables and prose exist, like ``tests.programs.chaos``."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for name in re.findall(r"python -m ([\w.]+)", text):
        check_module(name, ["assetstream[cli]"])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    """The target file exists, and its heading if the link names one."""
    page = ROOT / document
    links = re.findall(r"\]\(([^):]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page

        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def anchors(page: Path) -> set[str]:
    """Return a file's headings as links spell them."""
    text = page.read_text(encoding="utf-8").lower()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).replace(" ", "-") for each in headings}


def test_every_document_is_found_from_the_readme() -> None:
    """Links lead from the README to each document."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    # It is the README's beginning, for those who have not got that.
    for document in {*DOCUMENTS[1:]} - {"docs/package-index.md"}:
        assert f"]({document})" in readme


def test_the_test_in_the_guide_to_the_simulator_passes(
    simulated_exchange: Simulator,
) -> None:
    """The test is run by pytest."""
    names: dict[str, Any] = {}
    exec(block_with("def test_", "docs/how-to/simulator.md"), names)
    (test,) = [value for name, value in names.items() if name.startswith("test_")]

    # It waits for an audit that comes 10 s after the start.
    with fast_time():
        test(simulated_exchange)


def test_the_samples_in_docstrings_run(simulated_exchange: Simulator) -> None:
    """Samples that are not in the README are run here."""
    account = simulated_exchange.coinw({"USDT": "1000"})

    def place_order() -> None:
        order = account.place_order(pay="USDT", amount=500, receive="BTC")
        account.fill(order, received="0.007")

    with AssetStream(account.exchange()) as stream:
        names: dict[str, Any] = {"stream": stream, "place_order": place_order}
        exec(block_with("stream.expect", "assetstream.Stream.expect"), names)

    assert names["filled"].update.currency == "BTC"
    exec(block_with("rest_stale", "assetstream.simulator"), {"print": lambda _: None})
    assert block_with("Upbit(", "assetstream") == block_with("t=print).run_forever()")


def test_the_sample_of_an_archive_records(
    simulated_exchange: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it makes can be asked afterwards."""
    monkeypatch.chdir(tmp_path)
    account = simulated_exchange.upbit({"BTC": "1"})
    names = {"Archive": Archive, "stream": AssetStream(account.exchange())}
    exec(block_with("archive.record(", "assetstream.Archive"), names)

    with Archive("balances.db") as archive:
        assert [update.currency for update in archive.updates()] == ["BTC"]


def test_the_samples_record_and_replay_a_session(
    simulated_exchange: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample of ``Replay`` serves the tape of ``Recorder``'s sample."""
    monkeypatch.chdir(tmp_path)
    account = simulated_exchange.upbit({"SGD": "1000"})
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {
        **{"AssetStream": AssetStream, "Upbit": Upbit, "math": math},
        **{"Recorder": Recorder, "Replay": Replay, "bot": print},
    }
    exec(block_with("session.jsonl", "assetstream.recording.Recorder"), names)
    exec(block_with("session.jsonl", "assetstream.simulator.Replay"), names)

    assert {"ready", "reply"} < {line.kind for line in read_tape("session.jsonl").lines}
    assert names["replay"].played.ended


def test_a_package_index_shows_no_link_that_leads_nowhere() -> None:
    """There, links to other files of the project are dead; the text is the README's."""
    settings = configparser.RawConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    shown = settings["metadata"]["long_description"]
    assert shown == "file: docs/package-index.md"
    text = (ROOT / "docs/package-index.md").read_text(encoding="utf-8")
    assert all(to.startswith("https://") for to in re.findall(r"\]\(([^)]*)\)", text))
    code = block_with("Upbit(", "docs/package-index.md")
    assert code == block_with("t=print).run_forever()")
