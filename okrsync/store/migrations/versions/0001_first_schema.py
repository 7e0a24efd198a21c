"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A copy of what okrsync.store.views held at this revision: a migration must not change when the views do.
VIEWS = {
    "v_work_items": """
        SELECT items.id, items.source, scopes.name AS scope, items.kind, items.type, items.level, items.key,
               items.title, items.url, items.state, items.status, items.resolution, items.created_at,
               items.updated_at, items.done_at, items.assignee, items.points, parent.key AS parent
        FROM items
        JOIN scopes ON scopes.id = items.scope_id
        LEFT JOIN items AS parent ON parent.id = items.parent_id
        WHERE scopes.configured
    """,
    "v_links": """
        SELECT links.key_result, items.source, items.key, items.title, items.url, items.state, items.done_at,
               links.rule, links.reason, links.via
        FROM links
        JOIN items ON items.id = links.item_id
    """,
    "v_pieces": """
        SELECT DISTINCT links.key_result, piece.id, piece.source, piece.key, piece.title, piece.url, piece.state,
               piece.status, piece.resolution, piece.created_at, piece.done_at
        FROM links
        JOIN parts ON parts.item_id = links.item_id
        JOIN items AS piece ON piece.id = parts.piece_id
        WHERE links.reason IN ('rule', 'trailer', 'parent')
    """,
    "v_measurements": """
        SELECT m.key_result, m.origin, m.at, m.value, m.recorded_at, m.confidence, m.note, m.person
        FROM measurements AS m
        WHERE m.value IS NOT NULL
          AND m.id = (SELECT MAX(later.id) FROM measurements AS later
                      WHERE later.key_result = m.key_result AND later.origin = m.origin AND later.at = m.at)
    """,
    "v_scopes": """
        SELECT scopes.source, scopes.name AS scope, scopes.last_success, scopes.last_census, scopes.removed,
               scopes.error, COUNT(items.id) AS items
        FROM scopes
        LEFT JOIN items ON items.scope_id = scopes.id
        WHERE scopes.configured
        GROUP BY scopes.id, scopes.source, scopes.name, scopes.last_success, scopes.last_census, scopes.removed,
                 scopes.error
    """,
}


def upgrade() -> None:
    op.create_table(
        "dirty_items",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_dirty_items")),
    )
    op.create_table(
        "facets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind", sa.String(), nullable=False, comment="label | component | version | milestone | sprint | path"
        ),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facets")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_facets_kind_value")),
    )
    op.create_table(
        "linked_rules",
        sa.Column("key_result", sa.String(), nullable=False),
        sa.Column(
            "fingerprint", sa.String(), nullable=False, comment="of the work rules that the links were made with"
        ),
        sa.PrimaryKeyConstraint("key_result", name=op.f("pk_linked_rules")),
    )
    op.create_table(
        "measurements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_result", sa.String(), nullable=False),
        sa.Column(
            "origin", sa.String(), nullable=False, comment="manual for a check-in, else the type of the outcome source"
        ),
        sa.Column("at", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True, comment="null: the source no longer has a value for this day"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
    )
    op.create_index(
        op.f("ix_measurements_key_result_origin_at"), "measurements", ["key_result", "origin", "at"], unique=False
    )
    op.create_table(
        "milestones",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="version | sprint | milestone | release"),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="open | closed"),
        sa.Column("start", sa.Date(), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("closed", sa.Date(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", "kind", "native_id", name=op.f("pk_milestones")),
    )
    op.create_table(
        "outcomes",
        sa.Column("key_result", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True, comment="why the last reading failed; null when it did not"),
        sa.PrimaryKeyConstraint("key_result", name=op.f("pk_outcomes")),
    )
    op.create_table(
        "scopes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False, comment="as the configuration names it"),
        sa.Column("name", sa.String(), nullable=False, comment="as the service calls it now"),
        sa.Column(
            "configured", sa.Boolean(), nullable=False, comment="false once the configuration no longer asks for it"
        ),
        sa.Column("cursor", sa.Text(), nullable=True, comment="JSON of the connector; what is older is stored"),
        sa.Column("plan", sa.Text(), nullable=True, comment="JSON of a pull that is under way or was interrupted"),
        sa.Column("last_success", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_census", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed", sa.Integer(), server_default="0", nullable=False, comment="items found deleted so far"),
        sa.Column("error", sa.Text(), nullable=True, comment="why the last attempt failed; null when it did not"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sa.UniqueConstraint("source", "scope", name=op.f("uq_scopes_source_scope")),
    )
    op.create_table(
        "census_ids",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_census_ids_scope_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("scope_id", "native_id", name=op.f("pk_census_ids")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("native_id", sa.String(), nullable=False, comment="the source's own identity, which never changes"),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="issue | pull_request | commit"),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False, comment="0 standard, -1 sub-task, 1 epic, more above"),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), nullable=False, comment="todo | doing | done"),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_id", sa.String(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("resolution_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=True),
        sa.Column("parent_native_id", sa.String(), nullable=True),
        sa.Column("parent_key", sa.String(), nullable=True),
        sa.Column(
            "parent_id",
            sa.Integer(),
            nullable=True,
            comment="the parent's row, once it is in the store; set by the link step",
        ),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_items_scope_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("source", "native_id", name=op.f("uq_items_source_native_id")),
    )
    op.create_index(op.f("ix_items_done_at"), "items", ["done_at"], unique=False)
    op.create_index(op.f("ix_items_parent_id"), "items", ["parent_id"], unique=False)
    op.create_index(op.f("ix_items_parent_key"), "items", ["parent_key"], unique=False)
    op.create_index(op.f("ix_items_parent_native_id"), "items", ["parent_native_id"], unique=False)
    op.create_index(op.f("ix_items_project"), "items", ["project"], unique=False)
    op.create_index(op.f("ix_items_scope_id_kind_level"), "items", ["scope_id", "kind", "level"], unique=False)
    op.create_table(
        "shards",
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("shard", sa.String(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True, comment="JSON of the connector: where the shard goes on"),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_shards_scope_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("scope_id", "shard", name=op.f("pk_shards")),
    )
    op.create_table(
        "item_facets",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("facet_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["facet_id"], ["facets.id"], name=op.f("fk_item_facets_facet_id")),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_facets_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "facet_id", name=op.f("pk_item_facets")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_item_facets_facet_id_item_id"), "item_facets", ["facet_id", "item_id"], unique=False)
    op.create_table(
        "item_keys",
        sa.Column("key", sa.String(), nullable=False, comment="lower case; the present key and every former one"),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_keys_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key", "item_id", name=op.f("pk_item_keys")),
    )
    op.create_index(op.f("ix_item_keys_item_id"), "item_keys", ["item_id"], unique=False)
    op.create_table(
        "item_references",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, comment="closes | names | contains | key_result"),
        sa.Column("target", sa.String(), nullable=False, comment="lower case, but for key_result"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_item_references_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "kind", "target", name=op.f("pk_item_references")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_item_references_target_kind"), "item_references", ["target", "kind"], unique=False)
    op.create_table(
        "links",
        sa.Column("key_result", sa.String(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False, comment="the rule that made the link, in words"),
        sa.Column("reason", sa.String(), nullable=False, comment="rule | trailer | parent | closes | names"),
        sa.Column(
            "via",
            sa.String(),
            nullable=True,
            comment="key of the epic, parent or named item that the link came through",
        ),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_links_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("key_result", "item_id", "rule", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_item_id"), "links", ["item_id"], unique=False)
    op.create_table(
        "parts",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("piece_id", sa.Integer(), nullable=False, comment="the item that stands for the piece of work"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_parts_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "piece_id", name=op.f("pk_parts")),
    )
    op.create_index(op.f("ix_parts_piece_id"), "parts", ["piece_id"], unique=False)
    for name, select in VIEWS.items():
        op.execute(f"CREATE VIEW {name} AS {select}")
