import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from okrsync.model import Forecast, Movement, Trend, Verdict
from okrsync.report.json import to_json
from okrsync.report.value import SUBJECT_KINDS, ChainShare, Earlier, GoalNode, Mode, Severity, SubjectKind
from tests.report_samples import FINDINGS, HOSTILE, full, judgement, many, piece, report

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "config" / "report.schema.json").read_text("utf-8"))


def parsed(made) -> dict[str, Any]:
    content = json.loads(to_json(made))
    jsonschema.validate(content, SCHEMA, cls=jsonschema.Draft202012Validator)
    return content


def test_schema_is_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def over():
    """A report of a cycle that has ended."""
    verdicts = {"KR1": Verdict.TOO_EARLY}
    return report(
        [judgement("KR1", Verdict.BUSY), judgement("KR2", Verdict.BUSY)],
        as_of=date(2027, 1, 5),
        closed=Earlier(date(2026, 12, 31), verdicts),
    )


@pytest.mark.parametrize("make", [full, many, report, over], ids=["full", "many", "empty", "over"])
def test_every_report_is_as_the_schema_says(make):
    parsed(make())


def test_enumerations_of_the_schema_are_those_of_the_model():
    defs = SCHEMA["$defs"]
    outcome, key_result, finding = defs["outcome"], defs["key_result"], defs["finding"]
    assert key_result["properties"]["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert defs["verdict"]["enum"] == [verdict.value for verdict in Verdict]
    assert outcome["properties"]["movement"]["enum"] == [movement.value for movement in Movement]
    assert outcome["properties"]["trend"]["enum"] == [trend.value for trend in Trend]
    assert finding["properties"]["mode"]["enum"] == list(get_args(Mode))
    assert finding["properties"]["severity"]["enum"] == list(get_args(Severity))
    assert defs["subject"]["properties"]["kind"]["enum"] == list(get_args(SubjectKind)) == list(SUBJECT_KINDS)
    assert [*SCHEMA["properties"]["headline"]["properties"]["verdicts"]["properties"], "retired"] == [*Verdict]


def test_the_schema_is_strict():
    def objects(node):
        if isinstance(node, dict):
            if "properties" in node and "type" in node:
                yield node
            for value in node.values():
                yield from objects(value)

    found = list(objects(SCHEMA))
    assert len(found) > 10
    assert all(node["additionalProperties"] is False for node in found)
    assert all(
        set(node["required"]) == set(node["properties"]) for node in found if "achieved" not in node["properties"]
    )


def test_keys_and_their_order_are_the_contracts():
    content = parsed(
        report([judgement("KR1.1", Verdict.BUSY, pieces=[piece(1, "KR1.1")])], [piece(1, "KR1.1")], findings=FINDINGS)
    )
    assert list(content) == [
        "schema", "as_of", "cycle", "headline", "sources", "key_results", "findings", "not_judged", "silenced",
        "unlinked", "closing", "changes", "goals", "chain",
    ]  # fmt: skip
    assert content["schema"] == 1
    assert content["as_of"] == "2026-11-20"
    assert content["cycle"] == {"id": "2026-Q4", "start": "2026-10-01", "end": "2026-12-31"}
    assert list(content["headline"]) == [
        "key_results", "verdicts", "completed", "completed_on_busy", "completed_unlinked"
    ]  # fmt: skip
    assert list(content["sources"][0]) == ["source", "scope", "last_success", "items", "removed", "state", "error"]
    (key_result,) = content["key_results"]
    assert list(key_result) == [
        "id", "objective", "team", "owner", "title", "verdict", "since", "activity", "outcome", "reasons"
    ]  # fmt: skip
    assert key_result["activity"] == {
        "opened": 9, "open": 4, "completed": 1, "settled": 0, "last_completed": "2026-11-18"
    }  # fmt: skip
    assert list(key_result["outcome"]) == [
        "movement", "trend", "rule", "points", "baseline", "target", "current", "progress", "measured_at", "origin",
        "forecast",
    ]  # fmt: skip
    assert list(content["findings"][0]) == [
        "mode", "rule", "severity", "subject", "message", "evidence", "action"
    ]  # fmt: skip
    assert content["unlinked"] == {"completed": 0, "by_scope": {}, "suggestions": []}
    assert content["closing"] is None
    assert content["changes"] is None


def test_the_tree_of_goals_and_the_shares_of_the_chain():
    goals = [
        GoalNode("O1", "Sell within a day", "acme", 0, None, broken=False, busy=2),
        GoalNode("O2", "".join(HOSTILE), "commerce", 1, None, broken=True, busy=0),
        GoalNode("O3", "支付不失败", "payments", 2, "O2", broken=False, busy=1),
    ]
    content = parsed(
        replace(report(), goals=tuple(goals), chain=(ChainShare("company", 3, 3), ChainShare("team", 0, 9)))
    )
    assert [list(goal) for goal in content["goals"]] == [
        ["id", "title", "team", "depth", "parent", "broken", "busy"]
    ] * 3  # fmt: skip
    assert [tuple(goal.values()) for goal in content["goals"]] == [
        ("O1", "Sell within a day", "acme", 0, None, False, 2),
        ("O2", "".join(HOSTILE), "commerce", 1, None, True, 0),
        ("O3", "支付不失败", "payments", 2, "O2", False, 1),
    ]
    assert content["chain"] == [
        {"level": "company", "serving": 3, "completed": 3},
        {"level": "team", "serving": 0, "completed": 9},
    ]


def test_values():
    content = parsed(full())
    assert content["headline"] == {
        "key_results": 10,
        "verdicts": {
            "achieved": 1, "delivering": 2, "busy": 2, "too_early": 1, "building": 1, "unattributed": 1,
            "neglected": 1, "unmeasured": 1,
        },
        "completed": 25,
        "completed_on_busy": 9,
        "completed_unlinked": 7,
    }  # fmt: skip
    assert list(content["headline"]["verdicts"])[:3] == ["achieved", "delivering", "busy"]
    assert content["sources"][2]["last_success"] == "2026-11-20T00:00:00Z"
    assert content["sources"][1] == {
        "source": "shop-jira", "scope": "PAY", "last_success": None, "items": 0, "removed": 0, "state": "failed",
        "error": "the account may not browse PAY (403)",
    }  # fmt: skip
    assert [each["id"] for each in content["key_results"]][:2] == ["KR1.1", "KR1.10"]
    assert content["key_results"][-1]["verdict"] == "retired"
    assert content["unlinked"] == {
        "completed": 7,
        "by_scope": {"shop-jira:PAY": 6, "storefront-git:storefront": 1},
        "suggestions": [
            {
                "key_result": "KR2.2",
                "score": 0.57,
                "rule": "{source: shop-jira, labels: [payouts]}",
                "pieces": 2,
                "example": {
                    "source": "shop-jira",
                    "key": "PAY-40",
                    "title": "Retry failed payouts 40",
                    "url": "https://acme.atlassian.net/browse/SHOP-40",
                    "score": 0.71,
                },
            },
            {
                "key_result": "KR3.1",
                "score": 0.3,
                "rule": "{keys: [" + "0a1b2c3d4e" * 4 + "]}",
                "pieces": 1,
                "example": {
                    "source": "storefront-git",
                    "key": "0a1b2c3d4e" * 4,
                    "title": "Tidy the build",
                    "url": None,
                    "score": 0.3,
                },
            },
        ],
    }


def test_whole_numbers_have_no_point():
    text = to_json(report([judgement("KR1", Verdict.BUSY)]))
    assert '"baseline": 120,' in text
    assert '"low": 110,' in text
    assert json.loads(text)["key_results"][0]["outcome"]["progress"] == pytest.approx(4 / 180)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_null(value):
    busy = judgement("KR1", Verdict.BUSY)
    broken = replace(busy.outcome, current=value, progress=value, forecast=Forecast(value, 1.5, value))
    outcome = parsed(report([replace(busy, outcome=broken)]))["key_results"][0]["outcome"]
    assert (outcome["current"], outcome["progress"]) == (None, None)
    assert outcome["forecast"] == {"low": None, "mid": 1.5, "high": None}


def test_huge_numbers_do_not_become_hundreds_of_digits():
    busy = judgement("KR1", Verdict.BUSY)
    text = to_json(report([replace(busy, outcome=replace(busy.outcome, current=1e300))]))
    assert '"current": 1e+300,' in text


def test_unmeasured_is_not_flat():
    unmeasured = judgement("KR1", Verdict.UNMEASURED)
    claimed = replace(unmeasured.outcome, movement=Movement.FLAT, trend=Trend.BETTER)
    outcome = parsed(report([replace(unmeasured, outcome=claimed)]))["key_results"][0]["outcome"]
    assert (outcome["movement"], outcome["trend"]) == ("unknown", "unknown")
    assert (outcome["current"], outcome["progress"], outcome["measured_at"], outcome["forecast"]) == (None,) * 4


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_comes_back_as_it_was_and_steers_no_terminal(text):
    made = report([judgement("KR1", Verdict.BUSY, title=text, reasons=(text,))])
    written = to_json(made)
    written.encode("utf-8")
    assert not [
        character
        for character in written
        if character != "\n" and not character.isprintable() and character != "\u200b"
    ]
    assert json.loads(written)["key_results"][0]["title"] == text
    assert json.loads(written)["key_results"][0]["reasons"] == [text]


def test_other_languages_are_readable_in_the_text():
    assert '"title": "激活的店铺"' in to_json(report([judgement("KR1", Verdict.BUSY, title="激活的店铺")]))


def test_it_ends_with_one_line_feed():
    assert to_json(report()).endswith("}\n")
