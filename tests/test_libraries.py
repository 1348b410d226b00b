"""The check of the imported libraries."""

from __future__ import annotations

import configparser
import os
import pickle
import subprocess
import sys
import types
from pathlib import Path

import jwt
import pytest
import websocket

from assetstream.libraries import PYJWT, WEBSOCKET_CLIENT, LibraryError, require


def module(version: str | None, **names: object) -> types.ModuleType:
    """Make a module called ``websocket`` of the given version."""
    made = types.ModuleType("websocket")
    made.__file__ = "/somewhere/websocket.py"
    vars(made).update(names)
    if version is not None:
        vars(made)["__version__"] = version
    return made


def check(found: types.ModuleType) -> None:
    require(found, WEBSOCKET_CLIENT)


@pytest.mark.parametrize("version", [None, "0.2.1", "1.9.1", "2.0.0", "what?"])
def test_a_wrong_release_is_refused(version: str | None) -> None:
    """The error has the path and the repair."""
    with pytest.raises(ImportError, match=r"/somewhere/websocket\.py.*pip install"):
        check(module(version, WebSocketApp=object))


def test_the_error_carries_problem_and_remedy() -> None:
    """The doctor shows both apart; they survive pickling."""
    with pytest.raises(LibraryError) as caught:
        check(module("0.2.1", WebSocketApp=object))
    arrived = pickle.loads(pickle.dumps(caught.value))

    for error in (caught.value, arrived):
        assert error.problem.endswith("which assetstream needs")
        assert error.remedy == WEBSOCKET_CLIENT.repair
        assert error.name == "websocket"
        assert str(error) == f"{error.problem}. Repair it with: {error.remedy}"


def test_another_package_of_the_same_name_is_refused() -> None:
    """The version of such a package does not matter."""
    with pytest.raises(ImportError, match="pip uninstall"):
        check(module("1.9.2"))


@pytest.mark.parametrize("version", ["1.9.2", "1.10.0", "1.99.0rc1"])
def test_a_fitting_release_is_accepted(version: str) -> None:
    """Later 1.x releases are accepted."""
    check(module(version, WebSocketApp=object))


def test_what_is_installed_here_is_right() -> None:
    """Both libraries with clashing names are right."""
    check(websocket)
    require(jwt, PYJWT)


#: The repair of each module, and the public name whose first use imports it.
REPAIRS = {
    "websocket": "pip uninstall -y websocket websocket-client; "
    'pip install "websocket-client>=1.9.2,<2"',
    "jwt": 'pip uninstall -y jwt PyJWT; pip install "PyJWT>=2.8,<3"',
}
USERS = {"websocket": "AssetStream", "jwt": "Upbit"}

#: Name of a case -> the module, the text of its file, part of the message.
WRONG = {
    "old websocket-client": (
        "websocket",
        "__version__ = '1.8.0'\nclass WebSocketApp: pass\nclass ABNF: pass",
        "release 1.8.0",
    ),
    "another websocket": ("websocket", "def connect(url): pass", "release unknown"),
    "old PyJWT": ("jwt", "__version__ = '1.7.1'", "release 1.7.1"),
    **{
        f"a {name} that {what}": (name, source, message)
        for name in REPAIRS
        for what, source, message in [
            ("is for Python 2", "print 'hello'", "cannot be imported (SyntaxError: "),
            (
                "lacks a library",
                "import gevent_of_old",
                "(ModuleNotFoundError: No module named 'gevent_of_old')",
            ),
            (
                "fails",
                "raise RuntimeError('first line\\nsecond line')",
                "(RuntimeError: first line second line)",
            ),
        ]
    },
}


def first_use(name: str, path: Path, before: str = "") -> str:
    """Import the module's user with ``path`` searched first; return its last line."""
    done = subprocess.run(
        [sys.executable, "-c", f"{before}\nfrom assetstream import {USERS[name]}"],
        env={"PYTHONPATH": f"{path}{os.pathsep}{Path(__file__).parent.parent}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("case", WRONG)
def test_the_package_itself_checks(tmp_path: Path, case: str) -> None:
    """The last line of the traceback has path and repair."""
    name, source, what = WRONG[case]
    (tmp_path / f"{name}.py").write_text(source)
    message = first_use(name, tmp_path)

    assert message.startswith("assetstream.libraries.LibraryError: ")
    assert str(tmp_path / f"{name}.py") in message
    assert what in message
    assert REPAIRS[name] in message


@pytest.mark.parametrize("name", REPAIRS)
def test_a_missing_package_is_named(tmp_path: Path, name: str) -> None:
    """Uninstalling a rival often removes the right package, too."""
    message = first_use(name, tmp_path, f"import sys; sys.modules[{name!r}] = None")

    assert f"LibraryError: the module {name!r} is not installed" in message
    assert REPAIRS[name] in message


def test_the_repair_asks_for_what_the_package_asks_for() -> None:
    """The bounds that are checked are those of setup.cfg."""
    config = configparser.ConfigParser()
    config.read(Path(__file__).parent.parent / "setup.cfg", encoding="utf-8")
    wanted = config["options"]["install_requires"].split()

    assert {"websocket-client>=1.9.2,<2", "PyJWT>=2.8,<3"} <= set(wanted)
