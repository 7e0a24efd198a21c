"""The tables, as SQLAlchemy Core sees them; ``docs/database.md`` explains them to people who query the store.

Times are UTC. SQLite keeps them as text (``2026-11-20 08:00:00.000000``), PostgreSQL as ``timestamptz``. A change here
needs a migration beside it: a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware ``datetime``: SQLite has no time zones, so there it is written as naive UTC and read back as aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

scopes = Table(
    "scopes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("scope", String, nullable=False, comment="as the configuration names it"),
    Column("name", String, nullable=False, comment="as the service calls it now"),
    Column("configured", Boolean, nullable=False, comment="false once the configuration no longer asks for it"),
    Column("cursor", Text, comment="JSON of the connector; what is older is stored"),
    Column("plan", Text, comment="JSON of a pull that is under way or was interrupted"),
    Column("last_success", Moment),
    Column("last_census", Moment),
    Column("removed", Integer, nullable=False, server_default="0", comment="items found deleted so far"),
    Column("error", Text, comment="why the last attempt failed; null when it did not"),
    UniqueConstraint("source", "scope"),
)

shards = Table(
    "shards",
    metadata,
    Column("scope_id", ForeignKey("scopes.id", ondelete="CASCADE"), primary_key=True),
    Column("shard", String, primary_key=True),
    Column("cursor", Text, comment="JSON of the connector: where the shard goes on"),
    Column("done", Boolean, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("native_id", String, nullable=False, comment="the source's own identity, which never changes"),
    Column("scope_id", ForeignKey("scopes.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String, nullable=False, comment="issue | pull_request | commit"),
    Column("type", String, nullable=False),
    Column("level", Integer, nullable=False, comment="0 standard, -1 sub-task, 1 epic, more above"),
    Column("key", String, nullable=False),
    Column("project", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("url", Text),
    Column("state", String, nullable=False, comment="todo | doing | done"),
    Column("status", String, nullable=False),
    Column("status_id", String),
    Column("resolution", String),
    Column("resolution_id", String),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("done_at", Moment),
    Column("assignee", String),
    Column("author", String),
    Column("parent_native_id", String),
    Column("parent_key", String),
    Column("parent_id", Integer, comment="the parent's row, once it is in the store; set by the link step"),
    Column("points", Float),
    Column("content_hash", String, nullable=False),
    UniqueConstraint("source", "native_id"),
    Index(None, "scope_id", "kind", "level"),
    Index(None, "project"),
    Index(None, "parent_id"),
    Index(None, "parent_native_id"),
    Index(None, "parent_key"),
    Index(None, "done_at"),
)

item_keys = Table(
    "item_keys",
    metadata,
    Column("key", String, primary_key=True, comment="lower case; the present key and every former one"),
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True, index=True),
)

removed_keys = Table(
    "removed_keys",
    metadata,
    Column("source", String, primary_key=True),
    Column("native_id", String, primary_key=True),
    Column("key", String, primary_key=True, comment="lower case; a key that the removed item had"),
    sqlite_with_rowid=False,
)
"""Given back when the item appears again: it may have moved to a project that could not be read then."""

facets = Table(
    "facets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False, comment="label | component | version | milestone | sprint | path"),
    Column("value", Text, nullable=False),
    UniqueConstraint("kind", "value"),
)

item_facets = Table(
    "item_facets",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("facet_id", ForeignKey("facets.id"), primary_key=True),
    Index(None, "facet_id", "item_id"),
    sqlite_with_rowid=False,
)

item_references = Table(
    "item_references",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True, comment="closes | names | contains | key_result"),
    Column("target", String, primary_key=True, comment="lower case, but for key_result"),
    Index(None, "target", "kind"),
    sqlite_with_rowid=False,
)

item_waits = Table(
    "item_waits",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True, comment="review | assignment"),
    Column("account", String, primary_key=True, comment="who was waited for"),
    Column("since", Moment, primary_key=True),
    Column("until", Moment, comment="null while it is still waited for"),
    sqlite_with_rowid=False,
)

milestones = Table(
    "milestones",
    metadata,
    Column("source", String, primary_key=True),
    Column("kind", String, primary_key=True, comment="version | sprint | milestone | release"),
    Column("native_id", String, primary_key=True),
    Column("project", String),
    Column("name", Text, nullable=False),
    Column("state", String, nullable=False, comment="open | closed"),
    Column("start", Date),
    Column("due", Date),
    Column("closed", Date),
    Column("url", Text),
)

host_pauses = Table(
    "host_pauses",
    metadata,
    Column("host", String, primary_key=True, comment="host and port"),
    Column("until", Moment, nullable=False, comment="by the database's clock"),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Until when hosts asked the workers of a cluster not to be asked: what one is told holds for all."""

census_ids = Table(
    "census_ids",
    metadata,
    Column("scope_id", ForeignKey("scopes.id", ondelete="CASCADE"), primary_key=True),
    Column("native_id", String, primary_key=True),
    sqlite_with_rowid=False,
)
"""Empty between runs: the ids of a census that is being taken."""

dirty_items = Table(
    "dirty_items",
    metadata,
    Column("item_id", Integer, primary_key=True),
)
"""Items whose links must be made again."""

links = Table(
    "links",
    metadata,
    Column("key_result", String, primary_key=True),
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("rule", String, primary_key=True, comment="the rule that made the link, in words"),
    Column("reason", String, nullable=False, comment="rule | trailer | parent | closes | names"),
    Column("via", String, comment="key of the epic, parent or named item that the link came through"),
    Index(None, "item_id", "reason"),
    sqlite_with_rowid=False,
)

parts = Table(
    "parts",
    metadata,
    Column("item_id", ForeignKey("items.id", ondelete="CASCADE"), primary_key=True),
    Column("piece_id", Integer, primary_key=True, index=True, comment="the item that stands for the piece of work"),
    sqlite_with_rowid=False,
)

linked_rules = Table(
    "linked_rules",
    metadata,
    Column("key_result", String, primary_key=True),
    Column("fingerprint", String, nullable=False, comment="of the work rules that the links were made with"),
)

measurements = Table(
    "measurements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key_result", String, nullable=False),
    Column("origin", String, nullable=False, comment="manual for a check-in, else the type of the outcome source"),
    Column("at", Date, nullable=False),
    Column("value", Float, comment="null: the source no longer has a value for this day"),
    Column("recorded_at", Moment, nullable=False),
    Column("confidence", Float),
    Column("note", Text),
    Column("person", String),
    Index(None, "key_result", "origin", "at"),
)
"""Never updated: a corrected value is a new row, the latest ``recorded_at`` of a day holds."""

outcomes = Table(
    "outcomes",
    metadata,
    Column("key_result", String, primary_key=True),
    Column("origin", String, nullable=False),
    Column("definition", String, comment="a digest of what the values were read by; another one is another series"),
    Column("last_success", Moment),
    Column("error", Text, comment="why the last reading failed; null when it did not"),
)

goal_versions = Table(
    "goal_versions",
    metadata,
    Column("goal", String, primary_key=True, comment="id of an objective or key result"),
    Column("seen_at", Moment, primary_key=True, comment="when a run first saw it, or when it was committed"),
    Column("git_commit", String, primary_key=True, comment="the commit that made it; empty where a run saw it"),
    Column("kind", String, nullable=False, comment="objective | key_result"),
    Column("revision", String, nullable=False, comment="a digest of what it promises; empty where it was removed"),
    Column("content", Text, comment="JSON of what the files said; null: the files no longer have it"),
    Column("author", Text, comment="the commit's author"),
    Column("subject", Text, comment="the first line of the commit's message"),
    Column("reason", Text, comment="what the message gives as `Reason:`"),
    sqlite_with_rowid=False,
)
"""Never updated: every version of every goal that a run has seen, or that stands in the files' git history."""

goal_history = Table(
    "goal_history",
    metadata,
    Column("folder", String, primary_key=True, comment="where the files of goals are, as the configuration says"),
    Column("head", String, nullable=False, comment="the commit up to which the history is stored; empty: none is"),
    Column("notes", Text, nullable=False, comment="JSON list: what of the history is missing, and why"),
)

publications = Table(
    "publications",
    metadata,
    Column("wiki", String, primary_key=True, comment="JSON of the wiki's settings without its account"),
    Column("page", String, primary_key=True, comment="name of a week's page: OKR-2026-W47"),
    Column("as_of", Date, nullable=False, comment="the day of judgement of the page that was last tried"),
    Column("cycle", String, nullable=False),
    Column("headline", Text, nullable=False, comment="JSON of the numbers that the page begins with"),
    Column("done", Boolean, nullable=False, comment="false: the wiki was down, and a later run catches up"),
    sqlite_with_rowid=False,
)
"""Which week's page reached which wiki, and what it said in short: what the index page lists."""
