"""`okrsync demo --serve`: the report and the wiki page are there to be looked at, and go when they are asked to."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from okrsync.sandbox.showcase import Showcase

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("otter", [True, False])
def test_the_demo_shows_what_it_made(tmp_path: Path, otter: bool) -> None:
    """With a real Otter Wiki where that is installed, which got the same pages by git push; else from the folder."""
    if otter and not (ROOT / ".venv-wiki/bin/python").exists():
        pytest.skip("Otter Wiki is not installed (`make .venv-wiki`)")
    # Beside the environment that runs it, or below the folder it is started in, Otter Wiki is looked for.
    start = "import sys; sys.prefix = {prefix!r}; from okrsync.cli import main; main()".format(
        prefix=str(ROOT / ".venv" if otter else tmp_path / "nowhere")
    )
    process = subprocess.Popen(
        [sys.executable, "-c", start, "demo", "d", "--serve"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if "Ctrl-C" in line:
                break
        report, wiki = re.findall(r"http://127\.0\.0\.1:\d+/\S*", "".join(said)[-400:])
        shown = requests.get(report, timeout=30)
        assert "went to 3 key results that have not moved" in shown.text
        assert (tmp_path / "d/report.html").read_text("utf-8") == shown.text
        page = requests.get(wiki, timeout=30)
        assert page.status_code == 200
        assert "went to 3 key results that have not moved" in page.text
        assert ("otter" in page.text.lower()) is otter
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=60)
        assert (process.returncode, rest) == (143, "okrsync: ended as the system asked; what was stored is kept\n")
    finally:
        process.kill()
        process.communicate()
    with pytest.raises(requests.ConnectionError):
        requests.get(report, timeout=5)
    # The next demo takes the folder over, whatever this one left in it.
    again = [sys.executable, "-c", "from okrsync.cli import main; main()", "demo", "d", "-q"]
    assert subprocess.run(again, cwd=tmp_path, capture_output=True, check=False).returncode == 0


@pytest.fixture
def showcase(tmp_path: Path):
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki/A.md").write_text("# A\n\n<a id='x'></a>\n\n| a |\n|---|\n| b |\n\n![c](A.png)\n")
    (tmp_path / "wiki/A.png").write_bytes(b"\x89PNG")
    (tmp_path / "secret.md").write_text("no")
    with Showcase("<p>report</p>", tmp_path / "wiki") as shown:
        yield shown


def test_pages_and_files_of_the_folder(showcase: Showcase) -> None:
    assert requests.get(showcase.url, timeout=10).text == "<p>report</p>"
    page = requests.get(showcase.address("A"), timeout=10)
    assert "<table>" in page.text
    assert '<img src="A.png"' in page.text
    image = requests.get(showcase.address("A.png"), timeout=10)
    assert (image.headers["Content-Type"], image.content) == ("image/png", b"\x89PNG")


@pytest.mark.parametrize(
    "path", ["/wiki/B", "/wiki/../secret", "/wiki/..%2fsecret", "/wiki/%2e%2e/secret.md", "/etc/passwd"]
)
def test_nothing_else(showcase: Showcase, path: str) -> None:
    session = requests.Session()
    request = requests.Request("GET", showcase.url).prepare()
    request.url = showcase.url + path
    assert session.send(request, timeout=10).status_code == 404
    session.close()
