"""Key results that count work, and those that only look like it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from okrsync.findings.counting import counts_of_work
from okrsync.model import KeyResult, Kind, Metric


def key_result(title: str = "Shops", unit: str | None = None, **source: str) -> KeyResult:
    metric = Metric(unit=unit, baseline=0, target=10, source_settings=SimpleNamespace(**source))
    return KeyResult("KR1", "O1", title, "lin", Kind.METRIC, metric)


@pytest.mark.parametrize(
    "counting",
    [
        key_result(unit="issues"),
        key_result(unit="tickets/week"),
        key_result(unit="story points per sprint"),
        key_result(unit="releases"),
        key_result(unit="merged pull requests"),
        key_result(unit="个工单"),
        key_result("Increase the number of released features from 4 to 12"),
        key_result("Close 80% of the bugs in the backlog"),
        key_result("40 features"),
        key_result("Issues closed per sprint from 20 to 40"),
        key_result("每季度发布次数从 4 次增加到 12 次"),
        key_result(value="issues_closed"),
        key_result(value="closedTickets"),
        key_result(value="ticket_count"),
        key_result(path="metrics/releases.csv", value="value"),
        key_result(query="SELECT week, count(*) FROM jira_issues WHERE status = 'Done' GROUP BY week"),
        key_result(query='select w, sum(n) from "story_points_done" group by w'),
        key_result(query="sum(increase(deployments_total[7d]))"),
        key_result(query="github_pull_requests_merged_total"),
    ],
    ids=lambda each: f"{each.title} {each.metric.unit} {vars(each.metric.source_settings)}",
)
def test_counts_work(counting: KeyResult) -> None:
    assert list(counts_of_work(counting))


@pytest.mark.parametrize(
    "outcome",
    [
        key_result(unit="shops/week"),
        key_result("Support tickets per customer below 0.3", unit="tickets"),
        key_result(unit="tickets/100 orders"),
        key_result("Incidents that customers notice", unit="incidents"),
        key_result("客服工单数从 400 降到 200", unit="工单"),
        key_result("Loyalty points redeemed", unit="points"),
        key_result("Issues resolved within a day from 60 to 90 percent", unit="%"),
        key_result("Visits to the release notes", unit="visits", value="release_notes_readers"),
        key_result(value="feature_adoption_rate"),
        key_result(value="days_since_release"),
        key_result(path="metrics/release-latency.csv", value="hours"),
        key_result(query="SELECT week, avg(hours) FROM tickets GROUP BY week"),
        key_result(query="SELECT week, count(*) FROM orders WHERE milestone IS NOT NULL GROUP BY week"),
        key_result(query="sum(rate(http_requests_total[5m]))"),
        key_result(query="histogram_quantile(0.95, release_duration_seconds_bucket)"),
        key_result(query="SELECT day, count(*) FROM support_tickets GROUP BY day"),
    ],
    ids=lambda each: f"{each.title} {each.metric.unit} {vars(each.metric.source_settings)}",
)
def test_counts_no_work(outcome: KeyResult) -> None:
    assert list(counts_of_work(outcome)) == []
