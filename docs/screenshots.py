"""The pictures in the README, of the demo's own pages: ``python -m docs.screenshots`` (``make screenshots``).

Needs Chromium (Debian: chromium, and fonts-noto-cjk for the Chinese in it) and Otter Wiki (``make .venv-wiki``).
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).with_name("images")


def main() -> int:
    """Write the pictures; 1 with what is missing when they cannot be made."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("there is no chromium on this machine", file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen(
            [sys.executable, "-c", "from okrsync.cli import main; main()", "demo", f"{folder}/demo", "--serve"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            report, wiki = _addresses(demo)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                page = browser.new_page(viewport={"width": 1100, "height": 900})
                page.goto(report)
                page.screenshot(path=IMAGES / "report.png")
                page.locator("article[data-verdict=busy]").first.scroll_into_view_if_needed()
                page.wait_for_selector("article[data-verdict=busy] [data-drawn]")
                page.evaluate("document.getElementById('busy-title').scrollIntoView()")
                page.screenshot(path=IMAGES / "report-busy.png")
                page.goto(wiki)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=IMAGES / "wiki.png")
                browser.close()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait()
    return 0


def _addresses(demo: subprocess.Popen[str]) -> tuple[str, str]:
    assert demo.stderr is not None
    found: dict[str, str] = {}
    for line in demo.stderr:
        if match := re.match(r"\s+the (HTML report|wiki page)\s+(http\S+)", line):
            found[match[1]] = match[2]
        if len(found) == 2:
            return found["HTML report"], found["wiki page"]
    raise RuntimeError("the demo ended before it showed anything")


if __name__ == "__main__":
    sys.exit(main())
