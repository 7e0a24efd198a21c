"""Pages in Confluence, Cloud or Data Center: storage format, and the charts as attachments.

Tested against a stand-in (``okrsync.sandbox.confluence``), as no Confluence runs where the tests do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, field_validator

from okrsync.checkup import Check
from okrsync.errors import RetryableError, SourceError
from okrsync.http import DEFAULT_POLICY, HttpPolicy, one_line, shown_url
from okrsync.language import _
from okrsync.publish.confluence_api import Api, Cloud, DataCenter, Note, Page
from okrsync.publish.interface import Attachment, PublishContext, PublisherSettings, WikiPage
from okrsync.publish.page_by_page import Outcome, PageByPage, Progress, attached
from okrsync.publish.section import Edited, digest
from okrsync.publish.storage_format import StorageFormat
from okrsync.publish.storage_section import inner_of, replaced, section_of, seen
from okrsync.publish.web import session, upload_note, uploaded, web_address

__all__ = ["Confluence", "ConfluenceAuth", "ConfluenceSettings"]

ATTEMPTS = 5


class ConfluenceAuth(BaseModel):
    """Cloud: the account's ``email`` and an API token. Data Center: a personal access ``token``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    email: str | None = None
    """The account's mail address, on Cloud; on Data Center left out."""
    token: SecretStr
    """The token; write it as ${NAME}."""

    @field_validator("email")
    @classmethod
    def _is_an_email(cls, email: str | None) -> str | None:
        if email is not None and "@" not in email:
            raise ValueError(_("write the e-mail address of the account (Data Center: leave `email` out)"))
        return email

    @field_validator("token")
    @classmethod
    def _is_not_empty(cls, token: SecretStr) -> SecretStr:
        if not token.get_secret_value():
            raise ValueError(_("the token is empty"))
        return token


class ConfluenceSettings(PublisherSettings):
    """A space of a Confluence."""

    type: Literal["confluence"] = "confluence"
    url: Annotated[str, AfterValidator(web_address)]
    """``https://SITE.atlassian.net/wiki``, or the base address of a Data Center."""
    auth: ConfluenceAuth
    """The account that writes."""
    space: str
    """The key of the space."""
    parent: str | None = None
    """Title of the page below which new pages are made; by default they stand at the top of the space."""


class Confluence(PageByPage[Api]):
    """Keeps a page ``NAME`` in the space for each page, and its attachments with it."""

    type_name: ClassVar[str] = "confluence"
    Settings: ClassVar[type[PublisherSettings]] = ConfluenceSettings
    policy: ClassVar[HttpPolicy] = DEFAULT_POLICY

    def __init__(self, settings: ConfluenceSettings, context: PublishContext) -> None:
        super().__init__(settings, context)
        self.settings: ConfluenceSettings = settings
        self.where = _("{url} space {space}").format(url=shown_url(settings.url), space=one_line(settings.space))

    def checkup(self) -> Iterator[Check]:
        """Whether space and parent are there, and, on Cloud, whether the account may create pages."""
        with self.opened() as api:
            self._parent(api)
            may, needless = api.may_write(), api.needless()
        if may is False:
            raise SourceError(_("the wiki {where}: the account may not create pages there").format(where=self.where))
        said = _("{wiki} can be read") if may else _("{wiki} can be read, and whether it can be written is not told")
        yield Check("wiki confluence", "good" if may else "warning", said.format(wiki=self.where))
        if needless:
            yield Check(
                "wiki confluence",
                "warning",
                _("the account may do more than needed in that space: {operations}").format(
                    operations=", ".join(needless)
                ),
                _("give okrsync an account of its own that may view the space and add pages and attachments"),
            )

    def bring(self, wiki: Api, page: WikiPage, done: Progress) -> tuple[Outcome, str | None]:
        shown: list[Attachment] | None = None
        changed = made = False
        for _attempt in range(ATTEMPTS):
            there = wiki.page(page.name)
            if there is None:
                there = wiki.create(page.name, section_of(_rendered(page, page.attachments)), self._parent(wiki))
                if there is None:
                    continue
                made = True
            if there.archived:
                raise SourceError(
                    _("the wiki {where}: the page {name} is archived. Restore it, or give it another title").format(
                        where=self.where, name=page.name
                    )
                )
            note = wiki.note(there)
            try:
                if not _is_ours(there, note):
                    return "kept", there.link
            except Edited:
                return "kept", there.link
            if shown is None:
                shown, changed = _attached(wiki, there, page, done)
            inner = _rendered(page, shown)
            source = digest(inner.encode())
            after: Page | None = there
            as_made = made and inner == _rendered(page, page.attachments) and there.version == 1
            if not as_made and _source(there, note) != source:
                after = wiki.update(page.name, there, replaced(there.body, inner), upload_note(source))
                if after is None:
                    continue
                changed = True
            assert after is not None
            try:
                value = {"source": source, "seen": seen(inner_of(after.body))}
            except Edited:
                raise SourceError(
                    _("the wiki {where} stored {name} in a form in which okrsync cannot find its section").format(
                        where=self.where, name=page.name
                    )
                ) from None
            if note is None or note.value != value:
                wiki.keep(after, note, value)
            return "written" if changed or made else "unchanged", after.link
        raise RetryableError(
            _(
                "the wiki {where}: {name} could not be saved in {count} attempts: others saved it each "
                "time, or a page of that title exists that this account may not see (in the trash, "
                "restricted, or written in other letters)"
            ).format(where=self.where, name=page.name, count=ATTEMPTS)
        )

    def _parent(self, api: Api) -> Page | None:
        if self.settings.parent is None:
            return None
        found = api.page(self.settings.parent)
        if found is None:
            raise SourceError(
                _("the wiki {where} has no page {parent!r}: make it, or correct `parent`").format(
                    where=self.where, parent=one_line(self.settings.parent)
                )
            )
        return found

    @contextmanager
    def opened(self) -> Iterator[Api]:
        from atlassian.rest_client import AtlassianRestAPI
        from requests import RequestException

        settings, auth = self.settings, self.settings.auth
        where = _("the wiki {where}").format(where=self.where)
        token = auth.token.get_secret_value()
        rest = AtlassianRestAPI(
            settings.url,
            username=auth.email,
            password=token if auth.email is not None else None,
            token=token if auth.email is None else None,
            session=session(where, self.policy),
            timeout=int(self.policy.read_timeout),
            retry_with_header=False,  # the retries are ours
            cloud=auth.email is not None,
        )
        kind = DataCenter if auth.email is None else Cloud
        api = kind(rest, settings.url, where, self.policy, self.context.on_wait)
        try:
            api.open(settings.space)
            yield api
        except RequestException as error:  # a body that ends early is read outside of any request
            raise RetryableError(
                _("{where} cannot be reached: {name}").format(where=where, name=type(error).__name__)
            ) from None
        except (KeyError, TypeError, AttributeError):
            raise SourceError(
                _("{where} does not answer as Confluence does: check `url`").format(where=where)
            ) from None
        finally:
            rest.close()


def _attached(api: Api, there: Page, page: WikiPage, done: Progress) -> tuple[list[Attachment], bool]:
    files = api.files(there) if page.attachments else {}

    def comment_of(name: str) -> str | None:
        return (files[name].comment or "") if name in files else None

    def upload(attachment: Attachment, note: str) -> str | None:
        return api.upload(there, attachment, note, files.get(attachment.name))

    return attached(page, done, comment_of, upload)


def _rendered(page: WikiPage, shown: Sequence[Attachment]) -> str:
    return StorageFormat(attachment.name for attachment in shown).render(page.markdown)


def _is_ours(there: Page, note: Note | None) -> bool:
    """Whether the section is as okrsync left it. Raises ``Edited`` when there is none.

    It is when nobody saved the page after us; then our own words stand with the version, or it is the first. Else when
    a reader sees what they saw when we left it.
    """
    inner = inner_of(there.body)
    if there.version == 1 or uploaded(there.message) is not None:
        return True
    return note is not None and isinstance(note.value, dict) and note.value.get("seen") == seen(inner)


def _source(there: Page, note: Note | None) -> str | None:
    """The ``digest`` of what okrsync last wrote there."""
    told = uploaded(there.message)
    if told is not None:
        return told
    return note.value.get("source") if note is not None and isinstance(note.value, dict) else None
