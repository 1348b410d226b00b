"""The command that tests every Python, and reports each that it leaves out."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Callable, Sequence

import pytest

from tests.support.purity import PURE, PURE_MODULES

ROOT = Path(__file__).parent.parent
REPORT = '<r><testsuite tests="9" skipped="2" failures="1" errors="0" time="3.4"/></r>'


class Failed(Exception):
    """Raised if a session fails."""


class Session:
    """A stand-in for nox's session; installs and runs as scripted."""

    def __init__(self, python: str = "3.10", cache: Path = ROOT) -> None:
        self.python = python
        self.cache_dir = cache
        self.notified: list[str] = []
        self.install: Callable[..., object] = lambda *args: None
        self.pytest: Callable[[Path], object] = lambda report: None
        self.posargs: list[str] = []

    def run(self, *command: str, silent: bool = False) -> str:
        if "-c" in command:
            return f"{self.python}.7 1.9.2 2.8.0 2.32.0 0.19.0 2023.7.22 2.0.0\n"
        self.pytest(Path(command[-1].removeprefix("--junitxml=")))
        return ""

    def notify(self, session: str) -> None:
        self.notified.append(session)

    def log(self, text: str) -> None:
        pass

    def error(self, text: str) -> None:
        raise Failed(text)


@pytest.fixture
def noxfile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """Return the file's names, loaded without nox where no Python is found."""
    nox: Any = ModuleType("nox")
    nox.options = SimpleNamespace(download_python=None)
    nox.Session = Session
    nox.session = lambda **options: lambda function: function
    nox.parametrize = lambda *options: lambda function: function
    monkeypatch.setitem(sys.modules, "nox", nox)
    for place in ("PATH", "PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(place, str(tmp_path / "nothing"))
    monkeypatch.chdir(ROOT)
    names = SimpleNamespace(**runpy.run_path("noxfile.py"))
    names.options = nox.options
    return names


def found(noxfile: SimpleNamespace, *pythons: str) -> None:
    """Make these the only Pythons on this machine."""
    noxfile.corners.__globals__["is_found"] = lambda python: python in pythons


def corners(noxfile: SimpleNamespace) -> list[str]:
    session = Session()
    noxfile.corners(session)
    return session.notified


def rows(noxfile: SimpleNamespace, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return the rows of the printed table, with single blanks."""
    noxfile.table(Session())
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()][1:]


HERE = f"3.{sys.version_info.minor}"


def test_both_corners_are_run(noxfile: SimpleNamespace) -> None:
    """The oldest Python has the lowest releases, the newest the newest."""
    found(noxfile, "3.9", HERE, "3.99")
    noxfile.corners.__globals__["PYTHONS"][:] = ["3.9", HERE, "3.99"]

    assert corners(noxfile) == [
        "tests-3.9(releases='lowest')",
        "tests-3.99(releases='newest')",
        "table",
    ]


def test_a_lone_python_is_run_with_the_lowest_releases(
    noxfile: SimpleNamespace,
) -> None:
    """CI has run the newest releases on it."""
    found(noxfile, HERE)

    assert corners(noxfile) == [f"tests-{HERE}(releases='lowest')", "table"]


def test_no_python_at_all_is_a_failure(noxfile: SimpleNamespace) -> None:
    """Without a Python the command fails."""
    found(noxfile)
    with pytest.raises(Failed, match=r"none of the Pythons 3\.10"):
        corners(noxfile)


def test_a_corner_that_was_not_run_fails_the_table(
    noxfile: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    """nox skips a missing Python; the table fails."""
    found(noxfile, HERE)
    with pytest.raises(Failed, match="asked for"):
        rows(noxfile, capsys)
    corners(noxfile)
    with pytest.raises(Failed, match="asked for"):
        rows(noxfile, capsys)

    assert f"{HERE} ? ? ? ? ? ? lowest did not run" in " ".join(
        capsys.readouterr().out.split()
    )


def test_what_ran_is_shown_with_figures(
    noxfile: SimpleNamespace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row has the releases and pytest's counts."""
    session = Session("3.10", tmp_path)
    session.pytest = lambda report: report.write_text(REPORT)
    noxfile.tests(session, "lowest")

    assert rows(noxfile, capsys) == [
        "3.10.7 1.9.2 2.8.0 2.32.0 0.19.0 2023.7.22 2.0.0 lowest 6 2 1 3"
    ]


@pytest.mark.parametrize("broken", ["install", "pytest"])
def test_what_failed_to_run_has_its_row(
    noxfile: SimpleNamespace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    broken: str,
) -> None:
    """The install failed, or pytest died before its report."""

    def fail(*arguments: object) -> None:
        raise Failed("of the session")

    session = Session("3.13", tmp_path)
    setattr(session, broken, fail)
    with pytest.raises(Failed, match="of the session"):
        noxfile.tests(session, "newest")

    (row,) = rows(noxfile, capsys)
    assert row.startswith("3.13")
    assert row.endswith("newest failed to run")


@pytest.mark.skipif(os.name != "posix", reason="commands are scripts")
def test_a_version_managers_python_is_found(
    noxfile: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest working one comes before the manager's broken command."""
    shims = tmp_path / "shims"
    versions = tmp_path / "versions"
    for place, works in [
        (shims, False),
        (versions / "3.10.9" / "bin", True),
        (versions / "3.10.13" / "bin", True),
        (versions / "3.10.14" / "bin", False),
    ]:
        place.mkdir(parents=True)
        command = place / "python3.10"
        command.write_text(f"#!/bin/sh\nexit {0 if works else 127}\n")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(shims))
    noxfile.find_kept.__globals__["KEPT"] = (str(versions),)
    assert not noxfile.is_found("3.10")
    noxfile.find_kept("3.10")

    assert noxfile.is_found("3.10")
    assert os.environ["PATH"].split(os.pathsep) == [
        str(versions / "3.10.13" / "bin"),
        str(shims),
    ]


def test_no_python_is_downloaded(noxfile: SimpleNamespace) -> None:
    """A Python that is not installed is not used."""
    assert noxfile.options.download_python == "never"


def test_every_branch_of_the_pure_rooms_is_asked_for(
    noxfile: SimpleNamespace,
) -> None:
    """The rooms' own tests are measured, and less than all of it fails."""
    commands: list[Sequence[str]] = []
    noxfile.branches(SimpleNamespace(run=lambda *command: commands.append(command)))
    run, report = commands
    (source,) = [part for part in run if part.startswith("--source=")]

    modules = {module.replace("/", ".") for module in PURE_MODULES}
    assert set(noxfile.PURE) == PURE | modules
    assert {f"assetstream.{name}" for name in PURE | modules} == {
        *source.removeprefix("--source=").split(",")
    }
    assert {f"tests/{room}" for room in PURE} <= set(run)
    assert {f"tests/{m.replace('/', '/test_')}.py" for m in PURE_MODULES} <= set(run)
    assert "--fail-under=100" in report


def test_mutants_are_made_of_the_modules_that_are_asked_for(
    noxfile: SimpleNamespace,
) -> None:
    """mutmut is installed there only, and the program is given the modules."""
    installed: list[str] = []
    commands: list[Sequence[str]] = []
    session = SimpleNamespace(
        posargs=["turns"],
        install=lambda *packages: installed.extend(packages),
        run=lambda *command: commands.append(command),
    )
    noxfile.mutants(session)

    assert any(package.startswith("mutmut>=") for package in installed)
    assert commands == [("python", "-m", "tests.programs.mutants", "turns")]
