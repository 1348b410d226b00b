"""The check of the imported libraries."""

from __future__ import annotations

import configparser
import importlib.metadata
import json
import pickle
import types
from pathlib import Path

import jwt
import pytest
import websocket

from assetstream.libraries import (
    PYJWT,
    WEBSOCKET_CLIENT,
    LibraryError,
    extra_of,
    install_command,
    require,
)
from tests.support.processes import ROOT, Program


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


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, 'pip install "assetstream[cli]"'),
        (
            '{"url": "https://x/a.whl", "archive_info": {}}',
            'pip install "assetstream[cli]"',
        ),
        (
            '{"url": "file:///a%20b/c", "dir_info": {}}',
            f'pip install "{Path("/a b/c")}[cli]"',
        ),
        (
            '{"url": "file:///home/c", "dir_info": {"editable": true}}',
            f'pip install -e "{Path("/home/c")}[cli]"',
        ),
    ],
    ids=["from an index", "from an archive", "from a checkout", "editable"],
)
def test_an_extra_comes_from_where_assetstream_did(
    origin: str | None, command: str
) -> None:
    """What an archive has brought knows the libraries of its extras."""
    assert extra_of(origin, "cli") == command


def test_a_checkout_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command installs that very checkout."""

    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)

    assert install_command("plot") == f'pip install "{ROOT}[plot]"'


def test_what_is_installed_here_is_right() -> None:
    """Both libraries with clashing names are right."""
    check(websocket)
    require(jwt, PYJWT)


#: The repair of each module, and the public name and the use of it that imports it.
REPAIRS = {
    "websocket": "pip uninstall -y websocket websocket-client; "
    'pip install "websocket-client>=1.9.2,<2"',
    "jwt": 'pip uninstall -y jwt PyJWT; pip install "PyJWT>=2.8,<3"',
}
USERS = {
    "websocket": ("AssetStream, CoinW", "AssetStream(CoinW('key', 'secret'))"),
    "jwt": ("Upbit", "Upbit('key', 'secret', region='sg')"),
}

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


#: Imports the user of each module anew: one that is found first, or that is missing.
FIRST_USES = """
import json, sys, traceback
for user, use, module, place in json.loads(sys.argv[1]):
    for name in list(sys.modules):
        if name.partition(".")[0] in ("assetstream", module):
            del sys.modules[name]
    if place is None:
        sys.modules[module] = None
    else:
        sys.path.insert(0, place)
    try:
        exec(f"from assetstream import {user}; {use}")
    except ImportError:
        print(traceback.format_exc().splitlines()[-1])
    if place is not None:
        sys.path.remove(place)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of all wrong modules, each in one of its own."""
    return tmp_path_factory.mktemp("wrong")


@pytest.fixture(scope="module")
def messages(place: Path) -> dict[str, str]:
    """Return the last line of the traceback in each case, and for a missing module."""
    uses: dict[str, tuple[str, str, str, str | None]] = {}
    for case, (name, source, _) in WRONG.items():
        (place / case).mkdir()
        (place / case / f"{name}.py").write_text(source)
        uses[case] = (*USERS[name], name, str(place / case))
    for name in REPAIRS:
        uses[name] = (*USERS[name], name, None)
    with Program("-c", FIRST_USES, json.dumps([*uses.values()]), fresh=True) as program:
        assert program.finish() == 0, program.output
    return dict(zip(uses, program.out, strict=True))


@pytest.mark.programs
@pytest.mark.parametrize("case", WRONG)
def test_the_package_itself_checks(
    place: Path, messages: dict[str, str], case: str
) -> None:
    """The last line of the traceback has path and repair."""
    name, _, what = WRONG[case]
    message = messages[case]

    assert message.startswith("assetstream.libraries.LibraryError: ")
    assert str(place / case / f"{name}.py") in message
    assert what in message
    assert REPAIRS[name] in message


@pytest.mark.programs
@pytest.mark.parametrize("name", REPAIRS)
def test_a_missing_package_is_named(messages: dict[str, str], name: str) -> None:
    """Uninstalling a rival often removes the right package, too."""
    message = messages[name]

    assert f"LibraryError: the module {name!r} is not installed" in message
    assert REPAIRS[name] in message


def test_the_repair_asks_for_what_the_package_asks_for() -> None:
    """The bounds that are checked are those of setup.cfg."""
    config = configparser.ConfigParser()
    config.read(Path(__file__).parent.parent / "setup.cfg", encoding="utf-8")
    wanted = config["options"]["install_requires"].split()

    assert {"websocket-client>=1.9.2,<2", "PyJWT>=2.8,<3"} <= set(wanted)
