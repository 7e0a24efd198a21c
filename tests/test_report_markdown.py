import re
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings

from okrsync.model import Person, SourceStatus, Suggestion, Team, Verdict
from okrsync.report.markdown import to_markdown
from okrsync.report.value import Finding, Report, Subject
from tests.report_samples import FINDINGS, HOSTILE, full, judgement, many, piece, report
from tests.test_escape import structure, texts


@pytest.mark.parametrize(
    "make",
    [
        full,
        report,
        lambda: report(sources=()),
        lambda: report(
            [judgement("KR1", Verdict.BUSY, pieces=[piece(1, "KR1")])], [piece(1, "KR1")], findings=FINDINGS
        ),
        lambda: many(41),
    ],
    ids=["full", "no key results", "no sources", "with findings", "many"],
)
def test_page(make, snapshot):
    assert to_markdown(make()) == snapshot


def everywhere(text: str, count: int = 1) -> Report:
    """A report that has ``text`` wherever a user or a service can put one."""
    done = [piece(number, "KR1", title=text, key=f"SHOP-{number}", scope="SHOP") for number in range(1, 4)]
    loose = [piece(9, title=text, scope=f"S{text}")]
    judged = [
        judgement("KR1", Verdict.BUSY, title=text, pieces=done, reasons=(f"r {text}",), team="t"),
        *(
            judgement(f"KR{number}.1", Verdict.BUILDING, title=text, reasons=(f"r {text}",))
            for number in range(2, 2 + count)
        ),
        judgement("KR9", Verdict.RETIRED, title=text, reasons=()),
    ]
    judged[0] = replace(
        judged[0],
        key_result=replace(judged[0].key_result, metric=replace(judged[0].key_result.metric, unit=f"u{text}")),
        objective=replace(judged[0].objective, title=text, strategy=f"s{text}"),
        outcome=replace(judged[0].outcome, origin=text),
    )
    return report(
        judged,
        [*done, *loose],
        findings=[
            Finding("drift", "D001", "info", Subject("team", f"t{text}"), f"m {text}", (f"e {text}",), f"a {text}")
        ],
        sources=[SourceStatus(f"s{text}", f"p{text}", None, 0, 0, "failed", f"e {text}")],
        people=[Person("lin", name=f"n {text}")],
        teams=[Team("acme", "company", name=f"A {text}"), Team("t", "team", "acme", name=f"T {text}")],
        suggestions=[Suggestion("KR1", f"{{labels: [{text}]}}", ((loose[0], 0.5),))],
    )


@pytest.mark.parametrize("count", [1, 45], ids=["few", "many"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_no_structure(text, count):
    if text.strip():
        assert page_structure(everywhere(text, count)) == page_structure(everywhere("harmless", count))


@settings(max_examples=25, deadline=None)
@given(texts)
def test_any_text_changes_no_structure(text):
    assert page_structure(everywhere(f"x{text}")) == page_structure(everywhere("x"))


def page_structure(made: Report) -> list[tuple[str, str, str]]:
    page = to_markdown(made)
    page.encode("utf-8")
    return structure(page)


def test_hostile_urls_are_no_links():
    done = [piece(1, "KR1", url="javascript:alert(1)"), piece(2, "KR1", url="https://acme.example/x) [y](z")]
    page = to_markdown(report([judgement("KR1", Verdict.BUSY, pieces=done)], done))
    assert "javascript" not in page
    assert "[SHOP-2 Onboarding step 2](https://acme.example/x%29%20%5By%5D%28z)" in page
    assert "Finished: SHOP-1 Onboarding step 1 (18 Nov 2026)" in page


def test_every_link_within_the_page_has_its_one_anchor():
    for made in (full(), many()):
        page = to_markdown(made)
        anchors = re.findall(r'<a id="([^"]+)">', page)
        assert len(anchors) == len(set(anchors)) == len(made.key_results)
        assert set(re.findall(r"\(#([^)]+)\)", page)) == set(anchors)


def test_ids_that_look_alike_have_anchors_of_their_own():
    ids = ["KR1.1", "KR1-1", "kr1.1", "目标一", "目标二", '"><b>']
    page = to_markdown(report([judgement(id_, Verdict.BUSY) for id_ in ids]))
    anchors = re.findall(r'<a id="([^"]+)">', page)
    assert len(set(anchors)) == len(ids)
    assert all(re.fullmatch(r"result-[a-z0-9-]+", anchor) for anchor in anchors)


def test_finished_pieces_are_the_newest_five_and_the_rest_is_counted():
    done = [piece(number, "KR1") for number in range(9, 0, -1)]
    page = to_markdown(report([judgement("KR1", Verdict.BUSY, pieces=done)], done))
    (line,) = [line for line in page.splitlines() if line.startswith("Finished: ")]
    assert re.findall(r"\[SHOP-(\d)", line) == ["1", "2", "3", "4", "5"]
    assert line.endswith(" · 4 more")


def test_days_are_those_of_the_configured_zone():
    late = piece(1, "KR1", done=piece(1).done_at.replace(day=17, hour=20))
    assert "(18 Nov 2026)" in to_markdown(report([judgement("KR1", Verdict.BUSY, pieces=[late])], [late]))


def test_a_commit_is_named_by_a_short_hash():
    assert "0a1b2c3d4e Tidy the build" in to_markdown(
        report([], [piece(1, key="0a1b2c3d4e" * 4, title="Tidy the build", url=None)])
    )


def test_more_than_forty_key_results_are_folded_by_team():
    assert "<details" not in to_markdown(many(40))
    page = to_markdown(many(300))
    assert page.count("<details") == page.count("</details>") > 12
    assert len(page) < 200_000


def test_every_mode_has_its_row_and_findings_are_grouped_by_mode():
    rows = re.findall(r"^\| \*\*(\w+)\*\*: .* \| nothing found \|", to_markdown(full()), re.MULTILINE)
    assert rows == ["alignment", "persistence", "strategy", "drift", "bottleneck"]
    page = to_markdown(report(findings=FINDINGS))
    assert page.index("### Strategy") < page.rindex("S001") < page.index("S002") < page.index("### Drift")


def test_long_sentences_are_whole_and_long_titles_are_cut():
    reason = "So it goes. " * 40
    made = report([judgement("KR1", Verdict.BUSY, title="x" * 5000, reasons=(reason,)), *many(16).judgements])
    page = to_markdown(made)
    assert f"- {reason.strip()}\n" in page
    assert "2 are neglected and 2 cannot be judged.\n" in page
    assert "x" * 199 + "…" in page
    assert "x" * 201 not in page


def test_growth_that_goes_on_as_before_is_named_so():
    assert "toward, as before" in to_markdown(full())


def test_same_report_same_bytes():
    assert to_markdown(full()) == to_markdown(full())
    assert "\n\n\n" not in to_markdown(full())
    assert to_markdown(full()).endswith(".\n")


def test_formats_are_imported_without_what_draws_them():
    code = (
        "import sys, okrsync.report.markdown, okrsync.report.terminal, okrsync.report.json\n"
        "sys.exit(bool({'jinja2', 'rich', 'numpy', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
