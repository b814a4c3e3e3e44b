"""The embedded default: one SQLite file, safe under many processes.

connection.py   engine, pragmas, migrations, errors explained
schema.py       the layout, as append-only migrations
turnstile.py    writers queue fairly
store.py        the log, its shallow keys, reading
deep.py         embedding spaces and vectors
upkeep.py       verify, rebuild, backup, statistics
"""

from mnemic.agent.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
