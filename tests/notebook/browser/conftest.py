"""A real JupyterLab, and a page of a headless Chromium to use it by.

Neither speaks to anything but loopback. Where JupyterLab, Playwright or Chromium is
missing the tests are skipped and say why; under CI (the variable ``CI`` is set) they
fail. Screenshots are in ``screenshots`` of pytest's temporary directory, which
``--basetemp`` chooses.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, NamedTuple, NoReturn

import pytest

from tests.notebook.browser.page import Page
from tests.support.event_recorder import PATIENCE
from tests.support.processes import clean_environment

#: System -> the name of Chromium's program.
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: No announcements, no update checks, no other host; every cell is in the page.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
SERVER = """
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.port = 0
c.ServerApp.open_browser = False
c.ServerApp.allow_root = True
c.LabApp.expose_app_in_browser = True
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.extension_manager = "readonly"
"""


class Lab(NamedTuple):
    """A running JupyterLab."""

    url: str
    token: str
    #: Where its notebooks are.
    root: Path
    #: The log file.
    log: Path


def missing(what: str, remedy: str) -> NoReturn:
    """Skip, or under CI fail."""
    text = f"{what} is missing: {remedy}"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of the system's Chromium."""
    for library in ("jupyterlab", "playwright"):
        if importlib.util.find_spec(library) is None:
            missing(library, 'python -m pip install -e ".[dev]"')
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return found or missing("Chromium", "apt-get install chromium, or the like")


@pytest.fixture(scope="session")
def lab(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start JupyterLab on a free port, with a token and an empty directory."""
    home = tmp_path_factory.mktemp("home")
    root = tmp_path_factory.mktemp("notebooks")
    for name, values in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    (home / "jupyter_server_config.py").write_text(SERVER, encoding="utf-8")
    token = secrets.token_hex()
    environment = {
        **clean_environment(),
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_TOKEN": token,
    }
    log = home / "lab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab"],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            url = address(process, home / "runtime", log)
            yield Lab(url, token, root, log)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Return the address, which the server writes down once it listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text(encoding="utf-8"))["url"])
            except ValueError:
                pass  # being written
        time.sleep(0.1)  # A file of another process's: there is nothing to wait on.
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory for pictures of the pages."""
    place = tmp_path_factory.getbasetemp() / "screenshots"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture
def page(chromium: str, lab: Lab, screenshots: Path) -> Iterator[Page]:
    """Open a Chromium page that can reach only this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                "--no-sandbox",  # which root, as in a container, must not use
                "--disable-background-networking",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        opened = Page(browser.new_page(), lab.url, lab.token, screenshots)
        yield opened
        opened.close()
        browser.close()
