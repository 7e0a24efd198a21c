"""Pages as Markdown files in a git repository: the wiki of a GitHub, GitLab or Gitea project, or any other."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, field_validator, model_validator

from okrsync import git_command
from okrsync.checkup import Check
from okrsync.errors import RetryableError, SourceError
from okrsync.git_command import NETWORK_TIMEOUT, Credentials, GitError
from okrsync.http import DEFAULT_POLICY, HttpPolicy, one_line, shown_url, with_retries
from okrsync.language import N_, _
from okrsync.publish.folder import changed_by, check_names
from okrsync.publish.interface import PublishContext, Published, Publisher, PublisherSettings, WikiPage
from okrsync.publish.web import PLAIN_HTTP, is_open

__all__ = ["Git", "GitAuth", "GitAuthor", "GitSettings"]

PUSH_ATTEMPTS = 5

_SCHEMES = ("https", "http", "ssh", "git", "file")
_SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]{2,}:(?!//)[^\s]+")
_BRANCH = re.compile(r"(?!-)(?!.*(?:\.\.|//|@\{|\.lock$|[./]$))[^\x00-\x20\x7f~^:?*\[\\]+")
_LINKED_PAGE = re.compile(r"(?<!\\)\]\(([^()\s/:#?]+)\.md(#[^()\s]*)?\)")
_WEEK = re.compile(r"\d{4}-W\d{2}")
_NO_LOGIN_IN_URL = N_('a user, token or password does not belong in the url: write auth: {token: "${NAME}"}')
_ABSENT = re.compile(
    r"repository .*not found|returned error: 404|does not appear to be a git repository|does not exist", re.I
)
_OVERTAKEN = re.compile(
    r"\[rejected\]|fetch first|non-fast-forward|stale info|cannot lock ref|failed to update ref|incorrect old value"
    r"|reference already exists|failed to lock",
    re.I,
)


class GitAuth(BaseModel):
    """An account for https: a token alone, or user and password (or token)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr | None = None
    """A token that may push; write it as ${NAME}."""
    user: str | None = None
    """The account's name; a token alone needs none."""
    password: SecretStr | None = None
    """Its password, or a token; write it as ${NAME}."""

    @model_validator(mode="after")
    def _one_secret(self) -> GitAuth:
        if (self.token is None) == (self.password is None):
            raise ValueError(_("write either `token` or `password`"))
        if self.password is not None and not self.user:
            raise ValueError(_("`password` needs a `user`"))
        if self.user is not None and ":" in self.user:
            raise ValueError(_("`user` cannot hold a colon"))
        if not self.secret:
            raise ValueError(_("the token or password is empty"))
        return self

    @property
    def secret(self) -> str:
        """The token or the password."""
        given = self.token or self.password
        return given.get_secret_value() if given else ""


class GitAuthor(BaseModel):
    """Who the commits are by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "okrsync"
    """The author's name."""
    email: str = "okrsync@localhost"
    """The author's mail address."""

    @field_validator("name", "email")
    @classmethod
    def _fit_for_a_commit(cls, text: str) -> str:
        if not text.strip(" .,:;<>\"'") or re.search(r"[\x00-\x1f<>]", text):
            raise ValueError(_("this cannot stand in a commit: it is empty or holds < or >"))
        return text


def _url(url: str) -> str:
    if not url.strip() or url.startswith("-") or re.search(r"[\x00-\x1f\x7f]", url) or "::" in url.partition("/")[0]:
        raise ValueError(_("this is not an address that git can push to"))
    if "://" not in url:
        if "@" in url.partition(":")[2]:
            raise ValueError(_(_NO_LOGIN_IN_URL))
        return url
    parts = urlsplit(url)
    if parts.scheme.lower() not in _SCHEMES:
        raise ValueError(
            _("write an address that begins with one of {schemes}").format(
                schemes=", ".join(f"{each}://" for each in _SCHEMES)
            )
        )
    if parts.password is not None or (parts.username is not None and parts.scheme.lower() != "ssh"):
        raise ValueError(_(_NO_LOGIN_IN_URL))
    if parts.query or parts.fragment:
        raise ValueError(_("the address of a repository has neither ? nor #"))
    if parts.scheme.lower() != "file" and not parts.hostname:
        raise ValueError(_("the address names no host"))
    return url


class GitSettings(PublisherSettings):
    """A git repository that holds the pages."""

    type: Literal["git"] = "git"
    url: Annotated[str, AfterValidator(_url)]
    """``https://``, ``ssh://``, ``git@host:path``, ``file://`` or a path, relative to ``okrsync.yaml``."""
    auth: GitAuth | None = None
    """How to log in over https; over ssh the agent's key does."""
    branch: str | None = None
    """By default that of the remote's HEAD."""
    folder: str | None = None
    """Folder of the pages in the repository; by default its top."""
    style: Literal["wiki", "files"] | None = None
    """How pages link each other and where their charts are: ``wiki`` as GitHub, GitLab, Gitea and An Otter Wiki show
    it, ``files`` as in a folder. By default ``wiki`` where the url ends with ``.wiki.git`` or ``/.git``."""
    lowercase: bool = False
    """Write file names in lower case: An Otter Wiki finds no others unless its RETAIN_PAGE_NAME_CASE is on."""
    author: GitAuthor = GitAuthor()
    """Who the commits are by."""

    @field_validator("branch")
    @classmethod
    def _is_a_branch(cls, branch: str | None) -> str | None:
        if branch is not None and not _BRANCH.fullmatch(branch):
            raise ValueError(_("this cannot be the name of a branch"))
        return branch

    @field_validator("folder")
    @classmethod
    def _stays_inside(cls, folder: str | None) -> str | None:
        parts = re.split(r"[/\\]", folder) if folder is not None else []
        if any(part.lower() in {"", ".", "..", ".git"} or re.search(r"[\x00-\x1f:]", part) for part in parts):
            raise ValueError(_("write a folder inside the repository, such as docs/okr"))
        return folder

    @model_validator(mode="after")
    def _auth_is_for_http(self) -> GitSettings:
        if self.auth is not None and urlsplit(self.url).scheme.lower() not in {"https", "http"}:
            raise ValueError(_("`auth` is for https:// addresses; ssh takes its keys from the ssh agent"))
        if self.auth is not None and is_open(self.url):
            raise ValueError(_(PLAIN_HTTP))
        return self


class Git(Publisher):
    """Clones into a temporary folder, writes, commits when something differs, and pushes; never with force."""

    type_name: ClassVar[str] = "git"
    Settings: ClassVar[type[PublisherSettings]] = GitSettings
    policy: ClassVar[HttpPolicy] = DEFAULT_POLICY

    def __init__(self, settings: GitSettings, context: PublishContext) -> None:
        super().__init__(settings, context)
        self.settings: GitSettings = settings
        url = settings.url
        if "://" not in url and not _SCP.fullmatch(url):
            url = Path(os.path.normpath(context.base.absolute() / url)).as_uri()
        self.url = url
        self.where = shown_url(url) if "://" in url else url
        repository = url.rstrip("/")
        guessed = "wiki" if repository.endswith((".wiki.git", ".wiki", "/.git")) else "files"
        self.as_wiki = (settings.style or guessed) == "wiki"
        auth = settings.auth
        # GitHub, GitLab and Gitea take a token as the password of any user; GitHub documents this one.
        self._credentials = Credentials(url, auth.user or "x-access-token", auth.secret) if auth else None

    def checkup(self) -> Iterator[Check]:
        """Whether the repository can be read, and takes a push; the push is a dry run and changes nothing."""
        with tempfile.TemporaryDirectory(prefix="okrsync-wiki-", ignore_cleanup_errors=True) as name:
            clone = Path(name)
            self._run(clone, "init", "--quiet", "--template=", "--initial-branch=okrsync")
            branch, exists = self._fetch(clone)
            if not exists:
                self._save(clone, "A page", "--allow-empty")
            self._ask(clone, "push", "--quiet", "--dry-run", "--", self.url, f"HEAD:refs/heads/{branch}")
        yield Check(
            "wiki git", "good", _("{wiki} can be written, branch {branch}").format(wiki=self.where, branch=branch)
        )

    def publish(self, pages: Sequence[WikiPage]) -> Published:
        check_names(pages, self.where)
        names = {self._file_name(page.name): page.name for page in pages}
        done = self._publish([self._as_file(page) for page in pages])

        def given(written: Sequence[str]) -> tuple[str, ...]:
            return tuple(names.get(name, name) for name in written)

        links = {name: link for file, name in names.items() if (link := self._link(file)) is not None}
        return replace(
            done, written=given(done.written), unchanged=given(done.unchanged), kept=given(done.kept), links=links
        )

    def _file_name(self, name: str) -> str:
        return name.lower() if self.settings.lowercase else name

    def _as_file(self, page: WikiPage) -> WikiPage:
        """The page as this wiki has it."""
        markdown, name = page.markdown, self._file_name(page.name)
        if self.as_wiki:
            markdown = _LINKED_PAGE.sub(r"](\1\2)", markdown)
            for attachment in page.attachments:
                markdown = markdown.replace(f"]({attachment.name})", f"]({name}/{attachment.name})")
            # That attribute is for Python-Markdown alone; An Otter Wiki shows a tag that has it as text.
            markdown = markdown.replace('<details markdown="1">', "<details>")
        return replace(page, name=name, markdown=markdown)

    def _link(self, name: str) -> str | None:
        """Where people read a page, as far as the address tells."""
        repository = self.url.rstrip("/")
        parts = urlsplit(repository)
        if parts.scheme not in {"https", "http"}:
            return None
        page = quote("/".join(filter(None, [self.settings.folder, name])))
        if repository.endswith("/.git"):
            return f"{repository.removesuffix('/.git')}/{page}"
        if repository.endswith(".wiki.git"):
            below = "/-/wikis" if "gitlab" in (parts.hostname or "") else "/wiki"
            return f"{repository.removesuffix('.wiki.git')}{below}/{page}"
        return None

    def _publish(self, pages: Sequence[WikiPage]) -> Published:
        for _attempt in range(PUSH_ATTEMPTS):
            with tempfile.TemporaryDirectory(prefix="okrsync-wiki-", ignore_cleanup_errors=True) as name:
                clone = Path(name)
                self._run(clone, "init", "--quiet", "--template=", "--initial-branch=okrsync")
                fetch = partial(self._fetch, clone)
                branch, exists = with_retries(fetch, policy=self.policy, on_wait=self.context.on_wait)
                done = self._commit(clone, pages, exists)
                if not done.written or self._push(clone, branch):
                    return done
        raise RetryableError(
            _("the wiki {where}: others pushed to {branch} during each of {count} attempts. Try again later").format(
                where=self.where, branch=branch, count=PUSH_ATTEMPTS
            )
        )

    def _fetch(self, clone: Path) -> tuple[str, bool]:
        """Check out the newest state. Returns the branch, and whether it exists already."""
        try:
            _code, out = self._ask(clone, "ls-remote", "--symref", "--", self.url, "HEAD", "refs/heads/*")
        except GitError as error:
            raise self._absent(error) if _ABSENT.search(error.said) else error from None
        head, branches = None, set()
        for line in out.decode("utf-8", "replace").splitlines():
            value, _tab, name = line.partition("\t")
            if name == "HEAD" and value.startswith("ref: refs/heads/"):
                head = value.removeprefix("ref: refs/heads/")
            elif name.startswith("refs/heads/"):
                branches.add(name.removeprefix("refs/heads/"))
        branch = self.settings.branch or head or (None if branches else self._unborn(clone))
        if branch is None:
            branch = "master" if self.url.rstrip("/").endswith(".wiki.git") else "main"
            if branches and branch not in branches:
                raise SourceError(
                    _("the wiki {where} does not say which branch is shown: name it with `branch:`").format(
                        where=self.where
                    )
                )
        if branch in branches:
            self._ask(clone, "fetch", "--quiet", "--depth=1", "--no-tags", "--", self.url, f"refs/heads/{branch}")
            self._run(clone, "reset", "--quiet", "--hard", "FETCH_HEAD")
        return branch, branch in branches

    def _unborn(self, clone: Path) -> str | None:
        """The branch that an empty repository's HEAD names: what is pushed elsewhere would be shown to nobody.

        ``ls-remote`` does not tell it, ``clone`` does. None where git or the server is older than 2.31.
        """
        untold = "okrsync-untold"
        target = ".git/unborn"
        self._ask(
            clone,
            *("-c", f"init.defaultBranch={untold}", "clone", "--quiet", "--bare", "--template=", "--depth=1"),
            *("--", self.url, target),
        )
        _code, out = self._run(clone, f"--git-dir={target}", "symbolic-ref", "--short", "HEAD")
        branch = out.decode("utf-8", "replace").strip()
        return None if branch == untold else branch

    def _commit(self, clone: Path, pages: Sequence[WikiPage], exists: bool) -> Published:
        """Write the pages onto the state that was fetched and commit what differs."""
        folder = clone / (self.settings.folder or "")
        done, files = changed_by(folder, pages, where=self.where, apart=self.as_wiki)
        if not files:
            return done
        self._run(clone, "add", "--all", "--force", "--", *map(str, files))
        # With `.gitattributes`, files that differ in their line ends alone are the same to git.
        if exists and self._run(clone, "diff", "--cached", "--quiet", accepted=(0, 1))[0] == 0:
            return Published((), (*done.unchanged, *done.written), done.kept, self.where)
        self._save(clone, _message(done.written))
        return done

    def _save(self, clone: Path, message: str, *options: str) -> None:
        author = self.settings.author
        self._run(
            clone,
            *("commit", "--quiet", "--no-verify", "--cleanup=verbatim", "--file=-", *options),
            stdin=f"{message}\n".encode(),
            variables={
                "GIT_AUTHOR_NAME": author.name,
                "GIT_AUTHOR_EMAIL": author.email,
                "GIT_COMMITTER_NAME": author.name,
                "GIT_COMMITTER_EMAIL": author.email,
            },
        )

    def _push(self, clone: Path, branch: str) -> bool:
        """True when the commit is there, False when somebody else's came first."""
        try:
            self._ask(clone, "push", "--quiet", "--", self.url, f"HEAD:refs/heads/{branch}")
        except GitError as error:
            if not _OVERTAKEN.search(error.said):
                raise
            return False
        return True

    def _absent(self, error: GitError) -> SourceError:
        if self.url.rstrip("/").endswith((".wiki.git", ".wiki")):
            return SourceError(
                _(
                    "the wiki {where} does not exist, or the account may not see it. The wiki of a GitHub "
                    "project begins to exist when its first page is made: open the project's Wiki tab in the "
                    "browser, create that page, and publish again"
                ).format(where=self.where)
            )
        return SourceError(
            _("{error}. Check `url`, and whether the account may see the repository").format(error=error)
        )

    def _ask(self, clone: Path, *arguments: str) -> tuple[int, bytes]:
        return git_command.run(
            arguments,
            where=_("the wiki {where}").format(where=self.where),
            folder=clone,
            credentials=self._credentials,
            network=True,
            timeout=NETWORK_TIMEOUT,
        )

    def _run(
        self,
        clone: Path,
        *arguments: str,
        stdin: bytes = b"",
        variables: dict[str, str] | None = None,
        accepted: Sequence[int] = (0,),
    ) -> tuple[int, bytes]:
        return git_command.run(
            arguments,
            where=_("the copy of the wiki {where}").format(where=self.where),
            folder=clone,
            stdin=stdin,
            variables=variables,
            accepted=accepted,
        )


def _message(names: Sequence[str]) -> str:
    """``OKR report 2026-W47``: by the weeks in the names of the pages, else by the names."""
    weeks = dict.fromkeys(week[0] for name in names if (week := _WEEK.search(name)))
    return one_line(_("OKR report {pages}").format(pages=", ".join(weeks or names)))
