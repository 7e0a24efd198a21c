"""Canaries where secrets are no single word, or where the program runs otherwise: the key of a GitHub App, and the
schedule in the foreground."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from okrsync.redaction import forms_of
from okrsync.sandbox.server import Request, Response, StandIn
from tests.canaries import Company, Records, Watch, _told, search, watching
from tests.test_canaries import nothing_leaked

Watched = tuple[Company, Watch]
JWT = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"
"""How what an App signs begins."""
TOKEN = "ghs_sandbox"
"""How the tokens begin that the stand-in gives it."""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Watched]:
    with watching(tmp_path, monkeypatch, capsys) as found:
        yield found


def as_an_app(company: Company, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """GitHub is read as an App from now on; what of its key is to be found nowhere."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    company.hub.add_app(7, public.decode(), 9)
    monkeypatch.setenv("APP_KEY", pem)
    monkeypatch.delenv("HUB_TOKEN")
    app = "{app_id: 7, private_key: '${APP_KEY}', installation_id: 9}"
    main = company.main().replace("{token: '${HUB_TOKEN}'}", app)
    assert "APP_KEY" in main
    (company.folder / "company" / "okrsync.yaml").write_text(main)
    return [line for line in pem.splitlines() if "-----" not in line]


@pytest.mark.parametrize("how", ["well", "refused", "echo"])
def test_the_key_of_an_app(watched: Watched, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    company, watch = watched
    lines = as_an_app(company, monkeypatch)
    assert len(lines) > 20

    def answer(service: StandIn, request: Request) -> Response | None:
        if how == "well" or service is not company.hub:
            return None
        signs_in = "/app" in request.path
        if how == "refused":
            return Response(401, {"message": f"no: {request.headers.get('Authorization')}"}) if signs_in else None
        return None if signs_in else Response(400, {"message": f"no: {request.headers.get('Authorization')}"})

    said = []
    with company.answering(answer):
        for arguments in (("check",), ("doctor", "-v"), ("sync", "-v"), ("report",), ("export", "all.jsonl")):
            ran = watch.run(*arguments)
            said.append(ran.out + ran.err)
    sent = b"\n".join(_told(request) for request in company.hub.requests).decode("utf-8", "replace")
    assert JWT in sent, "it did not sign in as an App, so nothing is proved"
    assert how == "refused" or TOKEN in sent
    assert isinstance(watch.records, Records)
    # git has the environment, where its owner put the key, only where no wiki of ours has an `auth`; here all have.
    places = [*said, *watch.records.lines, watch.log.read_text()]
    for folder in ("company", "served", "tmp"):
        files = (each for each in (company.folder / folder).rglob("*") if each.is_file())
        places += [each.read_bytes().decode("latin-1") for each in files]
    for line in lines:
        for form in forms_of(line):
            assert form not in sent, "the key itself left"
            assert not [place for place in places if form in place]
    # Nor how they begin, as a message that is cut would show them.
    given = {request.headers.get("Authorization", "").partition(" ")[2] for request in company.hub.requests} - {""}
    for secret in given:
        assert not [place for place in places if secret[:60] in place], f"{secret[:40]}… is shown or kept"
    nothing_leaked(company, watch)


def test_the_schedule_in_the_foreground(watched: Watched) -> None:
    """Its messages, its health file and what it leaves, at the highest verbosity, with services that refuse."""
    company, watch = watched
    folder = company.folder / "company"
    before = (datetime.now(UTC) - timedelta(hours=2)).isoformat(timespec="seconds")
    (folder / "h.json").write_text(json.dumps({"alive": before, "jobs": {"sync": {"began": before, "running": True}}}))
    company.hub.faults.append(lambda request: Response(403, {"message": f"no: {dict(request.headers)}"}))
    command = [sys.executable, "-m", "okrsync.cli", "schedule", "--health-file", "h.json", "--log-format", "json", "-v"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 120
        while json.loads((folder / "h.json").read_text())["jobs"]["sync"].get("exit_code") is None:
            assert process.poll() is None
            assert time.monotonic() < end, "the sync did not end"
            time.sleep(0.1)
        command_line = Path(f"/proc/{process.pid}/cmdline")
        shown = command_line.read_bytes() if command_line.exists() else b""
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert "sync: ended with exit code 3" in err
    assert company.cloud.count(), "it asked nobody"
    watch.found += search("what the schedule said", out + err) + search("its command line", shown)
    nothing_leaked(company, watch)
