"""The machine's checks: Python, and the libraries whose names clash."""

from __future__ import annotations

import sys
import types
from importlib import metadata
from typing import Any

import pytest

from assetstream import Verdict
from assetstream.doctor.libraries import check_libraries, machine_checks


def test_versions_are_shown() -> None:
    """The report has the versions of Python, OpenSSL and every library."""
    python, libraries = machine_checks()

    assert {python.verdict, libraries.verdict} == {Verdict.GREEN}
    assert "OpenSSL" in python.finding
    for name in ("websocket-client", "PyJWT", "requests", "msgspec", "python-socks"):
        assert f"{name} {metadata.version(name)}" in libraries.finding


@pytest.mark.parametrize("name", ["websocket", "jwt"])
def test_another_package_of_the_name_is_red(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The report has its path, and the commands that repair it."""
    rival = types.ModuleType(name)
    rival.__file__ = "/somewhere/rival.py"
    monkeypatch.setitem(sys.modules, name, rival)
    check = check_libraries()

    assert check.verdict is Verdict.RED
    assert "/somewhere/rival.py" in check.finding
    assert check.remedies[0].startswith(f"Run: pip uninstall -y {name} ")
    assert len(check.remedies) == 1


def test_each_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing libraries are named together, with one command."""
    for name in ("jwt", "certifi"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    check = check_libraries()

    assert check.verdict is Verdict.RED
    assert "'jwt' is not installed" in check.finding
    assert "certifi cannot be imported" in check.finding
    assert [r.startswith("Run: pip ") for r in check.remedies] == [True, True]


def test_a_rival_beside_the_right_one_is_yellow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The libraries work until one of the two is removed."""
    real = metadata.distribution

    def distribution(name: str) -> Any:
        return real("PyJWT" if name == "jwt" else name)

    monkeypatch.setattr(metadata, "distribution", distribution)
    check = check_libraries()

    assert check.verdict is Verdict.YELLOW
    assert "but jwt is installed, too" in check.finding
    assert check.remedies[0].startswith("Run: pip uninstall -y jwt PyJWT;")


@pytest.mark.parametrize("fits", [True, False])
def test_the_library_for_proxies_need_not_be_there(
    monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    """A missing library is reported; a wrong release is yellow."""
    wrong = None if fits else types.ModuleType("python_socks")
    monkeypatch.setitem(sys.modules, "python_socks", wrong)
    check = check_libraries()

    assert check.verdict is (Verdict.GREEN if fits else Verdict.YELLOW)
    assert "python-socks" in check.finding or "python_socks" in check.finding
    assert bool(check.remedies) is not fits
