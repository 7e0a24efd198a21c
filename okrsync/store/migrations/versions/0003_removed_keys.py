"""What removed items had been called; what was published; links and parts without row ids in SQLite: a third less to
write."""

# ruff: noqa: S608 - statements are put together from the names of our own tables

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_keys",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False, comment="lower case; a key that the removed item had"),
        sa.PrimaryKeyConstraint("source", "native_id", "key", name=op.f("pk_removed_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "publications",
        sa.Column("wiki", sa.String(), nullable=False, comment="JSON of the wiki's settings without its account"),
        sa.Column("page", sa.String(), nullable=False, comment="name of a week's page: OKR-2026-W47"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="the day of judgement of the page that was last tried"),
        sa.Column("cycle", sa.String(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False, comment="JSON of the numbers that the page begins with"),
        sa.Column("done", sa.Boolean(), nullable=False, comment="false: the wiki was down, and a later run catches up"),
        sa.PrimaryKeyConstraint("wiki", "page", name=op.f("pk_publications")),
        sqlite_with_rowid=False,
    )
    op.drop_index(op.f("ix_links_item_id"), "links")
    if op.get_bind().dialect.name == "sqlite":
        _without_row_ids()
    op.create_index(op.f("ix_links_item_id_reason"), "links", ["item_id", "reason"], unique=False)


def _without_row_ids() -> None:
    """SQLite cannot change a table so; views on it stand in the way of renaming, so the rows go out and in again."""
    for name in ("links", "parts"):
        op.execute(f"CREATE TEMPORARY TABLE old_{name} AS SELECT * FROM {name}")
        op.drop_table(name)
    op.create_table(
        "links",
        sa.Column("key_result", sa.String(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_links_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_result", "item_id", "rule", name=op.f("pk_links")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "parts",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("piece_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_parts_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "piece_id", name=op.f("pk_parts")),
        sqlite_with_rowid=False,
    )
    for name in ("links", "parts"):
        op.execute(f"INSERT INTO {name} SELECT * FROM old_{name}")
        op.execute(f"DROP TABLE old_{name}")
    op.create_index(op.f("ix_parts_piece_id"), "parts", ["piece_id"], unique=False)
