"""The file's layout, as migrations that are only ever appended to."""

from __future__ import annotations

APPLICATION_ID = 0x4D4E4D43  # "MNMC"

MIGRATIONS: tuple[str, ...] = (
    # 1: the log (truth), the shallow keys, the deep keys
    """
    CREATE TABLE scopes (
        scope_id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE
    ) STRICT;

    CREATE TABLE episodes (                 -- the log: appended to, never changed
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        scope_id INTEGER NOT NULL REFERENCES scopes (scope_id),
        text TEXT NOT NULL,
        speaker TEXT,
        session TEXT,
        position INTEGER,
        source TEXT,
        ref TEXT,
        meta TEXT NOT NULL,                 -- JSON object
        said_at TEXT,                       -- ISO 8601 with offset; NULL where the source has none
        happened_start TEXT,                -- as given; NULL where it is read from the text
        happened_end TEXT,
        ingested_us INTEGER NOT NULL,       -- microseconds since 1970, UTC
        digest BLOB NOT NULL                -- SHA-256 over all the other columns but seq
    ) STRICT;
    CREATE INDEX episodes_by_ref ON episodes (scope_id, ref) WHERE ref IS NOT NULL;

    CREATE TABLE items (                    -- derived: what ranking needs of an episode
        scope_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        session_key INTEGER NOT NULL,       -- hash of the session's name; 0 for none
        position INTEGER,
        said_us INTEGER NOT NULL,
        happened_from_us INTEGER NOT NULL,
        happened_to_us INTEGER NOT NULL,
        ingested_us INTEGER NOT NULL,
        terms INTEGER NOT NULL,             -- length of the episode in terms
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE VIRTUAL TABLE terms USING fts5 (
        keys, content='', contentless_delete=1, tokenize='ascii', detail=full
    );
    CREATE VIRTUAL TABLE term_counts USING fts5vocab (terms, 'row');
    CREATE VIRTUAL TABLE term_places USING fts5vocab (terms, 'instance');

    CREATE TABLE spaces (                   -- embedding spaces; several can be alive
        space_id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        dimension INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('active', 'filling', 'retired')),
        upto_seq INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE vectors (                  -- derived: deep keys, float16, one a piece of text
        space_id INTEGER NOT NULL,
        scope_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        part INTEGER NOT NULL,
        vector BLOB NOT NULL,
        PRIMARY KEY (space_id, scope_id, seq, part)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE properties (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
    # 2: who said it is a shallow key
    """
    ALTER TABLE items ADD COLUMN speaker_key INTEGER NOT NULL DEFAULT 0;  -- hash; 0 for nobody

    CREATE TABLE speakers (                 -- derived: the names behind the keys of a scope
        scope_id INTEGER NOT NULL,
        speaker_key INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (scope_id, speaker_key)
    ) STRICT, WITHOUT ROWID;
    """,
)
