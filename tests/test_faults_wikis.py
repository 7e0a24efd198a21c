"""Whatever the wikis do, and whenever a publication is killed: what is called published stands there, what does not is
named and comes with a later run, no page stands there twice, and what people wrote stays. ``make soak`` has more."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from okrsync.sandbox.confluence import ConfluenceStandIn
from okrsync.sandbox.faults import FAULTS, Faults
from okrsync.sandbox.git_http import GitHttpStandIn
from tests.cli_project import GOALS, MAIN, series
from tests.faulty_runs import Ended, Run, Runs
from tests.faulty_world import search_for
from tests.stores import _empty_store

SOAKING = "OKRSYNC_SCENARIOS" in os.environ
SCENARIOS = max(1, int(os.environ.get("OKRSYNC_SCENARIOS", "50")) // 10)
"""A publication takes ten times as long as a sync: it draws charts."""

WEEKS = {"OKR-2026-W45": "2026-11-08", "OKR-2026-W46": "2026-11-15", "OKR-2026-W47": "2026-11-22"}
"""Their last days, as of which a week is judged that was missed."""
GIT_TOKEN = "git-c4n4ry"
REMARK = "We talk about this on Monday."

Planned = tuple[str, str, int, int]
"""Which wiki does what, after how many requests, how many times."""

_FAULTS = st.tuples(
    st.sampled_from(["confluence", "git"]),
    st.sampled_from(sorted(FAULTS)),
    st.integers(0, 20),
    st.sampled_from([1, 1, 2, 9, 99]),
)
_NUMBERED = re.compile(r' (ri:version-at-save|ac:macro-id)="[^"]*"')
"""What Confluence numbers by itself."""

tally: Counter[str] = Counter()


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with Runs() as made:
        yield made


class Wikis:
    """A company that publishes to a Confluence and to a git wiki; both with their faults."""

    def __init__(self, runs: Runs, folder: Path) -> None:
        self.runs = runs
        served, self.project = folder / "served", folder / "company"
        (self.project / "okrs").mkdir(parents=True)
        served.mkdir()
        self.git, self.confluence = GitHttpStandIn(served, token=GIT_TOKEN), ConfluenceStandIn()
        self.repository = self.git.create("okr.wiki")
        self.faults = {"confluence": Faults(self.confluence), "git": Faults(self.git)}
        self.git.start()
        self.confluence.start()
        publish = f"""\
publish:
  - type: confluence
    url: {self.confluence.base}
    auth: {{email: {self.confluence.email}, token: "${{CONFLUENCE_TOKEN}}"}}
    space: OKR
  - {{type: git, url: "{self.git.clone_url("okr.wiki")}", auth: {{token: "${{GIT_TOKEN}}"}}}}
"""
        (self.project / "okrsync.yaml").write_text(
            MAIN.replace("publish: [{type: folder, path: wiki/}]\n", publish), encoding="utf-8"
        )
        (self.project / "okrs" / "q4.yaml").write_text(GOALS, encoding="utf-8")
        (self.project / "a.csv").write_text(series(), encoding="utf-8")
        (self.project / "okrsync.db").write_bytes(_empty_store())

    def close(self) -> None:
        self.git.stop()
        self.confluence.stop()

    def start(self, day: str) -> Run:
        environ = {"CONFLUENCE_TOKEN": self.confluence.token, "GIT_TOKEN": GIT_TOKEN}
        return self.runs.start(self.project, "publish", "--as-of", day, environ=environ)

    def publish(self, day: str) -> Ended:
        ended = self.start(day).wait()
        assert ended.code in (0, 3, 4), ended.err
        assert "Traceback" not in ended.err, ended.err
        for secret in (GIT_TOKEN, self.confluence.token):
            assert secret not in ended.out + ended.err
        tally["runs searched for tokens"] += 1
        return ended

    def publish_killed_at_request(self, day: str, number: int) -> Ended:
        """Publish, and SIGKILL when the wikis get that request, if they do."""
        left, counting = [number], Lock()

        def come() -> bool:
            with counting:
                left[0] -= 1
            return left[0] < 0

        return self.publish_killed_when(day, come)

    def publish_killed_when(self, day: str, come: Callable[[], bool]) -> Ended:
        """Publish, and SIGKILL at the first request at which it is so."""
        run = self.start(day)

        def look(request: object) -> None:
            if come():
                run.kill()

        for wiki in (self.git, self.confluence):
            wiki.faults.append(look)
        ended = run.wait()
        for wiki in (self.git, self.confluence):
            wiki.faults.remove(look)
        return ended

    def _in_repository(self, *command: str, given: str = "") -> str:
        done = subprocess.run(
            ["git", *command], cwd=self.repository, input=given, capture_output=True, text=True, check=False,
            env={**os.environ, "GIT_AUTHOR_NAME": "Wang", "GIT_AUTHOR_EMAIL": "wang@acme.example",
                 "GIT_COMMITTER_NAME": "Wang", "GIT_COMMITTER_EMAIL": "wang@acme.example"},
        )  # fmt: skip
        return done.stdout if done.returncode == 0 else ""

    def git_page(self, title: str) -> str:
        """The page as it stands in the repository; "" where there is none."""
        return self._in_repository("show", f"HEAD:{title}.md")

    def remark_in_git(self, title: str) -> bool:
        """A person writes below our section of a page. Whether there is such a page."""
        page = self.git_page(title)
        if not page:
            return False
        blob = self._in_repository("hash-object", "-w", "--stdin", given=f"{page}\n{REMARK}\n").strip()
        lines = self._in_repository("ls-tree", "HEAD").splitlines()
        kept = [line for line in lines if line.split("\t")[1] != f"{title}.md"]
        tree = self._in_repository("mktree", given="\n".join([*kept, f"100644 blob {blob}\t{title}.md", ""])).strip()
        commit = self._in_repository("commit-tree", tree, "-p", "HEAD", "-m", "A remark").strip()
        self._in_repository("update-ref", "HEAD", commit)
        return REMARK in self.git_page(title)

    def remark_in_confluence(self, title: str) -> bool:
        """The same there."""
        body = self.confluence.read(title)
        if body is None:
            return False
        self.confluence.save(title, f"{body}<p>{REMARK}</p>")
        return True

    def content(self) -> dict[str, str]:
        """All pages of both wikis by wiki and title, remarks left out, as are numbers of versions."""
        found = {}
        for line in self._in_repository("ls-tree", "-r", "--name-only", "HEAD").splitlines():
            page = self._in_repository("show", f"HEAD:{line}") if line.endswith(".md") else "(a file)"
            found[f"git {line}"] = page.replace(f"\n{REMARK}\n", "")
        for title in self.confluence.titles():
            body = self.confluence.read(title) or ""
            found[f"confluence {title}"] = _NUMBERED.sub("", body.replace(f"<p>{REMARK}</p>", ""))
        return found


class Publishing(RuleBasedStateMachine):
    """Weeks pass, wikis fail, runs are killed, people write; in the end each page stands there once, as it should."""

    runs: Runs
    expected: Callable[[tuple[str, ...]], dict[str, str]]
    wikis: Wikis

    @initialize()
    def begin(self) -> None:
        tally["scenarios of wikis"] += 1
        self._folder = TemporaryDirectory(prefix="okrsync-wikis-")
        self.wikis = Wikis(self.runs, Path(self._folder.name))
        self.weeks: list[str] = []
        self.remarks: set[tuple[str, str]] = set()

    def teardown(self) -> None:
        if not hasattr(self, "wikis"):
            return
        try:
            self._check_all()
        finally:
            for faults in self.wikis.faults.values():
                tally.update({f"fault: {name}": count for name, count in faults.injected.items()})
            self.wikis.close()
            self._folder.cleanup()

    def _week(self, next_week: bool) -> str:
        """The week that is published: the one of the last run again, or the next."""
        if not self.weeks or (next_week and len(self.weeks) < len(WEEKS)):
            self.weeks.append([*WEEKS][len(self.weeks)])
        return WEEKS[self.weeks[-1]]

    @rule(next_week=st.booleans(), faults=st.lists(_FAULTS, max_size=3))
    def publish(self, next_week: bool, faults: list[Planned]) -> None:
        self._plan(faults)
        self._check(self.wikis.publish(self._week(next_week)))

    @rule(next_week=st.booleans(), faults=st.lists(_FAULTS, max_size=1), at=st.integers(0, 30))
    def publish_killed(self, next_week: bool, faults: list[Planned], at: int) -> None:
        self._plan(faults)
        ended = self.wikis.publish_killed_at_request(self._week(next_week), at)
        if ended.killed:
            tally["publications killed"] += 1
            self._clear()
        else:
            self._check(ended)

    @rule(title=st.sampled_from(sorted(WEEKS)), wiki=st.sampled_from(["git", "confluence"]))
    def remark(self, title: str, wiki: str) -> None:
        write = self.wikis.remark_in_git if wiki == "git" else self.wikis.remark_in_confluence
        if (wiki, title) not in self.remarks and write(title):
            self.remarks.add((wiki, title))

    def _plan(self, faults: list[Planned]) -> None:
        for wiki, name, after, times in faults:
            self.wikis.faults[wiki].plan(name, after=after, times=times)

    def _clear(self) -> None:
        for faults in self.wikis.faults.values():
            faults.clear()

    def _check(self, ended: Ended) -> None:
        self._clear()
        tally["publications done" if ended.code == 0 else "publications in part"] += 1
        if ended.code == 0:
            self._check_content()
        else:
            assert "confluence: " in ended.err or "git: " in ended.err, ended.err

    def _check_content(self) -> None:
        found = self.wikis.content()
        assert found == type(self).expected(tuple(self.weeks))
        tally["pages compared"] += len(found)
        for wiki, title in self.remarks:
            page = self.wikis.git_page(title) if wiki == "git" else self.wikis.confluence.read(title)
            assert REMARK in (page or ""), f"the remark on {title} in {wiki} is lost"

    def _check_all(self) -> None:
        self._clear()
        ended = self.wikis.publish(self._week(next_week=True))
        assert ended.code == 0, ended.err
        self._check_content()
        tally["files searched for tokens"] += search_for(
            Path(self._folder.name), GIT_TOKEN, self.wikis.confluence.token
        )


def expected_by(runs: Runs) -> Callable[[tuple[str, ...]], dict[str, str]]:
    """What new wikis hold after some weeks, of which none failed."""
    known: dict[tuple[str, ...], dict[str, str]] = {}

    def expected(weeks: tuple[str, ...]) -> dict[str, str]:
        if weeks not in known:
            with TemporaryDirectory(prefix="okrsync-wikis-") as folder:
                wikis = Wikis(runs, Path(folder))
                for week in weeks:
                    assert wikis.publish(WEEKS[week]).code == 0
                known[weeks] = wikis.content()
                wikis.close()
        return known[weeks]

    return expected


def test_the_very_first_publication_is_killed_once_its_page_stands(runs: Runs, tmp_path: Path) -> None:
    """The next week's run knows of that page: it is on the page of all weeks, and in the wiki that was not reached."""
    first, second, _ = WEEKS
    wikis = Wikis(runs, tmp_path)
    try:
        assert wikis.publish_killed_when(WEEKS[first], lambda: wikis.confluence.read(first) is not None).killed
        assert not wikis.git_page(first)
        assert wikis.publish(WEEKS[second]).code == 0
        found = wikis.content()
    finally:
        wikis.close()
    assert found == expected_by(runs)((first, second))


def test_what_is_called_published_stands_there(runs: Runs) -> None:
    Publishing.runs, Publishing.expected = runs, staticmethod(expected_by(runs))
    tally.clear()
    run_state_machine_as_test(
        Publishing,
        settings=settings(
            max_examples=SCENARIOS,
            stateful_step_count=6 if SOAKING else 4,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            derandomize=not SOAKING,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,) if SOAKING else (Phase.generate, Phase.shrink),
        ),
    )
    assert tally["scenarios of wikis"] >= SCENARIOS
    if SOAKING and "OKRSYNC_TALLY" in os.environ:
        Path(os.environ["OKRSYNC_TALLY"]).write_text(json.dumps(tally), encoding="utf-8")
