"""What is said when the files are wrong: file, line, and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config_fakes import GOALS, MAIN, SECRET, Folder, install


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    install(monkeypatch)
    return Folder(tmp_path)


MAIN_CASES = [
    ("", "okrsync.yaml: the file is empty"),
    ("# nothing\n", "okrsync.yaml: the file is empty"),
    ("- a\n", "okrsync.yaml:1: the file must hold keys and values, not a list"),
    ("hello\n", "okrsync.yaml:1: the file must hold keys and values, not a single value"),
    ("a: [1\n", "okrsync.yaml:2: not valid YAML: while parsing a flow sequence, expected ',' or ']', but got"),
    ("a: 1\n---\nb: 2\n", "okrsync.yaml:2: not valid YAML: expected a single document"),
    ("language: *gone\n", "okrsync.yaml:1: not valid YAML: found undefined alias 'gone'"),
    ("a: 1\nb: \x07\n", "okrsync.yaml:2: not valid YAML: a control character stands here"),
    ("language: en\nlanguage: zh\n", "okrsync.yaml:2: 'language' stands twice; the first is in line 1"),
    (b"language: en\nstore: \xff\n", "okrsync.yaml:2: not UTF-8: save the file in the encoding UTF-8"),
    ("[" * 1000, "okrsync.yaml:1: nested more than 40 levels deep"),
    ("a: &a [*a]\n", "okrsync.yaml:1: nested more than 40 levels deep (or an alias holds itself)"),
    (
        "a: &a [1,1,1,1,1,1,1,1]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 8)}]\n" for n in range(9)),
        "okrsync.yaml:1: more than 200,000 values, aliases expanded",
    ),
    ("a: '" + "x" * 4194304 + "'", "okrsync.yaml: larger than 4 MiB"),
    ("x: &x {a: 1}\n<<: *x\n", "okrsync.yaml:2: << cannot be a key here"),
    ("? [a]\n: 1\n", "okrsync.yaml:1: this cannot be a key here"),
    ("store: !secret x\n", "okrsync.yaml:1: the tag '!secret' is not known; leave it out"),
    ("stroe: x\n", "okrsync.yaml:1: unknown key 'stroe' in the configuration; did you mean 'store'?"),
    ("language: de\n", "okrsync.yaml:1: 'language' must be 'en' or 'zh'"),
    ("language: true\n", "okrsync.yaml:1: 'language' must be 'en' or 'zh'"),
    (
        "timezone: Asia/Shangai\n",
        "okrsync.yaml:1: 'timezone' must be a time zone such as Asia/Shanghai; did you mean 'Asia/Shanghai'?",
    ),
    ("timezone: ../../etc/passwd\n", "okrsync.yaml:1: 'timezone' must be a time zone such as Asia/Shanghai"),
    ("timezone: [UTC]\n", "okrsync.yaml:1: 'timezone' must be a time zone such as Asia/Shanghai"),
    ("store: mysql://root:hunter22@h/d\n", "okrsync.yaml:1: 'store' must be sqlite:///FILE or postgresql+psycopg://"),
    ("store: sqlite://\n", "okrsync.yaml:1: 'store' must name a file: sqlite:///okrsync.db"),
    ("store:\n", "okrsync.yaml:1: 'store' has no value"),
    ("census: 0h\n", "okrsync.yaml:1: 'census' must be longer than nothing"),
    ("census: 1m\n", "okrsync.yaml:1: 'census' must be a length of time such as 7d, 2w or 12h"),
    ("census: 90000d\n", "okrsync.yaml:1: 'census' must not be longer than ten years"),
    ("schedule: {sync: hourly}\n", "okrsync.yaml:1: 'sync' must be five fields as in cron"),
    ("schedule: {report: '0 25 * * 1'}\n", "okrsync.yaml:1: 'report' must be a cron expression; 25 is not between"),
    ("not_completed: {a: b}\n", "okrsync.yaml:1: 'not_completed' must be a text"),
    ("sources:\n\tj: {}\n", "okrsync.yaml:2: not valid YAML: a tab stands here: YAML is indented with spaces"),
    ("not_completed: [a, [b]]\n", "okrsync.yaml:1: entry 2 of 'not_completed' must be a text"),
    ("okrs: gone/\n", "okrsync.yaml:1: 'okrs': 'gone/' does not exist"),
    ("okrs: none/*.yaml\n", "okrsync.yaml:1: 'okrs': 'none/*.yaml' matches no file"),
    ("sources: [a]\n", "okrsync.yaml:1: 'sources' must hold keys and values"),
    ("sources: {outcomes: {type: tracker}}\n", "okrsync.yaml:1: 'outcomes' is no name for a source"),
    ("sources:\n  a: {url: u}\n", "okrsync.yaml:2: 'type' is missing in this source; installed: broken, tracker"),
    ("sources:\n  a: {type: 5}\n", "okrsync.yaml:2: 'type' must be a text"),
    (
        "sources:\n  a: {type: traker}\n",
        "okrsync.yaml:2: no source of type 'traker' is known; did you mean 'tracker'?",
    ),
    (
        "sources:\n  a:\n    type: zzz\n",
        "okrsync.yaml:3: no source of type 'zzz' is known; installed: broken, tracker",
    ),
    (
        "sources:\n  a: {type: broken}\n",
        "okrsync.yaml:2: the plugin 'broken' in okrsync.connectors cannot be imported: No module named 'broken'",
    ),
    ("publish:\n  - {type: foldr}\n", "okrsync.yaml:2: no wiki of type 'foldr' is known; did you mean 'folder'?"),
    ("publish:\n  - folder\n", "okrsync.yaml:2: entry 1 of 'publish' must hold keys and values"),
    (
        "people:\n  - {id: a}\n  - {id: a}\n",
        "okrsync.yaml:3: the person 'a' stands twice; the first is in line 2",
    ),
    ("people:\n  - {name: a}\n", "okrsync.yaml:2: 'id' is missing in an entry of 'people'"),
    ("people:\n  - {id: a b}\n", "okrsync.yaml:2: 'id' must be one word of at most 100 characters"),
    ("people:\n  - {id: a, team: paymnts}\n", "okrsync.yaml:2: unknown team 'paymnts'; did you mean 'payments'?"),
    ("people:\n  - {id: a, accounts: {shp: x}}\n", "okrsync.yaml:2: unknown source 'shp'"),
]


@pytest.mark.parametrize(("main", "message"), MAIN_CASES, ids=[message[:60] for _, message in MAIN_CASES])
def test_okrsync_yaml(folder: Folder, main: str | bytes, message: str) -> None:
    goals = GOALS.replace("source: shop, ", "")
    lines = folder.problems(main, goals)
    assert [line for line in lines if line.startswith(message)], lines
    assert "hunter22" not in "\n".join(lines)


SETTINGS_CASES = [
    (
        "url: https://acme.example",
        "ulr: x",
        ":4: unknown key 'ulr' in the source of type 'tracker'; did you mean 'url'?",
    ),
    ("    url: https://acme.example\n", "", ":2: 'url' is missing in the source of type 'tracker'"),
    ("https://acme.example", "5", ":4: 'url' must be a text: put it in quotes"),
    ("projects: [SHOP]", "projects: SHOP", ":6: 'projects' must be a list"),
    ("projects: [SHOP]", "projects:\n      - A\n      - {}", ":8: entry 2 of 'projects' must be a text"),
    ("projects: [SHOP]", "limit: x\n    projects: [A]", ":6: 'limit' must be a whole number"),
    ("    projects: [SHOP]\n", "", ":2: the source of type 'tracker': give projects for https://acme.example"),
    ("email:", "emial:", ":5: unknown key 'emial' in 'auth'; did you mean 'email'?"),
    ('email: bot@acme.example, token: "${TOKEN}"', "email: x", ":5: 'token' is missing in 'auth'"),
    ('{email: bot@acme.example, token: "${TOKEN}"}', "x", ":5: 'auth' must hold keys and values"),
    (
        '"${TOKEN}"',
        '"${NOPE}"',
        ":5: the environment variable NOPE is not set (nor is NOPE_FILE, and no keyring holds it)",
    ),
    ('"${TOKEN}"', '"${EMPTY}"', ":5: the environment variable EMPTY is empty"),
    ('"${TOKEN}"', '"${TOKEN"', ":5: '${' begins an environment variable: write ${NAME}, or $${ for the characters"),
]


@pytest.mark.parametrize(("old", "new", "message"), SETTINGS_CASES, ids=[case[2][:60] for case in SETTINGS_CASES])
def test_settings_of_a_plugin(folder: Folder, old: str, new: str, message: str) -> None:
    assert old in MAIN
    lines = folder.problems(MAIN.replace(old, new), EMPTY="")
    assert "okrsync.yaml" + message in lines
    assert not [line for line in lines if "Input" in line or "pydantic" in line or SECRET in line]


GOALS_CASES = [
    ("labels:", "lables:", ":23: unknown key 'lables' in a work rule; did you mean 'labels'?"),
    ("{source: shop, labels: [activation]}", "{}", ":23: an empty work rule would take every work item: give it a key"),
    ("{source: shop, labels: [activation]}", "labels", ":23: entry 1 of 'work' must hold keys and values"),
    ("labels: [activation]", "labels: []", ":23: 'labels' must not be empty"),
    ("labels: [activation]", "title: '(['", ":23: 'title' is not a regular expression: unterminated character set"),
    ("source: shop", "source: shopp", ":23: unknown source 'shopp'; did you mean 'shop'?"),
    ("target: 300", "target: lots", ":20: 'target' must be a number"),
    ("target: 300", "target: true", ":20: 'target' must be a number"),
    ("target: 300", "target: .nan", ":20: 'target' must be a number"),
    ("target: 300", "target: " + "9" * 400, ":20: 'target' must be a number"),
    ("target: 300", "target: " + "9" * 5000, ":20: not a number that can be read"),
    ("baseline: 120", "baseline: [1]", ":19: 'baseline' must be a number"),
    ("unit: shops/week", "cadence: 12h", ":18: 'cadence' must be whole days, such as 7d or 2w"),
    ("unit: shops/week", "cadence: 0", ":18: 'cadence' must be longer than nothing"),
    ("unit: shops/week", "lag: -1", ":18: 'lag' must be a length of time such as 7d or 2w"),
    ("unit: shops/week", "direction: up", ":18: 'direction' must be 'at_least' or 'at_most'"),
    ("unit: shops/week", "cumulative: 7", ":18: 'cumulative' must be true or false"),
    ("type: csv", "type: cvs", ":21: no outcome source of type 'cvs' is known; did you mean 'csv'?"),
    ("path: a.csv", "pth: a.csv", ":21: unknown key 'pth' in the outcome source of type 'csv'; did you mean 'path'?"),
    (
        "        metric:\n",
        "        direction: at_least\n        metric:\n          direction: at_most\n",
        ":17: 'direction' contradicts",
    ),
    ("kind: milestone", "kind: Milestone", ":29: 'kind' must be 'metric', 'maintain' or 'milestone'"),
    ("start: 2026-10-01", "start: 2026-10-01T08:00:00", ":1: 'start' must be a day without a time, such as 2026-10-01"),
    ("start: 2026-10-01", "start: 2026-02-30", ":1: 'start' must be a day such as 2026-10-01"),
    ("start: 2026-10-01", "start: 20261001", ":1: 'start' must be a day such as 2026-10-01"),
    ("start: 2026-10-01", "start: 0001-01-01", ":1: 'start' must be a day of the years 1900 to 2999"),
    ("start: 2026-10-01", "start: 2027-10-01", ":1: the cycle ends before it starts"),
    ("    title: Sell within a day\n", "", ":8: 'title' is missing in an objective"),
    ("title: Sell within a day", "title:", ":10: 'title' has no value"),
    ("title: Sell within a day", "title: '  '", ":10: 'title' must not be empty"),
    ("team: payments", "team: paymens", ":25: unknown team 'paymens'; did you mean 'payments'?"),
    ("parent: acme", "parent: acm", ":6: unknown team 'acm'; did you mean 'acme'?"),
    ("company}", "company, parent: payments}", ":5: the tree of teams runs in a circle: acme → payments → acme"),
    ("strategy: smb", "strategy: smbs", ":11: unknown strategy pillar 'smbs'; did you mean 'smb'?"),
    ("supports: KR1.1", "supports: KR1.2", ":27: unknown objective or key result 'KR1.2'; did you mean 'KR1.1'?"),
    ("supports: KR1.1", "supports: KR2.1", ":27: an objective cannot support itself"),
    (
        "owner: lin\n    key",
        "supports: KR2.1\n    key",
        ":12: the objectives support each other in a circle: O1 → O2 → O1",
    ),
    ("id: KR2.1", "id: KR1.1", ":29: the id 'KR1.1' belongs to another key result in okrs/q4.yaml:14: ids are unique"),
    ("id: KR2.1", "id: O1", ":29: the id 'O1' belongs to another objective in okrs/q4.yaml:8: ids are unique"),
    ("teams:", "tems:\nteams:", ":4: unknown key 'tems' in a file of goals"),
    (
        "id: smb, title",
        "id: smb, title: x}\n  - {id: smb, title",
        ":4: strategy pillar 'smb' is declared differently in okrs/q4.yaml:3",
    ),
    ("objectives:\n", "objectives: 3\nx:\n", ":7: 'objectives' must be a list"),
    ("cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}\n", "", ":6: which cycle are these objectives for?"),
]


@pytest.mark.parametrize(
    ("old", "new", "message"), GOALS_CASES, ids=[f"{c[1][:20]!a} {c[2][:40]}" for c in GOALS_CASES]
)
def test_goals(folder: Folder, old: str, new: str, message: str) -> None:
    assert old in GOALS
    lines = folder.problems(goals=GOALS.replace(old, new, 1))
    assert [line for line in lines if line.startswith("okrs/q4.yaml" + message)], lines
    assert not [line for line in lines if "Input" in line or "pydantic" in line]


def test_one_mistake_is_one_message_and_hides_no_other(folder: Folder) -> None:
    goals = (
        GOALS.replace("level: team, parent", "levl: team, parent")
        .replace("Sell within a day", "Sell\n    serve: shops")
        .replace("target: 300", "target: lots")
        .replace("labels: [activation]", "label: [activation], source: shop2", 1)
        .replace("source: shop, label:", "label:")
        .replace("title: Pay at once", "titel: Pay at once")
    )
    main = MAIN.replace("url:", "ulr:") + "langauge: en\npublish: [{type: folder}]\n"
    assert folder.problems(main, goals) == [
        "okrsync.yaml:2: 'url' is missing in the source of type 'tracker'",
        "okrsync.yaml:4: unknown key 'ulr' in the source of type 'tracker'; did you mean 'url'?",
        "okrsync.yaml:9: unknown key 'langauge' in the configuration; did you mean 'language'?",
        "okrsync.yaml:10: 'path' is missing in the wiki of type 'folder'",
        "okrs/q4.yaml:6: 'level' is missing in a team",
        "okrs/q4.yaml:6: unknown key 'levl' in a team; did you mean 'level'?",
        "okrs/q4.yaml:11: unknown key 'serve' in an objective; did you mean 'serves'?",
        "okrs/q4.yaml:21: 'target' must be a number",
        "okrs/q4.yaml:24: unknown key 'label' in a work rule; did you mean 'labels'?",
        "okrs/q4.yaml:24: unknown source 'shop2'; did you mean 'shop'?",
        "okrs/q4.yaml:25: 'title' is missing in an objective",
        "okrs/q4.yaml:27: unknown key 'titel' in an objective; did you mean 'title'?",
    ]


def test_other_files_are_still_read(folder: Folder) -> None:
    folder.write("okrs/a.yaml", "teams: [")
    folder.write("okrs/b.yaml", "")
    folder.write(
        "okrs/c.yaml", "teams: [{id: acme, level: holding}]\ncycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-11-01}"
    )
    assert folder.problems() == [
        "okrs/a.yaml:1: not valid YAML: while parsing a flow node, expected the node content, but found '<stream end>'",
        "okrs/b.yaml: the file is empty",
        "okrs/q4.yaml:1: cycle '2026-Q4' is declared differently in okrs/c.yaml:2: make the two equal, or remove one",
        "okrs/q4.yaml:5: team 'acme' is declared differently in okrs/c.yaml:1: make the two equal, or remove one",
    ]


def test_no_files_of_goals(folder: Folder) -> None:
    (folder.path / "okrs").mkdir()
    assert folder.problems(goals=None) == ["okrsync.yaml:1: 'okrs': 'okrs/' holds no .yaml file"]
    assert folder.problems(goals="teams: []") == [
        "okrsync.yaml:1: none of the files of goals declares a cycle",
        "okrsync.yaml:8: unknown team 'payments'",
    ]


def test_a_substituted_value_is_never_shown(folder: Folder) -> None:
    main = MAIN.replace("    projects: [SHOP]\n", "").replace("https://acme.example", "'https://${TOKEN}.example'")
    goals = GOALS.replace("team: payments", 'team: "${TOKEN}"').replace("labels: [activation]", 'title: "[${TOKEN}"')
    lines = folder.problems(main, goals)
    assert SECRET not in "\n".join(lines)
    assert "okrsync.yaml:2: the source of type 'tracker': give projects for https://${TOKEN}.example" in lines
    assert "okrs/q4.yaml:25: unknown team '${TOKEN}'; known: acme, payments" in lines
    assert "okrs/q4.yaml:23: 'title' is not a regular expression: unterminated character set at position 0" in lines
