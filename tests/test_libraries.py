"""The check of what was imported."""

from __future__ import annotations

import configparser
import subprocess
import sys
import types
from pathlib import Path

import jwt
import pytest
import websocket

from assetstream.libraries import require


def module(version: str | None, **names: object) -> types.ModuleType:
    """A module called ``websocket`` of the given version."""
    made = types.ModuleType("websocket")
    made.__file__ = "/somewhere/websocket.py"
    vars(made).update(names)
    if version is not None:
        vars(made)["__version__"] = version
    return made


def check(found: types.ModuleType) -> None:
    require(
        found, "websocket-client", has="WebSocketApp", at_least=(1, 9, 2), below=(2,)
    )


@pytest.mark.parametrize("version", [None, "0.2.1", "1.9.1", "2.0.0", "what?"])
def test_a_wrong_release_is_refused(version: str | None) -> None:
    """The error tells where it lies and how to repair it."""
    with pytest.raises(ImportError, match=r"/somewhere/websocket\.py.*pip install"):
        check(module(version, WebSocketApp=object))


def test_another_package_of_the_same_name_is_refused() -> None:
    """Whatever its version says."""
    with pytest.raises(ImportError, match="pip uninstall"):
        check(module("1.9.2"))


@pytest.mark.parametrize("version", ["1.9.2", "1.10.0", "1.99.0rc1"])
def test_a_fitting_release_is_accepted(version: str) -> None:
    """Later 1.x releases pass."""
    check(module(version, WebSocketApp=object))


def test_what_is_installed_here_is_right() -> None:
    """Both libraries whose names clash."""
    check(websocket)
    require(jwt, "PyJWT", has="PyJWS", at_least=(2, 8), below=(3,))


@pytest.mark.parametrize(
    ("name", "source", "what", "repair"),
    [
        (
            "websocket",
            "__version__ = '1.8.0'\nclass WebSocketApp: pass\nclass ABNF: pass",
            "AssetStream",
            "pip uninstall -y websocket websocket-client; "
            'pip install "websocket-client>=1.9.2,<2"',
        ),
        (
            "websocket",
            "def connect(url): pass",
            "AssetStream",
            "pip uninstall -y websocket websocket-client; "
            'pip install "websocket-client>=1.9.2,<2"',
        ),
        (
            "jwt",
            "__version__ = '1.7.1'",
            "Upbit",
            'pip uninstall -y jwt PyJWT; pip install "PyJWT>=2.8,<3"',
        ),
    ],
    ids=["old websocket-client", "another websocket", "old PyJWT"],
)
def test_the_package_itself_checks(
    tmp_path: Path, name: str, source: str, what: str, repair: str
) -> None:
    """The first use tells what lies where, and how to repair it, in one last line."""
    (tmp_path / f"{name}.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-c", f"from assetstream import {what}"],
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parent.parent}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    assert told.startswith("ImportError: ")
    assert str(tmp_path / f"{name}.py") in told
    assert repair in told
    assert ("release unknown" in told) == ("__version__" not in source)


def test_the_repair_asks_for_what_the_package_asks_for() -> None:
    """The bounds that are checked are those of setup.cfg."""
    config = configparser.ConfigParser()
    config.read(Path(__file__).parent.parent / "setup.cfg", encoding="utf-8")
    wanted = config["options"]["install_requires"].split()

    assert {"websocket-client>=1.9.2,<2", "PyJWT>=2.8,<3"} <= set(wanted)
