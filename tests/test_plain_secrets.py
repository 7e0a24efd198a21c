"""Secrets in plain words are refused, with the way to do it right and without being repeated; nothing else is."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okrsync.config_yaml import parse_document
from okrsync.plain_secrets import refuse_plain_secrets
from okrsync.variables import Variables
from tests.config_fakes import GOALS, MAIN, Folder, install

CANARY = "Zq7canary4711Xw"
LONG = CANARY * 3


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    install(monkeypatch)
    return Folder(tmp_path)


def problems(text: str, **environ: str) -> list[str]:
    """What is said of one file's secrets, whatever else it may be."""
    document = parse_document(text.encode(), "okrsync.yaml", Variables(environ))
    refuse_plain_secrets(document)
    return [str(problem) for problem in document.problems]


REFUSED = [
    (f"sources:\n  shop: {{auth: {{email: a@b.c, token: {CANARY}}}}}\n", 2, "'token'", "SHOP_TOKEN"),
    (f"sources:\n  shop-jira:\n    auth:\n      token: '{CANARY}'\n", 4, "'token'", "SHOP_JIRA_TOKEN"),
    (f"sources: {{x: {{url: 'http://127.0.0.1.evil.example', auth: {{token: {CANARY}}}}}}}\n", 1, "'token'", "X_TOKEN"),
    (f"sources: {{x: {{url: 'http://lin:{CANARY}@127.0.0.1/'}}}}\n", 1, "'url'", "X_URL"),
    (f"store: postgresql://okr:{CANARY}@localhost/okr\n", 1, "'store'", "STORE_PASSWORD"),
    (f"sources:\n  店:\n    auth:\n      token: '{CANARY}'\n", 4, "'token'", "TOKEN"),
    (f"publish:\n  - {{auth: {{user: Bot@x, password: {CANARY}}}}}\n", 2, "'password'", "WIKI_PASSWORD"),
    ("publish:\n  - {auth: {user: Bot@x, password: 4711123}}\n", 2, "'password'", "WIKI_PASSWORD"),
    (f"publish: [{{auth: {CANARY}}}]\n", 1, "'auth'", "WIKI_AUTH"),
    (f"notify: [{{type: feishu, secret: {CANARY}}}]\n", 1, "'secret'", "CHAT_SECRET"),
    (f"sources:\n  x:\n    API-Key: {CANARY}\n", 3, "'API-Key'", "X_API_KEY"),
    (f"sources:\n  x:\n    headers: {{Authorization: Bearer {CANARY}}}\n", 3, "'Authorization'", "X_AUTHORIZATION"),
    (f"objectives: [{{source: {{auth: {{header: X-Key, value: {CANARY}}}}}}}]\n", 1, "'value'", "OUTCOME_VALUE"),
    (f"objectives: [{{source: {{url: 'postgresql://r:{CANARY}@db/shop'}}}}]\n", 1, "'url'", "OUTCOME_URL"),
    (f"objectives: [{{source: {{url: 'postgresql://r:{CANARY}/x@db/shop'}}}}]\n", 1, "'url'", "OUTCOME_URL"),
    (f"objectives: [{{source: {{url: 'postgresql://r@db/shop?password={CANARY}'}}}}]\n", 1, "'url'", "OUTCOME_URL"),
    (f"objectives: [{{source: {{path: 'https://h/a.csv?x=1&token={CANARY}'}}}}]\n", 1, "'path'", "OUTCOME_PATH"),
    (f"objectives: [{{source: {{url: 'https://lin:{CANARY}@h/a'}}}}]\n", 1, "'url'", "OUTCOME_URL"),
    (f"publish: [{{url: 'ssh://git:{CANARY}@h/a.git'}}]\n", 1, "'url'", "WIKI_URL"),
    (f"language: en\nstore: postgresql+psycopg://okr:{CANARY}@db/okr\n", 2, "'store'", "STORE_PASSWORD"),
    (f"token: &x {CANARY}\nsources: {{a: {{token: *x}}}}\n", 1, "'token'", "TOKEN_PASSWORD"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "name"), REFUSED, ids=[case[0][:50] for case in REFUSED])
def test_refused(text: str, line: int, key: str, name: str) -> None:
    said = [each for each in problems(text) if "stands in the file" in each]
    assert said, "taken"
    assert said[0].startswith(f"okrsync.yaml:{line}: {key} holds a secret that stands in the file itself: write")
    assert f'"${{{name}}}"' in said[0]
    assert f"{name}_FILE" in said[0]
    assert f"keyring set okrsync {name}" in said[0]
    assert not [each for each in problems(text) if CANARY in each or "4711123" in each]


SHAPES = {
    "a GitHub token": [f"ghp_{LONG}", f"ghs_{LONG}", f"github_pat_11AB_{LONG}"],
    "an Atlassian token": [f"ATATT3xFfGF0{LONG}=1A2B3C4D", f"ATBB{LONG}"],
    "a GitLab token": [f"glpat-{LONG}"],
    "a Slack token": [f"xoxb-1234-5678-{CANARY}", f"xapp-x xoxp-{LONG}"],
    "the address of a webhook": [
        f"https://hooks.slack.com/services/T000/B000/{CANARY}",
        f"https://open.feishu.cn/open-apis/bot/v2/hook/{CANARY}",
    ],
    "an AWS key": ["AKIAZQ7CANARY4711XWQ"],
    "a private key": ["-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----"],
    "a signed token (JWT)": [f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0.{CANARY}"],
}
PLACES = ["language: {}", "a: 1 # {}", "'{}': 1", "a: [b, 'x {} y']", "a: 'https://bot:{}@h'", "a: [{}"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", SHAPES)
def test_known_shapes_are_found_anywhere(kind: str, place: str) -> None:
    """In comments, keys and files that are no YAML as well."""
    for token in SHAPES[kind]:
        found = problems("# first\n" + place.format(token) + "\n")
        assert any(each.startswith(f"okrsync.yaml:2: {kind} stands here in the file: ") for each in found), token
        assert token not in str(found) or kind == "a private key"


TAKEN = [
    "sources: {shop: {auth: {email: a@b.c, token: '${JIRA_TOKEN}'}}}",
    'auth: {token: "${JIRA_TOKEN}"}',
    "auth: {header: X-Key, value: '${JIRA_TOKEN}'}",
    "store: sqlite:///okrsync.db",
    "store: postgresql+psycopg://okr:${JIRA_TOKEN}@db/okr",
    "store: postgresql+psycopg://okr@db:5432/okr?sslmode=require",
    "store: 'postgresql://postgres:@/test?host=/tmp/x'",
    "url: https://prometheus.acme.example:9090/a@b",
    "url: 'http://127.0.0.1:8080/x:y@z'",
    "url: git@github.com:acme/wiki.git",
    "url: ssh://git@github.com/acme/wiki.git",
    "url: https://stats.acme.example/api?key=activation&page_token=abc&from={start}",
    "url: https://stats.acme.example/api?token=${JIRA_TOKEN}",
    "query: 'SELECT day, count(*) FROM tokens WHERE password IS NOT NULL'",
    "where: {token: activation, secret: none}",
    "accounts: {token: lin, secret: mei}",
    "title: Basic onboarding for secret shoppers, token economy",
    "title: A password manager for everybody (see https://acme.example)",
    "labels: [token, password, secret, ghp_, xoxb, AKIA, eyJ, glpat-]",
    "value: activated_shops",
    "date: '2026-10-01'",
    "- a",
    "token: ",
    "sources: {shop: {url: 'http://127.0.0.1:8080', auth: {token: sandbox}}}",
    "publish: [{url: http://localhost/wiki/api.php, auth: {user: Bot@x, password: sandbox}}]",
    "auth: null",
    "auth: {token: demo-token}",
    "people: [{id: token, name: Secret Lin}]",
    "link: 'https://wiki.acme.example/{page}'",
    "jql: 'project = SHOP AND text ~ \"token: x\"'",
    "a: see https://hooks.slack.com/services/… and -----BEGIN CERTIFICATE-----",
    "cert: -----BEGIN PUBLIC KEY-----",
]


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    assert not [said for said in problems(text + "\n", JIRA_TOKEN=CANARY) if "stands" in said]


_WORDS = st.text(string.ascii_letters + string.digits + " .,:;/?&=-_@#()$%+é目标", max_size=60)


@settings(max_examples=300, deadline=None)
@given(text=_WORDS, key=st.sampled_from(["title", "path", "url", "jql", "query", "name", "labels", "value", "reason"]))
def test_ordinary_values_are_taken(text: str, key: str) -> None:
    """Whatever people write as titles, queries and paths; an address with a login in it is the one exception."""
    if re.search(r"://[^ ]*@|[?&;](?:\w*_)?(?:token|secret|password|passwd|pwd|sig|\w+_?key)=", text, re.IGNORECASE):
        return
    quoted = "'" + text.replace("'", "''") + "'"
    assert not [said for said in problems(f"a: {{{key}: {quoted}}}\n") if "stands" in said]


@settings(max_examples=200, deadline=None)
@given(
    secret=st.text(string.ascii_letters + string.digits + "-_.!~+", min_size=6, max_size=80).filter(
        lambda text: text != "demo-token"
    ),
    key=st.sampled_from(["token", "password", "secret", "api_key", "private-key", "Authorization"]),
)
def test_no_message_repeats_a_secret(secret: str, key: str) -> None:
    for text in (f"a: {{{key}: '{secret}'}}\n", f"a: {{{key}: *{secret}}}\n", f"{key}: !{secret}\n"):
        found = problems(text)
        assert found
        # The words of the message are no secret: only what they do not hold can have come from the file.
        assert secret not in str(found) or secret in str(problems(text.replace(secret, "~" * 40)))


def test_in_the_files_themselves(folder: Folder) -> None:
    """Through ``load_config``: the settings of a source, and those of an outcome source in the goals."""
    lines = folder.problems(MAIN.replace("${TOKEN}", CANARY))
    (said,) = [line for line in lines if "holds a secret" in line]
    assert said.startswith(
        "okrsync.yaml:5: 'token' holds a secret that stands in the file itself: write \"${SHOP_TOKEN}\""
    )
    goals = GOALS.replace(
        "{type: csv, path: a.csv, date: week, value: shops}",
        f"{{type: csv, path: 'https://h/a.csv', auth: {{token: {CANARY}}}}}",
    )
    lines += folder.problems(goals=goals)
    (said,) = [line for line in lines if line.startswith("okrs/q4.yaml:21: 'token' holds a secret")]
    assert CANARY not in str(lines)


def test_the_address_of_a_webhook_is_a_secret(folder: Folder) -> None:
    lines = folder.problems(MAIN + f"notify: [{{type: teams, url: 'https://prod.example/{CANARY}'}}]\n")
    assert re.match(r"okrsync.yaml:\d+: 'url' holds a secret .*\$\{CHAT_URL\}", lines[0])
    assert CANARY not in str(lines)
    folder.load(MAIN + "notify: [{type: teams, url: '${CHAT_URL}'}]\n", CHAT_URL="https://prod.example/x")
