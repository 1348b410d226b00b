"""The check of what was imported."""

from __future__ import annotations

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
    ("name", "what"), [("websocket", "AssetStream"), ("jwt", "Upbit")]
)
def test_the_package_itself_checks(tmp_path: Path, name: str, what: str) -> None:
    """The first use tells, not some AttributeError later."""
    (tmp_path / f"{name}.py").write_text("__version__ = '0.1'")
    done = subprocess.run(
        [sys.executable, "-c", f"from assetstream import {what}"],
        env={"PYTHONPATH": f"{tmp_path}:{Path(__file__).parent.parent}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert str(tmp_path) in done.stderr
    assert "pip install" in done.stderr
