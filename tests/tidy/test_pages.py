"""The documents' pages: every link leads somewhere, and every runbook is found from its list by event."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# `make proof-report` writes it after a full run; a tree in which none was published has none yet.
WRITTEN_BY_A_RUN = ROOT / "docs/proof/table.md"
LINK = re.compile(r"\]\(([^)#\s]+)")


def dead_links(pages: Iterator[Path]) -> list[str]:
    """Relative links to files that do not exist, each with its page."""
    return [
        f"{page.name}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text("utf-8"))
        if ":" not in target
        and not (page.parent / target).exists()
        and (page.parent / target).resolve() != WRITTEN_BY_A_RUN
    ]


def unlisted(directory: Path) -> set[str]:
    """Pages of a directory that its README names no link to."""
    pages = {page.name for page in directory.glob("*.md")}
    return pages - set(LINK.findall((directory / "README.md").read_text("utf-8"))) - {"README.md"}


def test_links_lead_somewhere() -> None:
    """In the documents and in the pages at the root."""
    assert dead_links(ROOT.glob("*.md")) + dead_links(ROOT.glob("docs/**/*.md")) == []


def test_every_runbook_and_decision_is_listed() -> None:
    """Who is woken at night looks at the list, and nowhere else."""
    assert [unlisted(ROOT / "docs" / name) for name in ("operating", "decisions")] == [set(), set()]


def test_a_dead_link_and_a_lost_page_are_seen(tmp_path: Path) -> None:
    """Both checks find what is planted."""
    (tmp_path / "README.md").write_text("[here](here.md), [gone](gone.md#why), [far](https://example.org)")
    for name in ("here.md", "lost.md"):
        (tmp_path / name).write_text("nothing")
    assert dead_links(tmp_path.glob("*.md")) == ["README.md: gone.md"]
    assert unlisted(tmp_path) == {"lost.md"}
