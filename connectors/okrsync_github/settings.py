"""What ``type: github`` accepts in ``okrsync.yaml``."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PositiveInt,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from okrsync.connector import ONE_OR_MANY, SourceSettings, one_or_many
from okrsync.errors import WrongValue
from okrsync.language import _
from okrsync_github.items import FULL_NAME


class Auth(BaseModel):
    """A token, or a GitHub App's id, key and installation."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr | None = None
    """A personal access token, fine-grained or classic: issues, pull requests, contents and metadata, read only."""
    app_id: PositiveInt | str | None = None
    """The App's id, or its client id."""
    private_key: SecretStr | None = None
    """The App's key, in PEM form; line breaks may be written as ``\\n``, as environment variables often have them."""
    installation_id: PositiveInt | None = None
    """Which installation of the App reads."""

    @field_validator("token")
    @classmethod
    def _one_word(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        text = token.get_secret_value().strip()
        if not text:
            raise WrongValue(_("{name} is empty"))
        if not re.fullmatch(r"[!-~]+", text):
            raise WrongValue(_("{name} holds blanks or characters that no token has"))
        return SecretStr(text)

    @field_validator("private_key")
    @classmethod
    def _real_line_breaks(cls, key: SecretStr | None) -> SecretStr | None:
        if key is None:
            return None
        text = key.get_secret_value().replace("\\n", "\n").strip()
        if not text.startswith("-----BEGIN"):
            raise WrongValue(_("{name} is no key in PEM form: it begins with -----BEGIN"))
        return SecretStr(text)

    @model_validator(mode="after")
    def _one_way(self) -> Auth:
        app = (self.app_id, self.private_key, self.installation_id)
        if self.token is not None and any(part is not None for part in app):
            raise ValueError(_("give either token, or app_id, private_key and installation_id, not both"))
        if self.token is None and any(part in (None, "") for part in app):
            raise ValueError(_("give token, or app_id, private_key and installation_id"))
        return self


class Settings(SourceSettings):
    """GitHub, or a GitHub Enterprise Server."""

    type: Literal["github"]
    url: str = "https://api.github.com"
    """Root of the API; of an Enterprise Server ``https://HOST/api/v3``."""
    auth: Auth
    """The account or App that reads."""
    repos: Annotated[tuple[str, ...], BeforeValidator(one_or_many), WithJsonSchema(ONE_OR_MANY)] = ()
    """Repositories as ``owner/name``."""
    org: str | None = None
    """Instead of ``repos``: all repositories of an organisation except forks."""

    @property
    def is_cloud(self) -> bool:
        """Is it GitHub's own service, and not an Enterprise Server?"""
        return not urlsplit(self.url).path

    @field_validator("url")
    @classmethod
    def _api(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not url.isprintable() or " " in url:
            raise WrongValue(_("{name} is no http(s) address"))
        if parts.username is not None or parts.password is not None:
            raise WrongValue(_("{name} holds a user or password: give them under auth"))
        if parts.query or parts.fragment:
            raise WrongValue(_("{name} takes neither ? nor #"))
        if parts.hostname in ("github.com", "www.github.com"):
            raise WrongValue(_("{name} is the web site; the API is https://api.github.com"))
        return url.rstrip("/")

    @field_validator("repos")
    @classmethod
    def _names(cls, repos: tuple[str, ...]) -> tuple[str, ...]:
        seen: set[str] = set()
        for repo in repos:
            if not FULL_NAME.fullmatch(repo):
                raise ValueError(
                    _("{repo!r} is no repository: write owner/name, without https:// and .git").format(repo=repo)
                )
            if repo.lower() in seen:
                raise ValueError(_("{repo!r} is named twice").format(repo=repo))
            seen.add(repo.lower())
        return repos

    @field_validator("org")
    @classmethod
    def _organisation(cls, org: str | None) -> str | None:
        if org is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", org):
            raise WrongValue(_("{name} is no organisation's name: write acme, not its address"))
        return org

    @model_validator(mode="after")
    def _either(self) -> Settings:
        if bool(self.repos) == bool(self.org):
            raise ValueError(_("give either repos or org"))
        return self
