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
    # 3: what sleep derives, what people decided, and how memories were used
    """
    CREATE TABLE acts (                     -- truth beside the log: appended to, never changed
        act INTEGER PRIMARY KEY AUTOINCREMENT,
        scope_id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        content TEXT NOT NULL,              -- JSON
        at_us INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX acts_by_target ON acts (scope_id, target);

    CREATE TABLE hidden (                   -- suppressed episodes: what the acts come to
        scope_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE erased (                   -- ids that are not taken in again
        id TEXT PRIMARY KEY,
        at_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE uses (                     -- what strengthened an episode: not derived
        scope_id INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        times INTEGER NOT NULL,
        recent TEXT NOT NULL,
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE runs (
        run INTEGER PRIMARY KEY AUTOINCREMENT,
        reach TEXT NOT NULL,
        phases TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'done', 'undone')),
        started_us INTEGER NOT NULL,
        ended_us INTEGER,
        report TEXT NOT NULL
    ) STRICT;
    CREATE TABLE run_changes (              -- a run's changes of derived rows, to be undone
        run INTEGER NOT NULL,
        step INTEGER NOT NULL,
        changes BLOB NOT NULL,
        PRIMARY KEY (run, step)
    ) STRICT;

    CREATE TABLE claims (
        scope_id INTEGER NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL,
        start INTEGER NOT NULL, stop INTEGER NOT NULL,
        subject TEXT NOT NULL, subject_key TEXT NOT NULL, relation TEXT NOT NULL,
        object TEXT NOT NULL, object_key TEXT NOT NULL, statement TEXT NOT NULL,
        denied INTEGER NOT NULL, certainty REAL NOT NULL, change TEXT NOT NULL,
        valid_from_us INTEGER, valid_to_us INTEGER,
        said_us INTEGER NOT NULL, ingested_us INTEGER NOT NULL,
        witness TEXT NOT NULL, trust REAL NOT NULL, own INTEGER NOT NULL, extractor TEXT NOT NULL,
        PRIMARY KEY (scope_id, seq, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX claims_by_group ON claims (scope_id, subject_key, relation);

    CREATE TABLE facts (
        scope_id INTEGER NOT NULL, fact_id TEXT NOT NULL, version INTEGER NOT NULL,
        subject TEXT NOT NULL, subject_key TEXT NOT NULL, relation TEXT NOT NULL,
        object TEXT NOT NULL, object_key TEXT NOT NULL, statement TEXT NOT NULL,
        denied INTEGER NOT NULL,
        valid_from_us INTEGER, valid_to_us INTEGER,
        believed_from_us INTEGER NOT NULL, believed_to_us INTEGER,
        supports REAL NOT NULL, contradicts REAL NOT NULL, confidence REAL NOT NULL,
        status TEXT NOT NULL, witnesses INTEGER NOT NULL,
        reason TEXT NOT NULL, successor TEXT,
        PRIMARY KEY (scope_id, fact_id, version)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX facts_by_group ON facts (scope_id, subject_key, relation);

    CREATE TABLE evidence (
        scope_id INTEGER NOT NULL, fact_id TEXT NOT NULL, seq INTEGER NOT NULL,
        number INTEGER NOT NULL, part TEXT NOT NULL,
        PRIMARY KEY (scope_id, fact_id, seq, number)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX evidence_by_episode ON evidence (scope_id, seq);

    CREATE TABLE groups (
        scope_id INTEGER NOT NULL, subject_key TEXT NOT NULL, relation TEXT NOT NULL,
        alone INTEGER NOT NULL, together INTEGER NOT NULL,
        PRIMARY KEY (scope_id, subject_key, relation)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE mentions (
        scope_id INTEGER NOT NULL, seq INTEGER NOT NULL, found TEXT NOT NULL,
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE summaries (
        scope_id INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
        title TEXT NOT NULL, text TEXT NOT NULL, sentences TEXT NOT NULL,
        from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, maker TEXT NOT NULL,
        PRIMARY KEY (scope_id, kind, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE lessons (
        scope_id INTEGER NOT NULL, lesson_id TEXT NOT NULL,
        trigger TEXT NOT NULL, action TEXT NOT NULL, certainty REAL NOT NULL,
        quotes TEXT NOT NULL, said_us INTEGER NOT NULL,
        PRIMARY KEY (scope_id, lesson_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE places (
        scope_id INTEGER NOT NULL, seq INTEGER NOT NULL,
        wing TEXT NOT NULL, room TEXT NOT NULL,
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE rooms (
        scope_id INTEGER NOT NULL, wing TEXT NOT NULL, room TEXT NOT NULL,
        name TEXT NOT NULL, size INTEGER NOT NULL, centre BLOB NOT NULL, was TEXT NOT NULL,
        PRIMARY KEY (scope_id, wing, room)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE gists (
        scope_id INTEGER NOT NULL, space TEXT NOT NULL,
        upto_seq INTEGER NOT NULL, state BLOB NOT NULL,
        PRIMARY KEY (scope_id, space)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE replays (
        scope_id INTEGER NOT NULL, seq INTEGER NOT NULL,
        surprise REAL NOT NULL, version TEXT NOT NULL,
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE stages (
        scope_id INTEGER NOT NULL, stage TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (scope_id, stage)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE cold (
        scope_id INTEGER NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (scope_id, seq)
    ) STRICT, WITHOUT ROWID;
    """,
)
