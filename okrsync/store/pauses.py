"""Pauses that hosts have asked for, told to all processes that share a store: the workers of a cluster."""

from __future__ import annotations

from sqlalchemy import Engine, text

from okrsync.store.engine import reading, writing

_LONGEST = 7 * 24 * 3600.0
"""Seconds: what a host asks for is its word, and must stay within the calendar."""

_PAUSE = text(
    "INSERT INTO host_pauses (host, until, why)"
    " VALUES (:host, clock_timestamp() + make_interval(secs => :seconds), :why)"
    " ON CONFLICT (host) DO UPDATE SET until = excluded.until, why = excluded.why"
    " WHERE host_pauses.until < excluded.until"
)
_LEFT = text("SELECT extract(epoch FROM until - clock_timestamp()), why FROM host_pauses WHERE host = :host")


class StoredPauses:
    """A board (see ``okrsync.pace.Board``) in a PostgreSQL store: its clock is the one that all machines share."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pause(self, host: str, seconds: float, why: str) -> None:
        """Nobody asks ``host`` for so long; a longer pause that is known stays. Raises ``StoreError``."""
        with writing(self._engine) as connection:
            connection.execute(_PAUSE, {"host": host, "seconds": min(seconds, _LONGEST), "why": why})

    def left(self, host: str) -> tuple[float, str] | None:
        """Seconds for which ``host`` is not to be asked yet, and why. Raises ``StoreError``."""
        with reading(self._engine) as connection:
            found = connection.execute(_LEFT, {"host": host}).one_or_none()
        return (float(found[0]), str(found[1])) if found is not None and found[0] > 0 else None
