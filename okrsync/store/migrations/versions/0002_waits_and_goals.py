"""Whom work waited for, every version of every goal, and what outcomes were read by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "item_waits",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="review | assignment"),
        sa.Column("account", sa.String(), nullable=False, comment="who was waited for"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True, comment="null while it is still waited for"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_waits_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "kind", "account", "since", name=op.f("pk_item_waits")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "goal_versions",
        sa.Column("goal", sa.String(), nullable=False, comment="id of an objective or key result"),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when a run first saw it, or when it was committed",
        ),
        sa.Column(
            "git_commit", sa.String(), nullable=False, comment="the commit that made it; empty where a run saw it"
        ),
        sa.Column("kind", sa.String(), nullable=False, comment="objective | key_result"),
        sa.Column(
            "revision", sa.String(), nullable=False, comment="a digest of what it promises; empty where it was removed"
        ),
        sa.Column(
            "content",
            sa.Text(),
            nullable=True,
            comment="JSON of what the files said; null: the files no longer have it",
        ),
        sa.Column("author", sa.Text(), nullable=True, comment="the commit's author"),
        sa.Column("subject", sa.Text(), nullable=True, comment="the first line of the commit's message"),
        sa.Column("reason", sa.Text(), nullable=True, comment="what the message gives as `Reason:`"),
        sa.PrimaryKeyConstraint("goal", "seen_at", "git_commit", name=op.f("pk_goal_versions")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "goal_history",
        sa.Column(
            "folder", sa.String(), nullable=False, comment="where the files of goals are, as the configuration says"
        ),
        sa.Column(
            "head", sa.String(), nullable=False, comment="the commit up to which the history is stored; empty: none is"
        ),
        sa.Column("notes", sa.Text(), nullable=False, comment="JSON list: what of the history is missing, and why"),
        sa.PrimaryKeyConstraint("folder", name=op.f("pk_goal_history")),
    )
    op.add_column(
        "outcomes",
        sa.Column(
            "definition",
            sa.String(),
            nullable=True,
            comment="a digest of what the values were read by; another one is another series",
        ),
    )
