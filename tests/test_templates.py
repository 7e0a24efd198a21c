"""Users' own templates: what they see, what they cannot do, and what is said when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from okrsync.errors import ConfigError
from okrsync.report.markdown import Around, page_context, to_markdown
from okrsync.report.templates import LONGEST_PAGE, VARIABLES
from tests.cli_project import MAIN, Project, start
from tests.report_samples import full


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


def filled(folder: Path, text: str, name: str = "mine.md.j2") -> str:
    (folder / name).write_text(text, "utf-8")
    return to_markdown(full(), templates=folder, template=name)


def test_what_is_documented_is_what_a_template_is_given() -> None:
    assert set(VARIABLES) == set(page_context(full(), Around()))


def test_a_template_prints_escaped_text_and_its_own_markdown(tmp_path: Path) -> None:
    page = filled(tmp_path, "# {{ words.title(report) }}\n{{ '<b>*x*</b>' }} {{ raw('*y*') }}\n{{ _('Charts') }}\n")
    assert page == "# Acme · 2026-Q4 · week 47\n&lt;b&gt;\\*x\\*&lt;/b&gt; *y*\nCharts\n"


def test_a_part_is_replaced_alone_and_okrsyncs_own_are_there(tmp_path: Path) -> None:
    (tmp_path / "_trust.md.j2").write_text("Trust us.\n")
    page = to_markdown(full(), templates=tmp_path)
    assert "Trust us." in page
    assert "How far to trust" not in page
    (tmp_path / "_trust.md.j2").unlink()
    assert to_markdown(full(), templates=tmp_path) == to_markdown(full())


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a\n{% if %}\n", 2, "Expected an expression"),
        ("a\nb\n{{ report.nothing }}\n", 3, "no attribute 'nothing'"),
        ("{{ nothing }}", 1, "'nothing' is undefined"),
        ("a\n{{ 1 / 0 }}", 2, "division by zero"),
        ("\n\n{{ report.as_of + 1 }}", 3, "unsupported operand"),
        ("{{ report | unknown }}", 1, "No filter named 'unknown'"),
        ("a\n{% include 'absent.md.j2' %}", 2, "there is no template 'absent.md.j2'"),
        ("{% include '../secret.txt' %}", 1, "there is no template '../secret.txt'"),
        ("{% include 'link.txt' %}", 1, "there is no template 'link.txt'"),
        ("{% include '/etc/hostname' %}", 1, "there is no template '/etc/hostname'"),
        ("{{ report.__class__.__mro__ }}", 1, "unsafe"),
        ("{{ words.headline.__globals__ }}", 1, "unsafe"),
        ("{{ words.ZoneInfo }}", 1, "no attribute 'ZoneInfo'"),
        ("{{ words.clean }}", 1, "no attribute 'clean'"),
        ("{{ report.findings.append(1) }}", 1, "no attribute 'append'"),
        ("{{ words.VERDICTS.clear() }}", 1, "unsafe"),
        ("{% for i in range(10**9) %}{% endfor %}", 1, "Range too big"),
        ("{{ 'x' * 10**9 }}", 1, "not repeated more than 100,000"),
        ("{{ 10 ** 99999 }}", 1, "is not computed in a template"),
        ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", 1, "calls itself without end"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(ConfigError) as error:
        filled(folder, text)
    assert f"{folder / 'mine.md.j2'}:{line}: " in str(error.value)
    assert said in str(error.value)


def test_an_error_in_a_part_names_the_part(tmp_path: Path) -> None:
    (tmp_path / "_trust.md.j2").write_text("\n\n{{ nothing }}\n")
    with pytest.raises(ConfigError, match=r"_trust\.md\.j2:3: 'nothing' is undefined"):
        to_markdown(full(), templates=tmp_path)


def test_a_page_without_end_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"more than {LONGEST_PAGE:,} characters"):
        filled(tmp_path, "{% for i in range(99999) %}{{ raw('x' * 1000) }}{% endfor %}")


def test_a_template_of_the_command_line(project: Project) -> None:
    project.write("mine.txt", "{{ words.headline(report) }}\n")
    ran = project.run("report", "--template", "mine.txt")
    assert (ran.code, ran.out) == (0, "No key result is busy, and no work was finished this cycle.\n")
    assert project.run("report", "--template", "mine.txt", "--format", "json").code == 2
    project.write("mine.txt", "\n{{ nothing }}")
    ran = project.run("report", "--template", "mine.txt")
    assert ran.code == 2
    assert "mine.txt:2: 'nothing' is undefined" in ran.err


def test_the_folder_of_the_configuration(project: Project) -> None:
    project.write("okrsync.yaml", f"{MAIN}\nreport: {{templates: own}}\n")
    ran = project.run("report", "--format", "markdown")
    assert (ran.code, "there is no such folder" in ran.err) == (2, True)
    project.write("own/report.md.j2", "Mine: {{ report.as_of }}\n")
    assert project.run("report", "--format", "markdown").out == "Mine: 2026-11-20\n"
    assert project.run("publish", "--draft").out == "Mine: 2026-11-20\n"
    project.write("own/index.md.j2", "{{ oops }}\n")
    ran = project.run("publish")
    assert ran.code == 2
    assert "index.md.j2:1: 'oops' is undefined" in ran.err
    assert not (project.path / "wiki").exists()
    project.write("own/index.md.j2", "Index of mine\n")
    assert project.run("publish").code == 0
    assert "Index of mine" in (project.path / "wiki" / "OKR-Reports.md").read_text("utf-8")
