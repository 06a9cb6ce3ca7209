"""A running service, and a headless Chromium that looks at it with scripts switched off."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from loadtests.service import running_service


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of `plates up` on a directory of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="browser-") as directory,
        running_service(Path(directory)) as found,
    ):
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("chromium is not installed; run: make test-packages")
    with sync_playwright() as playwright:
        # As root, as in CI, Chromium's own sandbox cannot be set up.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page without scripts, of a reader who asks for English."""
    context = browser.new_context(base_url=address, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    yield page
    context.close()
