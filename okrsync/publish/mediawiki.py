"""Pages in a MediaWiki, by a bot password: wikitext, and the charts as uploaded files."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, field_validator

from okrsync.checkup import Check
from okrsync.errors import AuthError, RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY, HttpPolicy, error_of, one_line, shown_url, with_retries
from okrsync.language import _
from okrsync.publish.interface import Attachment, PublishContext, PublisherSettings, WikiPage
from okrsync.publish.page_by_page import Outcome, PageByPage, Progress, attached
from okrsync.publish.section import Edited, merged
from okrsync.publish.web import session, web_address
from okrsync.publish.wikitext import Wikitext

__all__ = ["MediaWiki", "MediaWikiAuth", "MediaWikiSettings"]

T = TypeVar("T")

EDIT_ATTEMPTS = 5

# https://www.mediawiki.org/wiki/API:Errors_and_warnings
_LATER = frozenset({"maxlag", "ratelimited", "readonly", "actionthrottledtext", "internal_api_error_DBQueryError"})
_OVERTAKEN = frozenset({"editconflict", "articleexists", "missingtitle", "pagedeleted"})
_NOT_ALLOWED = re.compile(
    r"assert|readapidenied|writeapidenied|permissiondenied|protected|blocked|cantcreate|cantedit|noedit|mustbeloggedin"
)
_TOO_MUCH = ("delete", "editinterface", "userrights", "block", "protect", "editsitejs", "import")


class MediaWikiAuth(BaseModel):
    """A bot password, as *Special:BotPasswords* makes it: ``User@name`` and the password."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    user: str
    """The account and the bot's name: ``User@name``."""
    password: SecretStr
    """The bot password; write it as ${NAME}."""

    @field_validator("user")
    @classmethod
    def _is_given(cls, user: str) -> str:
        if not user.strip():
            raise ValueError(_("the user is empty"))
        return user

    @field_validator("password")
    @classmethod
    def _is_not_empty(cls, password: SecretStr) -> SecretStr:
        if not password.get_secret_value():
            raise ValueError(_("the password is empty"))
        return password


def _url(url: str) -> str:
    url = web_address(url)
    if not url.endswith("/api.php"):
        raise ValueError(
            _("write the address of its API, which ends with /api.php (Special:Version of the wiki tells it)")
        )
    return url


class MediaWikiSettings(PublisherSettings):
    """A MediaWiki 1.27 or newer."""

    type: Literal["mediawiki"] = "mediawiki"
    url: Annotated[str, AfterValidator(_url)]
    """The address of the API: ``https://wiki.acme.example/w/api.php``."""
    auth: MediaWikiAuth
    """The account that writes."""


class MediaWiki(PageByPage["_Wiki"]):
    """Keeps a page ``NAME`` for each page, in the main namespace, and a file for each attachment."""

    type_name: ClassVar[str] = "mediawiki"
    Settings: ClassVar[type[PublisherSettings]] = MediaWikiSettings
    policy: ClassVar[HttpPolicy] = DEFAULT_POLICY

    def __init__(self, settings: MediaWikiSettings, context: PublishContext) -> None:
        super().__init__(settings, context)
        self.settings: MediaWikiSettings = settings
        self.where = shown_url(settings.url)

    def checkup(self) -> Iterator[Check]:
        """Whether the account may edit, create pages and upload, and whether it may do much more than that."""
        with self.opened() as wiki:
            rights, uploads = wiki.rights(), wiki.uploads
        lacking = [right for right in ("edit", "createpage") if right not in rights]
        if lacking:
            said = _("the wiki {where}: the bot password lacks these rights: {rights}")
            raise AuthError(said.format(where=self.where, rights=", ".join(lacking)))
        if not uploads or "upload" not in rights:
            said = (
                _("{wiki} can be written, but the bot password may not upload: pages go without their charts")
                if uploads
                else _("{wiki} can be written, but uploads are turned off there: pages go without their charts")
            )
            yield Check(
                "wiki mediawiki",
                "warning",
                said.format(wiki=self.where),
                _("grant the bot password `Upload new files`")
                if uploads
                else _("set $wgEnableUploads = true in the wiki"),
            )
        else:
            yield Check("wiki mediawiki", "good", _("{wiki} can be written").format(wiki=self.where))
        too_much = [right for right in _TOO_MUCH if right in rights]
        if too_much:
            yield Check(
                "wiki mediawiki",
                "warning",
                _("the bot password may do more than needed: {rights}").format(rights=", ".join(too_much)),
                _(
                    "make one with the grants basic, edit existing pages, create and edit pages, upload and replace "
                    "files"
                ),
            )

    def bring(self, wiki: _Wiki, page: WikiPage, done: Progress) -> tuple[Outcome, str | None]:
        shown: list[Attachment] | None = None
        changed = False
        for _attempt in range(EDIT_ATTEMPTS):
            current = wiki.page(page.name)
            before = None if current.text is None else current.text.encode()
            try:
                merged(before, "")
            except Edited:
                return "kept", current.link
            if shown is None:
                shown, changed = attached(page, done, wiki.file_comment, wiki.upload)
            # A table of contents would stand before the headline, which is to be read first.
            # On a line of its own it would leave an empty one.
            text = Wikitext(attachment.name for attachment in shown).render(page.markdown) + "__NOTOC__"
            # MediaWiki stores a page without white space at its end.
            after = merged(before, text, shown).decode().rstrip()
            if current.text is not None and after == current.text.rstrip():
                return "written" if changed else "unchanged", current.link
            if wiki.edit(page.name, after, current):
                return "written", current.link
        raise RetryableError(
            _("the wiki {where}: others edited {name} during each of {count} attempts. Try again later").format(
                where=self.where, name=page.name, count=EDIT_ATTEMPTS
            )
        )

    @contextmanager
    def opened(self) -> Iterator[_Wiki]:
        from requests import RequestException

        connection = session(_("the wiki {where}").format(where=self.where), self.policy)
        try:
            yield _Wiki(self, connection)
        except RequestException as error:  # a body that ends early is read outside of any request
            raise RetryableError(
                _("the wiki {where} cannot be reached: {name}").format(where=self.where, name=type(error).__name__)
            ) from None
        finally:
            connection.close()


class _Page:
    """A page as it was read: what an edit is based on."""

    def __init__(self, found: Mapping[str, Any], read_at: str) -> None:
        revision = (found.get("revisions") or [{}])[0]
        slot = revision.get("slots", {}).get("main", {})
        self.text: str | None = slot.get("content", "") if revision else None
        self.revision: int | None = revision.get("revid")
        self.read_at = read_at
        link = found.get("canonicalurl") or ""
        self.link: str | None = link if link.startswith(("https://", "http://")) else None


class _Wiki:
    """The wire: a session that is logged in."""

    def __init__(self, publisher: MediaWiki, connection: Any) -> None:
        import mwclient

        settings = publisher.settings
        self.where = _("the wiki {where}").format(where=publisher.where)
        self._policy, self._on_wait = publisher.policy, publisher.context.on_wait
        parts = urlsplit(settings.url)
        self._site = mwclient.Site(
            parts.netloc,
            path=parts.path.removesuffix("api.php"),
            scheme=parts.scheme,
            pool=connection,
            max_retries=0,  # the retries are ours
            max_lag=5,
            do_init=False,
            connection_options={"timeout": publisher.policy.timeout},
        )
        auth = settings.auth
        self._ask(lambda: self._site.login(auth.user, auth.password.get_secret_value()))
        self.uploads = "uploadsenabled" in self._site.site

    def rights(self) -> frozenset[str]:
        """What the account may do with this bot password."""
        return frozenset(self._site.rights)

    def page(self, title: str) -> _Page:
        """Raises ``SourceError`` for a title that MediaWiki cannot have, or a page of something else than wikitext."""
        answer = self._ask(
            lambda: self._site.get(
                "query",
                titles=title,
                prop="revisions|info",
                rvprop="ids|content",
                rvslots="main",
                inprop="url",
                curtimestamp="1",
                formatversion="2",
            )
        )
        found = answer["query"]["pages"][0]
        if found.get("invalid"):
            raise SourceError(
                _("{where} cannot have a page {title!r}: {reason}").format(
                    where=self.where, title=one_line(title), reason=one_line(found.get("invalidreason", ""))
                )
            )
        return _Page(found, answer["curtimestamp"])

    def edit(self, title: str, text: str, before: _Page) -> bool:
        """True when the page says ``text`` now, False when somebody else's edit came first."""
        based: dict[str, Any] = {"starttimestamp": before.read_at}
        if before.text is None:
            based["createonly"] = "1"
        else:
            # No `basetimestamp`: with it, MediaWiki writes over what others saved in the same second as our last edit.
            based |= {"nocreate": "1", "baserevid": before.revision}
        try:
            answer = self._with_token(
                lambda token: self._site.post(
                    "edit",
                    title=title,
                    text=text,
                    summary=_("OKR report"),
                    bot="1",
                    **{"assert": "user"},
                    **based,
                    token=token,
                )
            )
        except _Refused as refused:
            if refused.code in _OVERTAKEN:
                return False
            raise
        result = answer.get("edit", {})
        if result.get("result") != "Success":
            said = ", ".join(f"{key} {value}" for key, value in result.items() if key not in {"result", "title"})
            raise SourceError(
                _("{where} did not save {title}: {said}. An extension of the wiki refused it").format(
                    where=self.where, title=title, said=one_line(said)
                )
            )
        return True

    def file_comment(self, name: str) -> str | None:
        """The comment of a file's newest version; None where there is no file of that name."""
        answer = self._ask(
            lambda: self._site.get(
                "query", titles=f"File:{name}", prop="imageinfo", iiprop="comment", formatversion="2"
            )
        )
        versions = answer["query"]["pages"][0].get("imageinfo") or []
        return versions[0].get("comment", "") if versions else None

    def upload(self, attachment: Attachment, note: str) -> str | None:
        """None when the wiki has the file now, else why it does not take it."""
        if not self.uploads:
            return _("uploads are turned off there")
        if "upload" not in self._site.rights:
            return _("the bot password may not upload files")
        # Warnings are ignored: whose file is there was looked at, and two charts may well be the same to the byte.
        call = {
            "filename": attachment.name,
            "description": _("A chart of the OKR report. Written by okrsync."),
            "comment": note,
            "ignore": True,
        }
        try:
            self._with_token(lambda token: self._site.upload(io.BytesIO(attachment.data), **call))
        except _Refused as refused:
            if refused.code == "fileexists-no-change":
                return None
            return _("{name} was not taken ({reason})").format(name=attachment.name, reason=refused.code)
        return None

    def _with_token(self, call: Callable[[str], T]) -> T:
        """A session that expired meanwhile is renewed once."""
        try:
            return self._ask(lambda: call(self._site.get_token("csrf")))
        except _Refused as refused:
            if refused.code != "badtoken":
                raise
            return self._ask(lambda: call(self._site.get_token("csrf", force=True)))

    def _ask(self, call: Callable[[], T]) -> T:
        return with_retries(lambda: self._once(call), policy=self._policy, on_wait=self._on_wait)

    def _once(self, call: Callable[[], T]) -> T:
        """What the library raises, as one of okrsync's errors."""
        import requests
        from mwclient import errors

        try:
            return call()
        except errors.LoginError as error:
            raise AuthError(
                _(
                    "{where} does not know the account: {info}. Check `auth`: it takes a bot password "
                    "(Special:BotPasswords), and its user has the form Name@botname"
                ).format(where=self.where, info=one_line(str(error.info)))
            ) from None
        except errors.APIError as error:
            raise self._refused(str(error.code), str(error.info)) from None
        except errors.InsufficientPermission:
            raise _Refused(
                _("{where}: the account may not upload").format(where=self.where), "permissiondenied"
            ) from None
        except errors.MaximumRetriesExceeded:
            # It says neither why nor for how long: its databases lag behind, or logins are throttled.
            raise RetryableError(
                _("{where} is busy (its database lags behind, or logins come too fast)").format(where=self.where), 5.0
            ) from None
        except requests.HTTPError as error:
            response = error.response
            raise error_of(response.status_code, response.headers, "", self.where) from None
        except (requests.ConnectionError, requests.Timeout) as error:
            raise RetryableError(
                _("{where} cannot be reached: {name}").format(where=self.where, name=type(error).__name__)
            ) from None
        except (errors.InvalidResponse, errors.APIDisabledError, requests.JSONDecodeError, KeyError, ValueError):
            raise SourceError(
                _("{where} does not answer as MediaWiki's API does: check `url`").format(where=self.where)
            ) from None

    def _refused(self, code: str, info: str) -> SourceError:
        said = _("{where} refuses: {info} ({code})").format(
            where=self.where, info=one_line(info), code=one_line(code, 40)
        )
        if code in _LATER or "DBConnectionError" in code:
            return RetryableError(said)
        if _NOT_ALLOWED.search(code) and code not in _OVERTAKEN:
            return AuthError(_("{said}. Check what the bot password may do").format(said=said))
        return _Refused(said, code)


class _Refused(SourceError):
    """The API's answer is an error, with this code."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
