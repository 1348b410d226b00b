"""The table of floors holds, and pure rooms import nothing impure."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from assetstream.exchanges import EXCHANGES
from tests.support.house import (
    FLOORS,
    MODULES,
    circles,
    class_names,
    clock_reads,
    has_code,
    imports,
    module_arrows,
    name_of,
    nodes,
    private_names,
    room_of,
    timed_waits,
    upward,
)
from tests.support.purity import PURE, PURE_MODULES

#: Modules that a pure room must not import.
IMPURE = {
    "asyncio",
    "logging",
    "queue",
    "random",
    "requests",
    "secrets",
    "select",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "time",
    "urllib3",
    "uuid",
    "websocket",
}

#: Rooms that go by the clock.
CLOCKED = {"archive", "doctor", "runtime", "sharing", "streams"}
#: Their waits that name no clock, for another reason than a length of time.
UNTIMED = {
    # The queue of deadlines has asked the clock.
    "runtime/loop/reader.py: self._selector.select(timeout)",
    # Queues of streams.
    "runtime/session.py: self._place.join(self)",
    "runtime/places.py: self._turns.join(asker)",
}

#: Files beside the programs that sleep.
SLEEPERS = {
    # Polls for what no event reports, up to PATIENCE.
    "support/groups.py",
    "support/leftovers.py",
    "notebook/browser/conftest.py",
    # A handler or a cell that is slow, in a process of its own.
    "support/stop_cases/exits.py",
    "notebook/test_kernel.py",
}

#: library -> the only modules that may import it.
ONLY = {
    "cryptography": {
        "exchanges/common/private_keys.py",
        "simulator/binance/session.py",
    },
    "dotenv": {"cli/accounts/key_file.py"},
    "matplotlib": {"model/chart.py", "model/history.py"},
    "prometheus_client": {"metrics/collector.py", "metrics/server.py"},
    "pandas": {"model/balances.py", "model/frames.py", "model/history.py"},
    "websocket": {"runtime/net/websocket_client.py"},
    "python_socks": {"runtime/net/proxy.py"},
    "redis": {"sharing/engine.py"},
    "requests": {"runtime/net/rest_client.py"},
    "sqlite3": {
        "archive/archive.py",
        "archive/file.py",
        "archive/queries.py",
        "archive/retention.py",
        "archive/writer.py",
    },
    "urllib3": {"runtime/net/rest_client.py"},
}


def test_imports_point_to_lower_floors() -> None:
    """Lazy imports and those for type checkers count like all others.

    Hence no circle of rooms. A new room must be in the table.
    """
    assert len(MODULES) > 100
    assert {room_of(path) for path in MODULES} == set(FLOORS)
    assert not list(upward())
    # ``from assetstream import NAME`` would hide which room the name comes from.
    for path in MODULES:
        for module in imports(path):
            package, _, name = module.partition(".")
            if package == "assetstream" and name:
                assert name.split(".")[0] in FLOORS, f"{name_of(path)}: {name}"


def test_no_class_name_is_used_twice() -> None:
    """One name, one meaning, in the whole package."""
    found = defaultdict(list)
    for path in MODULES:
        for name in class_names(path):
            found[name].append(name_of(path))

    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_modules_are_named_by_nouns() -> None:
    """A participle tells that something happens, and not what it is."""
    stems = {path.stem for path in MODULES}

    assert [stem for stem in stems if re.search(r"(?:ing|ed)$", stem)] == []


def test_every_module_has_the_test_file_of_its_name() -> None:
    """In the folder of its room; constants and bare types need none."""
    tests = Path(__file__).parent
    missing = [
        name_of(path)
        for path in MODULES
        if not path.stem.startswith("__")
        and has_code(path)
        and not (tests / name_of(path)).with_name(f"test_{path.name}").is_file()
    ]

    assert missing == []


def test_private_names_are_used_where_they_are_defined() -> None:
    """Subclasses may use what they inherit; other modules use public names."""
    assert {
        f"{name_of(path)}: {name}" for path in MODULES for name in private_names(path)
    } == set()


def test_no_modules_import_in_a_circle() -> None:
    """Every kind of import counts, also of modules of one room."""
    assert not circles(module_arrows())


def test_pure_rooms_touch_nothing_outside() -> None:
    """No thread, socket, clock, chance or log in the rooms that decide."""
    for path in MODULES:
        if room_of(path) in PURE or name_of(path)[:-3] in PURE_MODULES:
            tops = {module.split(".")[0] for module in imports(path)}
            assert not tops & IMPURE, name_of(path)
            assert not list(clock_reads(path)), name_of(path)


@pytest.mark.parametrize(
    "code",
    [
        "from datetime import datetime\nx = datetime.now(timezone.utc)",
        "from datetime import datetime as D\nx = D.utcnow()",
        "import datetime\nx = datetime.datetime.now",
        "import datetime as dt\nx = dt.date.today()",
        "from time import time\nx = time()",
        "import time as t\nx = t.time()",
    ],
)
def test_an_adapter_that_asks_the_clock_is_found(tmp_path: Path, code: str) -> None:
    """What is signed would not be the exchange's time, nor the same in a replay."""
    path = tmp_path / "exchange.py"
    path.write_text(code, encoding="utf-8")
    tops = {module.split(".")[0] for module in imports(path)}

    assert tops & IMPURE or list(clock_reads(path))


def test_the_instant_that_an_adapter_is_given_is_no_clock(tmp_path: Path) -> None:
    path = tmp_path / "exchange.py"
    path.write_text("x = instant.now + self.now", encoding="utf-8")

    assert not list(clock_reads(path))


def test_time_comes_from_the_clock() -> None:
    """Whoever switches the clock, as tests do, switches all time."""
    waits: set[str] = set()
    for path in MODULES:
        if room_of(path) in CLOCKED and name_of(path) != "runtime/loop/clock.py":
            assert not imports(path) & {"time", "sched"}, name_of(path)
            code = path.read_text(encoding="utf-8")
            assert not re.search(r"datetime\.(now|utcnow|today)\(|Timer\(", code)
            waits.update(f"{name_of(path)}: {call}" for call in timed_waits(path))

    assert waits == UNTIMED


#: Where an exchange is named by right: public names, registries, and what release 0.1
#: has promised.
NAMES_EXCHANGES = {
    "__init__.py",
    "exchanges/__init__.py",
    "simulator/__init__.py",
    "simulator/registry.py",
    "simulator/simulator.py",
}


def test_nothing_else_decides_by_an_exchange() -> None:
    """A new one has folders of its own and a line in a registry."""
    for path in MODULES:
        name = name_of(path)
        if name in NAMES_EXCHANGES or set(EXCHANGES) & set(name.split("/")):
            continue
        folders = {part for module in imports(path) for part in module.split(".")}
        words = {n.value for n in nodes(path) if isinstance(n, ast.Constant)}

        assert not folders & set(EXCHANGES), name
        assert not {x for x in words if isinstance(x, str)} & set(EXCHANGES), name


def test_no_test_sleeps() -> None:
    """A test waits for an event, or moves the clock."""
    tests = Path(__file__).parent
    sleepers = {
        path.relative_to(tests).as_posix()
        for path in tests.rglob("*.py")
        if "time.sleep(" in path.read_text(encoding="utf-8")
    }
    own = {Path(__file__).name}

    assert {path for path in sleepers - own if "programs/" not in path} == SLEEPERS


def test_libraries_have_one_importer() -> None:
    """A change of a library affects one module."""
    for path in MODULES:
        tops = {module.split(".")[0] for module in imports(path)}
        for library, importers in ONLY.items():
            assert library not in tops or name_of(path) in importers


def test_optional_parts_stay_optional() -> None:
    """The core imports nothing that only an extra installs."""
    core = {"assetstream", "certifi", "jwt", "msgspec", "requests", "websocket"}
    # Imported only where a proxy, such a key, a chart or a table is asked for.
    asked_for = {"python_socks", "cryptography", "matplotlib", "pandas"}
    allowed = {*core, *asked_for, *sys.stdlib_module_names, "urllib3"}
    for path in MODULES:
        if FLOORS[room_of(path)] < FLOORS["simulator"] and room_of(path) != "notebook":
            tops = {module.split(".")[0] for module in imports(path)}
            assert tops <= allowed, name_of(path)
