"""Plugins for the tests of the configuration, and goals to change one thing in."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from okrsync import plugins
from okrsync.config import Config, load_config
from okrsync.connector import SourceSettings
from okrsync.errors import ConfigError
from okrsync.outcomes.interface import OutcomeSettings
from okrsync.publish.interface import PublisherSettings


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Account(Strict):
    email: str
    token: SecretStr


class Bearer(Strict):
    token: SecretStr


class TrackerSettings(SourceSettings):
    """A tracker of issues."""

    url: str
    auth: Account | Bearer
    projects: tuple[str, ...] = ()
    """Projects to read."""
    limit: int = 10

    @model_validator(mode="after")
    def _check(self) -> TrackerSettings:
        if not self.projects:
            raise ValueError(f"give projects for {self.url}")
        return self


class ManualSettings(OutcomeSettings):
    """People say it."""


class CsvSettings(OutcomeSettings):
    """A series in a file."""

    path: str
    date: str
    value: str
    where: dict[str, Any] | None = None


class FolderSettings(PublisherSettings):
    """A folder of pages."""

    path: str


@dataclass
class Entry:
    """Stands for an entry point."""

    settings: type[BaseModel] | None

    def load(self) -> Any:
        if self.settings is None:
            raise ImportError("No module named 'broken'")
        return SimpleNamespace(Settings=self.settings)


FAKES = {
    plugins.CONNECTORS: {"tracker": Entry(TrackerSettings), "broken": Entry(None)},
    plugins.OUTCOMES: {"manual": Entry(ManualSettings), "csv": Entry(CsvSettings)},
    plugins.PUBLISHERS: {"folder": Entry(FolderSettings)},
}


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "installed", lambda group: FAKES[group])


MAIN = """\
sources:
  shop:
    type: tracker
    url: https://acme.example
    auth: {email: bot@acme.example, token: "${TOKEN}"}
    projects: [SHOP]
people:
  - {id: lin, name: 林薇, team: payments, accounts: {shop: "5b10"}}
"""
GOALS = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
strategy:
  - {id: smb, title: Small shops first}
teams:
  - {id: acme, level: company}
  - {id: payments, level: team, parent: acme, lead: lin}
objectives:
  - id: O1
    team: acme
    title: Sell within a day
    strategy: smb
    owner: lin
    key_results:
      - id: KR1.1
        title: Shops from 120 to 300
        owner: lin
        metric:
          unit: shops/week
          baseline: 120
          target: 300
          source: {type: csv, path: a.csv, date: week, value: shops}
        work:
          - {source: shop, labels: [activation]}
  - id: O2
    team: payments
    title: Pay at once
    supports: KR1.1
    key_results:
      - {id: KR2.1, title: Portal, kind: milestone, owner: lin}
"""
SECRET = "s3cret-t0ken"


@dataclass
class Folder:
    """A folder with both files, read as from inside it."""

    path: Path
    environ: ClassVar[dict[str, str]] = {"TOKEN": SECRET}

    def write(self, name: str, text: str | bytes) -> None:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())

    def load(self, main: str | bytes = MAIN, goals: str | bytes | None = GOALS, **environ: str) -> Config:
        self.write("okrsync.yaml", main)
        if goals is not None:
            self.write("okrs/q4.yaml", goals)
        return load_config(cwd=self.path, environ={**self.environ, **environ})

    def problems(self, main: str | bytes = MAIN, goals: str | bytes | None = GOALS, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(main, goals, **environ)
        return str(caught.value).splitlines()
