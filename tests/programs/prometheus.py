"""A real Prometheus on a free port of this machine, from the system's package."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, NoReturn
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from assetstream import MetricsServer
from tests.support.event_recorder import PATIENCE
from tests.support.processes import ROOT

__all__ = ["OPERATING", "Panel", "Prometheus", "found", "panels"]

OPERATING = ROOT / "docs" / "operating"
#: Scrapes and evaluations of the rules.
INTERVAL = "200ms"


class Panel(NamedTuple):
    """A panel of the dashboard: its title, its unit, and the queries by their legends.

    What Grafana would put into the queries is in them.
    """

    title: str
    unit: str
    kind: str
    queries: list[tuple[str, str]]


def panels(rate_interval: str) -> Iterator[Panel]:
    """Read the dashboard, with rates over so long a time."""
    dashboard = json.loads((OPERATING / "dashboard.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        queries = [
            (
                target.get("legendFormat", ""),
                target["expr"]
                .replace("$__rate_interval", rate_interval)
                .replace("$exchange", ".*"),
            )
            for target in panel["targets"]
        ]
        unit = panel["fieldConfig"]["defaults"]["unit"]
        yield Panel(panel["title"], unit, panel["type"], queries)


def found(program: str) -> str:
    """Return the path of a program of the package; skip without it, or fail in CI."""
    path = shutil.which(program)
    return path or _missing(program)


def _missing(program: str) -> NoReturn:
    text = f"{program} is missing: apt-get install prometheus, or the like"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


class Prometheus:
    """Scrapes one program, with our rules, inside its ``with`` block.

    Args:
        program: the path of ``prometheus``.
        folder: where it keeps everything.
        served: what it scrapes.
    """

    def __init__(self, program: str, folder: Path, served: MetricsServer) -> None:
        config = {
            "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
            "rule_files": [str(OPERATING / "alerts.yml")],
            "scrape_configs": [
                {
                    "job_name": "assetstream",
                    "static_configs": [{"targets": [f"127.0.0.1:{served.port}"]}],
                }
            ],
        }
        file = folder / "prometheus.json"  # YAML, too
        file.write_text(json.dumps(config), encoding="utf-8")
        self._command = [
            program,
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ]

    def __enter__(self) -> Prometheus:
        # A few lines come after the one that is waited for: the pipe takes them.
        self._process = subprocess.Popen(
            self._command, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        seen = ""
        for line in self._process.stderr:
            seen += line
            if "Server is ready" in line:
                break
        else:
            raise AssertionError(seen)
        match = re.search(r'"Listening on" address=(\S+)', seen)
        assert match, seen
        self.url = f"http://{match[1]}"
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=PATIENCE)

    def get(self, path: str, **parameters: object) -> Any:
        """Return the data of the HTTP API's answer; a wrong query raises."""
        url = f"{self.url}/api/v1/{path}?{urlencode(parameters)}"
        with urlopen(url, timeout=PATIENCE) as answer:
            read = json.loads(answer.read())
        assert read["status"] == "success", read
        return read["data"]

    def query(self, text: str) -> list[dict[str, Any]]:
        """Return the present result: its series, each with ``metric`` and ``value``."""
        return list(self.get("query", query=text)["result"])

    def values(self, text: str) -> list[float]:
        """Return the values alone."""
        return [float(series["value"][1]) for series in self.query(text)]

    def wait_for(self, met: Callable[[], object]) -> None:
        """Poll until it has scraped what is waited for: it reports no such event."""
        deadline = time.monotonic() + PATIENCE
        while not met():
            assert time.monotonic() < deadline
            time.sleep(0.05)
