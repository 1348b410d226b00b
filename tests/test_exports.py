"""The public names: all exist, are documented, and are loaded on demand."""

from __future__ import annotations

import inspect
import pickle
import typing

import pytest

import assetstream
from assetstream.model import errors, events, states
from tests.support.processes import Program


def test_everything_promised_is_there() -> None:
    """Each name of ``__all__`` can be imported, and is in ``dir``."""
    for name in assetstream.__all__:
        assert getattr(assetstream, name) is not None
        assert name in dir(assetstream)


def test_public_modules_are_exported_whole() -> None:
    """The package exports every event, state and error."""
    for module in (errors, events):
        assert set(module.__all__) <= set(assetstream.__all__)
    assert "State" in states.__all__


def test_every_public_name_is_documented() -> None:
    """Methods and properties of public classes are documented, too."""
    for name in assetstream.__all__:
        if name == "__version__":
            continue
        value = getattr(assetstream, name)
        assert inspect.getdoc(value), name
        for member, thing in vars(value).items():
            if member.startswith("_") or not (
                inspect.isfunction(thing) or isinstance(thing, property)
            ):
                continue
            assert inspect.getdoc(thing), f"{name}.{member}"


CLASSES = [name for name in assetstream.__all__ if name != "__version__"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_names_the_package_as_its_module(name: str) -> None:
    """Tracebacks and pickles name it, and must outlive a moved module."""
    kind = getattr(assetstream, name)

    assert kind.__module__ == "assetstream"
    assert kind.__qualname__ == name
    assert pickle.loads(pickle.dumps(kind)) is kind
    # Both look for the names in annotations in the module that the class names.
    assert inspect.signature(kind)
    typing.get_type_hints(kind)
    typing.get_type_hints(kind.__init__)


def test_a_pickle_needs_no_module_that_may_move() -> None:
    """Another process loads the class by its public name, whatever it has imported."""
    dumped = pickle.dumps([assetstream.ConnectionLost("gone"), assetstream.State.LIVE])
    code = f"import pickle; print(pickle.loads({dumped!r}))"

    assert b"assetstream." not in dumped
    with Program("-c", code) as program:
        assert program.finish() == 0, program.output
    assert program.out == ["[ConnectionLost('gone'), <State.LIVE: 'LIVE'>]"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The package behaves like any module."""
    assert not hasattr(assetstream, "AssetSteam")


#: What is imported in turn -> the modules that must not be loaded then.
LOADS = {
    "assetstream.__version__": ["websocket", "requests", "jwt", "msgspec", "ssl"],
    "assetstream.AssetStream, assetstream.StreamGroup": [
        *("websocket", "requests", "jwt", "cryptography", "http.client"),
    ],
    "assetstream.RemoteStream, assetstream.RemoteGroup": [
        *("redis", "websocket", "requests", "jwt", "cryptography", "http.client"),
    ],
    "assetstream.serve_metrics, assetstream.Collector": ["prometheus_client"],
    "assetstream.CoinW, assetstream.Upbit": [
        *("websocket", "requests", "jwt", "cryptography", "http.client"),
        *("click", "rich", "websockets", "asyncio", "IPython", "pytest", "matplotlib"),
        "sqlite3",
    ],
    "assetstream.History().plot()": ["matplotlib.pyplot", "pandas"],
}


@pytest.mark.programs
def test_nothing_is_loaded_that_is_not_asked_for() -> None:
    """The version needs no library, a stream and both exchanges neither an extra nor
    what only a stream that runs needs.

    A chart opens no window, chooses no backend, and leaves pandas alone.
    """
    code = "import sys, assetstream\n" + "".join(
        f"{use}\nprint(*sys.modules.keys() & {modules})\n"
        for use, modules in LOADS.items()
    )
    with Program("-c", code, fresh=True) as program:
        assert program.finish() == 0, program.output

    assert dict(zip(LOADS, program.out, strict=True)) == dict.fromkeys(LOADS, "")
