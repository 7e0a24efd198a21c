"""Read-only SQL views for Grafana, Metabase or Datasette, in SQL that SQLite and PostgreSQL both read.

They show the store as it is, without judging: verdicts come from ``okrsync report --format json``.
"""

from __future__ import annotations

VIEWS: dict[str, str] = {
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
