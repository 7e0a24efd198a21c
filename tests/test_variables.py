"""Where the value of ``${NAME}`` comes from: the environment, the file of ``NAME_FILE``, the keyring."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from okrsync.config import load_config
from okrsync.errors import ConfigError
from okrsync.language import choose
from okrsync.variables import LARGEST, NotFound, Variables, names
from tests.cli_project import GOALS, start

CANARY = "canary-4711-abcdef"


class FakeKeyring(KeyringBackend):
    """A keyring in memory; ``priority`` is keyring's own word for how willing a backend is."""

    priority = 1  # type: ignore[assignment]  # a property of the class in keyring

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked(f"locked {CANARY}")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


@pytest.fixture
def ring() -> Iterator[FakeKeyring]:
    before, fake = keyring.get_keyring(), FakeKeyring()
    keyring.set_keyring(fake)
    yield fake
    keyring.set_keyring(before)


def test_the_environment_comes_first(ring: FakeKeyring) -> None:
    keyring.set_password("okrsync", "JIRA_TOKEN", "from the ring")
    variables = Variables({"JIRA_TOKEN": CANARY})
    assert variables("JIRA_TOKEN") == CANARY
    assert variables.found["JIRA_TOKEN"].origin == "from the environment"
    assert CANARY not in repr(variables.found)
    assert {"JIRA_TOKEN", "JIRA_TOKEN_FILE"} <= names()


def test_a_file_comes_before_the_keyring(ring: FakeKeyring, tmp_path: Path) -> None:
    keyring.set_password("okrsync", "JIRA_TOKEN", "from the ring")
    file = tmp_path / "jira"
    file.write_text(f"{CANARY}\n")
    # Compose files often pass on a variable that is empty.
    variables = Variables({"JIRA_TOKEN": "", "JIRA_TOKEN_FILE": str(file)})
    assert variables("JIRA_TOKEN") == CANARY
    assert variables.found["JIRA_TOKEN"].origin == f"from the file {file}"


def test_the_keyring_comes_last(ring: FakeKeyring) -> None:
    keyring.set_password("okrsync", "JIRA_TOKEN", CANARY)
    keyring.set_password("other", "HUB_TOKEN", "not ours")
    variables = Variables({})
    assert variables("JIRA_TOKEN") == CANARY
    assert variables.found["JIRA_TOKEN"].origin == "from the keyring"
    with pytest.raises(NotFound, match="HUB_TOKEN is not set"):
        variables("HUB_TOKEN")


def test_each_is_looked_up_once(tmp_path: Path) -> None:
    file = tmp_path / "jira"
    file.write_text(CANARY)
    variables = Variables({"JIRA_TOKEN_FILE": str(file)})
    assert variables("JIRA_TOKEN") == CANARY
    file.unlink()
    assert variables("JIRA_TOKEN") == CANARY


def test_a_keyring_that_is_locked(ring: FakeKeyring) -> None:
    ring.locked = True
    with pytest.raises(NotFound, match=r"keyring cannot be read for JIRA_TOKEN \(KeyringLocked\)") as refused:
        Variables({})("JIRA_TOKEN")
    assert CANARY not in str(refused.value)


def test_no_keyring_is_no_error() -> None:
    keyring.set_keyring(keyring.backends.fail.Keyring())  # what keyring is where the system has none
    with pytest.raises(NotFound, match="the environment variable JIRA_TOKEN is not set"):
        Variables({})("JIRA_TOKEN")


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"word\n", "word"),
        (b"word\r\n", "word"),
        (b"word", "word"),
        (b"\xef\xbb\xbfword\n", "word"),
        (b" a b \n", " a b "),
        (b"-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "-----BEGIN KEY-----\nabc\n-----END KEY-----"),
    ],
)
def test_what_a_file_holds(tmp_path: Path, content: bytes, value: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    assert Variables({"X_FILE": str(file)})("X") == value


def _link_to_nothing(file: Path) -> None:
    file.symlink_to(file.parent / "gone")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda file: None, "No such file or directory"),
        (_link_to_nothing, "No such file or directory"),
        (lambda file: file.mkdir(), "this is no plain file"),
        (os.mkfifo, "this is no plain file"),
        (lambda file: file.write_bytes(b""), "it is empty"),
        (lambda file: file.write_bytes(b" \n"), "it is empty"),
        (lambda file: file.write_bytes(b"canary-4711\xff"), "it is not UTF-8"),
        (lambda file: file.write_bytes(b"canary-4711\0b"), "it holds a NUL character"),
        (lambda file: file.write_bytes(b"x" * (LARGEST + 1)), "larger than 64 KiB"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, make: object, said: str) -> None:
    file = tmp_path / "secret"
    make(file)  # type: ignore[operator]
    with pytest.raises(NotFound) as refused:
        Variables({"X_FILE": str(file)})("X")
    assert str(refused.value).startswith(f"X_FILE names {file}: {said}")
    assert "canary" not in str(refused.value)


def test_no_permission(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(CANARY)
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("root reads any file")
    with pytest.raises(NotFound, match="Permission denied"):
        Variables({"X_FILE": str(file)})("X")


def test_both_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="X and X_FILE are both set: unset one of them"):
        Variables({"X": CANARY, "X_FILE": str(tmp_path / "x")})("X")


MAIN = """\
sources:
  shop: {type: jira, url: 'https://acme.atlassian.net', auth: {email: a@b.example, token: '${JIRA_TOKEN}'},
         projects: [SHOP]}
"""


def test_a_problem_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "okrsync.yaml").write_text(MAIN)
    with pytest.raises(ConfigError) as refused:
        load_config(tmp_path, environ={"JIRA_TOKEN_FILE": "/nowhere/jira"})
    assert "okrsync.yaml:2: JIRA_TOKEN_FILE names /nowhere/jira: No such file or directory" in str(refused.value)


def test_all_of_the_program_takes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ring: FakeKeyring
) -> None:
    """One place looks them up, so a source, an outcome source and a chat take them alike; doctor says from where."""
    project = start(tmp_path, monkeypatch, capsys)
    wiki = "publish: [{type: git, url: 'https://127.0.0.1:9/w.git', auth: {token: '${WIKI}'}}]\n"
    notify = "notify: [{type: slack, url: '${HOOK}'}]\n"
    project.write("okrsync.yaml", wiki + notify)
    http = "source: {type: http, url: 'http://127.0.0.1:9/', auth: {token: '${STATS}'}}"
    project.write("okrs/q4.yaml", GOALS.replace("source: {type: csv, path: a.csv}", http))
    secret = project.write("stats", f"{CANARY}\n")
    secret.chmod(0o644)
    monkeypatch.setenv("STATS_FILE", str(secret))
    monkeypatch.setenv("WIKI", CANARY)
    keyring.set_password("okrsync", "HOOK", f"https://hooks.example/{CANARY}")

    config = load_config(tmp_path)
    assert config.notify[0].url.get_secret_value() == f"https://hooks.example/{CANARY}"
    assert config.publish[0].auth.secret == CANARY  # type: ignore[attr-defined]
    metric = config.programme.key_results_of("2026-Q4")[0].metric
    assert metric.source_settings.auth.token.get_secret_value() == CANARY
    assert CANARY not in repr(config)

    monkeypatch.setattr("okrsync.doctor._sources", lambda *_: iter(()))
    monkeypatch.setattr("okrsync.doctor._outcomes", lambda *_: iter(()))
    monkeypatch.setattr("okrsync.doctor._wikis", lambda *_: iter(()))
    ran = project.run("doctor")
    assert ran.out.splitlines()[:5] == [
        "note     HOOK: from the keyring",
        f"note     STATS: from the file {secret}",
        f"warning  STATS: others on this machine may read or change {secret} (mode 0644)",
        "         `chmod 600` it; in Kubernetes set `defaultMode: 0400` for the volume",
        "note     WIKI: from the environment",
    ]
    secret.chmod(0o600)
    assert "STATS: others" not in project.run("doctor").out


def test_in_chinese(tmp_path: Path) -> None:
    choose("zh")
    try:
        with pytest.raises(NotFound) as refused:
            Variables({"X_FILE": str(tmp_path)})("X")
        assert str(refused.value) == f"X_FILE 指向 {tmp_path}：这不是普通文件"
    finally:
        choose("en")
