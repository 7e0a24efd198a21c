"""What items that were removed had been called."""

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
