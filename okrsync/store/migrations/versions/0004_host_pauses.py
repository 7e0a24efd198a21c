"""How long hosts have asked not to be asked, for all processes that share a store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "host_pauses",
        sa.Column("host", sa.String(), nullable=False, comment="host and port"),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="by the database's clock"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_host_pauses")),
        sqlite_with_rowid=False,
    )
