"""The pytest fixture for tests of users' bots."""

from __future__ import annotations

import subprocess
import sys

import pytest

from assetstream.simulator import Simulator


def test_the_fixture_is_a_running_simulator(simulated_exchange: Simulator) -> None:
    """The simulator has an address, and opens accounts."""
    assert simulated_exchange.url.startswith("http://127.0.0.1:")
    assert simulated_exchange.upbit({"BTC": 1}).balances["BTC"][0] == 1


@pytest.mark.programs
def test_the_plugin_imports_only_pytest() -> None:
    """Every pytest run of its users loads the plugin, so it must be cheap."""
    code = (
        "import pytest, sys; before = set(sys.modules)\n"
        "import assetstream.pytest_plugin\n"
        "print(sorted(m for m in set(sys.modules) - before if m[0] != '_'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = eval(done.stdout)
    assert all(name.split(".")[0] == "assetstream" for name in loaded)
    assert not any("simulator" in name for name in loaded)
