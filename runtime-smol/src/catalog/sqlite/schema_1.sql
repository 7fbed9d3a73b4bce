-- Blob ids are their 16 bytes, checksums their 32, times are milliseconds since 1970, and numbers of runs of processes are
-- 64 bits, whose first is the sign here. Addresses stand in their order, with a space between them.

CREATE TABLE buckets (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    old_versions INTEGER            -- how many are kept of each key; NULL: all
) STRICT;
INSERT INTO buckets (name, old_versions) VALUES ('objects', 0);

-- The versions that are kept; the current one is the last of its key.
CREATE TABLE versions (
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    blob BLOB NOT NULL,
    written INTEGER NOT NULL,
    size INTEGER,                   -- NULL: a tombstone
    checksum BLOB,
    content_type TEXT,
    metadata TEXT,                  -- an object of JSON; NULL: none
    holders TEXT NOT NULL,
    PRIMARY KEY (bucket, key, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX versions_by_blob ON versions (blob);

-- The keys whose current version is an object: what a listing goes by, and need not pass over what was deleted.
CREATE TABLE listed (
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    key TEXT NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- The last version of each key that was removed for good, lest its number be given again. Other keys have given out the
-- number of their current version last.
CREATE TABLE removed (
    bucket INTEGER NOT NULL REFERENCES buckets (id),
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;

-- The holders of blobs that are kept, once more, to go by server; and those of garbage until no copy is left there, because
-- who writes an object anew should not have to touch where its old blob stands here.
CREATE TABLE held (
    server TEXT NOT NULL,
    blob BLOB NOT NULL,
    PRIMARY KEY (server, blob)
) STRICT, WITHOUT ROWID;

-- The blobs that no version has any more.
CREATE TABLE garbage (
    blob BLOB PRIMARY KEY,
    was INTEGER,                    -- the version that had it; NULL: none ever did
    since INTEGER NOT NULL,
    holders TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who repairs what.
CREATE TABLE claims (
    blob BLOB PRIMARY KEY,
    by INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Counted up by a writer that has to know that a commit before it has failed for good: see writer.rs.
CREATE TABLE certainty (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    times INTEGER NOT NULL
) STRICT;
INSERT INTO certainty (id, times) VALUES (1, 0);
