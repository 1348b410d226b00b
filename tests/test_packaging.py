"""The wheel and the sdist, and that they work where they are installed."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from assetstream.version import __version__
from tests.support.event_recorder import PATIENCE

pytestmark = pytest.mark.programs

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist from a copy, so that the checkout stays clean."""
    target = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source") / "assetstream"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        origin = ROOT / name
        if origin.is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(origin.read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "-o", target, source],
        check=True,
        capture_output=True,
    )
    return target


def test_the_wheel_holds_the_package_only(built: Path) -> None:
    """The wheel has the type marker, but no tests and samples."""
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()

    assert "assetstream/py.typed" in names
    assert "assetstream/runtime/session.py" in names
    tops = {name.split("/")[0] for name in names}
    assert tops == {"assetstream", f"assetstream-{__version__}.dist-info"}


def test_the_sdist_holds_tests_and_samples(built: Path) -> None:
    """A packager can test the sdist."""
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"setup.cfg", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"} <= names
    assert {
        "docs/how-to/migrating.md",
        "docs/pictures/watch.svg",
        ".pdoc/module.html.jinja2",
    } <= names
    assert {"tests/conftest.py", "samples/watch_balances.py"} <= names
    assert any(name.startswith("tests/exchanges/samples/") for name in names)


def test_the_wheel_runs_elsewhere(built: Path, tmp_path: Path) -> None:
    """Command and sample run without the checkout."""
    (wheel,) = built.glob("*.whl")
    # Its own environment for the package; the libraries are this environment's.
    venv.create(tmp_path / "env", with_pip=False, system_site_packages=False)
    site = next((tmp_path / "env").glob("[Ll]ib/**/site-packages"))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--no-index", "--target", site, wheel),
        ],
        check=True,
        capture_output=True,
    )
    libraries = [p for p in sys.path if p.endswith("site-packages")]
    (site / "libraries.pth").write_text("\n".join(libraries))
    binaries = "Scripts" if sys.platform == "win32" else "bin"
    python = tmp_path / "env" / binaries / "python"

    done = subprocess.run(
        [python, "-c", "import assetstream; print(assetstream.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(site))

    done = subprocess.run(
        [
            *(python, "-m", "assetstream.cli"),
            *("watch", "--simulate", "--json", "--for", "2s"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert '"LIVE"' in done.stdout

    sample = tmp_path / "sync_bot.py"
    sample.write_bytes((ROOT / "samples" / "sync_bot.py").read_bytes())
    subprocess.run(
        [python, sample],
        cwd=tmp_path,
        timeout=PATIENCE,
        check=True,
        capture_output=True,
    )
