"""The API reference, built by the documented command, has every public name."""

from __future__ import annotations

import html
import inspect
import re
from pathlib import Path

import pytest

import assetstream
from assetstream import simulator
from tests.test_docstrings import members, public

pytestmark = pytest.mark.programs


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Build the reference by CONTRIBUTING.md's command; return each module's page."""
    pytest.importorskip("pdoc")
    # Imported here: it is slow, also for a run without these tests.
    from tests.programs.reference import MODULES, build

    out = tmp_path_factory.mktemp("reference")
    build(out)
    return {name: _page(out, name) for name in MODULES}


def _page(out: Path, module: str) -> str:
    path = out / f"{module.replace('.', '/')}.html"
    return html.unescape(path.read_text(encoding="utf-8"))


def page_of(pages: dict[str, str], name: str) -> str:
    """Return the page of a public name."""
    module = name.rpartition(".")[0] or "assetstream.pytest_plugin"
    return pages[module]


def prose(section: str) -> str:
    """Return the page's visible text, without markup and source code."""
    shown = re.sub(r'<div class="pdoc-code.*?</div>', "", section, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", "", shown).split())


def test_every_public_name_is_on_a_page(pages: dict[str, str]) -> None:
    """Docstring and members are there, also those of hidden bases."""
    for full_name, thing in public():
        page = page_of(pages, full_name)
        name = full_name.rpartition(".")[2]
        section = page.partition(f'<section id="{name}">')[2].partition("</section>")[0]
        summary = (inspect.getdoc(thing) or "").partition("\n\n")[0]

        assert " ".join(summary.replace("``", "").split()) in prose(section), full_name
        if inspect.isclass(thing):
            for member, _ in members(thing):
                assert f'id="{name}.{member}"' in section, f"{full_name}.{member}"


def test_nothing_is_left_of_the_markup(pages: dict[str, str]) -> None:
    """Sections are lists; names and samples are set as code."""
    for module, page in pages.items():
        read = prose(page.partition("<main")[2].partition("</main>")[0])

        assert len(read) > 200, module
        for markup in ("::", "``", "Args:", " - "):
            assert markup not in read, (module, markup)


def test_what_only_methods_make_has_no_constructor(pages: dict[str, str]) -> None:
    """An ``Expectation`` has none, an ``AssetStream`` has one."""
    page = pages["assetstream"]

    assert 'id="AssetStream.__init__"' in page
    assert 'id="Expectation.__init__"' not in page
    assert "HandlerMethods" not in prose(page)


def test_every_module_has_all_its_names(pages: dict[str, str]) -> None:
    """Constants are there, too."""
    for module in (assetstream, simulator):
        for name in set(module.__all__) - {"__version__"}:
            assert f'id="{name}"' in pages[module.__name__]
