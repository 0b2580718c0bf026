"""Every Python block of the documentation runs; the coverage tables are made of the ledger."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "pages").glob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [p for p in PAGES if BLOCK.search(p.read_text())], ids=lambda page: page.stem)
def test_blocks_run(page):
    text = page.read_text()
    scope = {"__name__": f"docs.{page.stem}"}
    for block in BLOCK.finditer(text):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], str(page), "exec"), scope)


def test_coverage_tables():
    spec = importlib.util.spec_from_file_location("coverage_tables", DOCS / "coverage_tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    made = tables.on_page_markdown((DOCS / "pages" / "coverage.md").read_text())
    assert "<!--" not in made and "| `torch.nn.functional` | " in made and "### `torch.Tensor`: " in made


def test_pages_are_in_the_navigation():
    listed = re.findall(r": ([\w-]+\.md)$", (DOCS / "mkdocs.yml").read_text(), re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES]
