"""A real Chromium for tests: Debian's, started by pytest-playwright. ``needs_browser`` skips where there is none."""

from __future__ import annotations

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine (Debian: chromium)")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """How pytest-playwright starts the browser. Root, as in a container, has no sandbox to put it in."""
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox", "--disable-gpu"], "headless": True}
