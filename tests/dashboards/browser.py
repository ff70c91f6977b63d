"""A headless Chromium for tests: found, or installed where that is allowed, or a sentence that says how.

Debian's own package, driven by playwright; nothing is downloaded by playwright itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, sync_playwright

FLAGS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOW = (
    "Chromium is missing: the pages are tested in a real browser. "
    "Install it with `apt-get install chromium` (Debian, Ubuntu) and run the tests again."
)
PATIENCE = 30_000
"""Milliseconds; a busy machine draws slowly."""


@dataclass
class Seen:
    """What a page asked for and complained about."""

    outside: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def chromium() -> str:
    """The path of Chromium; installs Debian's package when run as root there, fails with HOW otherwise."""
    found = shutil.which("chromium")
    if found is None and os.geteuid() == 0 and Path("/etc/debian_version").exists():
        quiet = {"check": False, "capture_output": True, "timeout": 600}
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "chromium"], **quiet)
        found = shutil.which("chromium")
    if found is None:
        pytest.fail(HOW, pytrace=False)
    return found


@contextmanager
def launched() -> Iterator[BrowserContext]:
    """One browser whose pages share what they have loaded, as a reader's do."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            context = browser.new_context(accept_downloads=True)
            context.set_default_timeout(PATIENCE)
            yield context
        finally:
            browser.close()


@contextmanager
def opened(
    context: BrowserContext, address: str, width: int = 1280, height: int = 900
) -> Iterator[tuple[Page, Seen]]:
    """One page, drawn, with a record of everything it asks for."""
    seen = Seen()
    page = context.new_page()
    page.set_viewport_size(ViewportSize(width=width, height=height))
    page.on("request", lambda request: _note(seen, request.url))
    page.on("response", lambda answer: seen.refused.append(answer.url) if answer.status >= 400 else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda said: seen.complaints.append(said.text) if said.type == "error" else None)
    try:
        page.goto(address)
        drawn(page)
        yield page, seen
    finally:
        page.close()


def drawn(page: Page) -> None:
    """Wait until the page has its heading and every chart on it is drawn."""
    page.wait_for_selector("main h1")
    for _ in range(PATIENCE // 100):
        if (
            page.locator(".dash-graph").count()
            == page.locator(".js-plotly-plot .main-svg:first-child").count()
        ):
            return
        page.wait_for_timeout(100)
    pytest.fail("The charts were not drawn in time.")


def _note(seen: Seen, address: str) -> None:
    seen.requests.append(address)
    if not address.startswith(("http://127.0.0.1:", "data:", "blob:")):
        seen.outside.append(address)
