"""Everything that a finding says is said in the language in use; nothing of it is left in English."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.examples import EXAMPLES
from okrsync.findings.catalogue import RULES
from okrsync.findings.diagnose import Diagnosis, diagnose
from okrsync.findings.interface import Facts
from okrsync.findings.telling import listed
from okrsync.language import _, use
from tests.finding_examples import facts_of

_ENGLISH = re.compile(r"[A-Za-z'’-]{2,}(?:,? [a-z'’-]{1,})+")
"""Two words or more, one after the other."""
_QUOTED = re.compile(r"`[^`]*`|“[^”]*”|'[a-z_]+(?:: [a-z_]+)?'")
"""Commands, keys, and what stands in quotation marks are the same in every language."""


def english_in(text: str, facts: Facts) -> list[str]:
    """What reads like English in a text, but for names and titles of the users' own."""
    own = [text for objective in facts.programme.objectives for text in (objective.title, objective.serves or "")]
    own += [key_result.title for objective in facts.programme.objectives for key_result in objective.key_results]
    own += [
        key_result.metric.unit or "" for objective in facts.programme.objectives for key_result in objective.key_results
    ]
    own += [pillar.title for pillar in facts.programme.strategy]
    own += [reason.reason for reasons in facts.reasons.values() for reason in reasons]
    own += [kr.retired.reason or "" for each in facts.programme.objectives for kr in each.key_results if kr.retired]
    own += [piece.title for piece in (*facts.completed, *facts.open)]
    own += [reason for judgement in facts.judgements for reason in judgement.reasons]  # a verdict's words, not ours
    for each in sorted(filter(None, own), key=len, reverse=True):
        text = text.replace(each, "")
    return _ENGLISH.findall(_QUOTED.sub("", text))


def said(diagnosis: Diagnosis) -> list[str]:
    found = [each for finding in diagnosis.findings for each in (finding.message, *finding.evidence, finding.action)]
    return [*found, *(each.because for each in diagnosis.not_judged)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_finding_in_chinese_has_no_english_left(rule, tmp_path: Path) -> None:
    texts = []
    for number, example in enumerate(EXAMPLES[rule.id]):
        folder = tmp_path / str(number)
        folder.mkdir()
        facts, config = facts_of(example, folder)
        with use("zh"):
            texts += [(text, facts) for text in said(diagnose(facts, [rule], config.silences)) if text]
    assert texts
    assert [(text, english) for text, facts in texts if (english := english_in(text, facts))] == []
    assert any(re.search(r"[\u4e00-\u9fff]", text) for text, _facts in texts)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_title_of_a_rule_is_translated(rule) -> None:
    with use("zh"):
        assert re.search(r"[\u4e00-\u9fff]", _(rule.title))


def test_english_is_found_where_it_is() -> None:
    assert _ENGLISH.findall("目标 O1 has no owner") == ["has no owner"]
    assert not _ENGLISH.findall(_QUOTED.sub("", "运行 `okrsync check-in KR1 VALUE`，用 'kind: milestone'"))


def test_lists_in_both_languages() -> None:
    names = ["O1", "O2", "O3", "O4", "O5", "O6"]
    assert [listed(names[:count]) for count in (0, 1, 2, 3)] == ["", "O1", "O1 and O2", "O1, O2 and O3"]
    assert listed(names) == "O1, O2, O3, O4 and 2 more"
    with use("zh"):
        assert listed(names[:3]) == "O1、O2 和 O3"
        assert listed(names) == "O1、O2、O3、O4等，另有 2 个"
