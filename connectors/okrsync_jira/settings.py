"""What a source of type ``jira`` accepts in ``okrsync.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from okrsync.connector import ONE_OR_MANY, SourceSettings, one_or_many
from okrsync.errors import WrongValue
from okrsync.language import _
from okrsync_jira.jql import without_order


def _address(url: str) -> str:
    parts = urlsplit(url)
    try:
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound:
        raise WrongValue(_("{name} must be an http or https address such as https://acme.atlassian.net"))
    if parts.username is not None or parts.password is not None:
        raise WrongValue(_("{name} must not hold a user or password: put them into `auth`"))
    if parts.query or parts.fragment:
        raise WrongValue(_("{name} must be the site's address alone, without ? or #"))
    return url.rstrip("/")


def _project_key(key: str) -> str:
    if not key.strip() or any(mark in key for mark in "\"'\\/?#\r\n"):
        raise WrongValue(_("{name} is not a project key"))
    return key.strip()


def _header_safe(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise WrongValue(_("{name} is empty, or holds a space, a line break or another character no token has"))
    return token


def _bounded(jql: str) -> str:
    if not without_order(jql):
        raise WrongValue(_("{name} has no condition: Jira refuses a search for everything"))
    return jql


Token = Annotated[SecretStr, AfterValidator(_header_safe)]


class _Auth(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class CloudAuth(_Auth):
    """Jira Cloud: an account and its API token."""

    email: Annotated[str, Field(pattern=r"^[!-9;-~]+$")]  # basic authentication cannot carry a colon
    """The account's mail address."""
    token: Token
    """The account's API token; write it as ${NAME}."""
    scoped: bool = False
    """The token was made "with scopes": such tokens work only at Atlassian's gateway."""


class ServerAuth(_Auth):
    """Jira Data Center: a personal access token."""

    token: Token
    """The token; write it as ${NAME}."""


class JiraSettings(SourceSettings):
    """A Jira Cloud site or a Jira Data Center; which of them, the server says."""

    type: Literal["jira"] = "jira"
    url: Annotated[str, AfterValidator(_address)]
    """The site's address, with the context path if it has one."""
    auth: CloudAuth | ServerAuth
    """The account that reads."""
    projects: Annotated[
        tuple[Annotated[str, AfterValidator(_project_key)], ...],
        BeforeValidator(one_or_many),
        WithJsonSchema(ONE_OR_MANY),
    ] = ()
    """Keys of projects; each is a scope of its own. Give these or ``jql``."""
    jql: Annotated[str, AfterValidator(_bounded)] | None = None
    """Instead of ``projects``: a search with a condition; what it finds is one scope."""

    @model_validator(mode="after")
    def _projects_or_jql(self) -> JiraSettings:
        if bool(self.projects) == (self.jql is not None):
            raise ValueError(_("give exactly one of `projects` (a list of keys) and `jql`"))
        return self
