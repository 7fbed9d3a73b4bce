-- The schema `lode`, version 1. Text is compared by its bytes. Times are milliseconds since 1970 by this server's clock.

CREATE TABLE lode.buckets (
    bucket TEXT COLLATE "C" PRIMARY KEY,
    -- How many old versions are kept besides the current one; NULL for all.
    retention BIGINT
);

INSERT INTO lode.buckets (bucket, retention) VALUES ('objects', 0);

-- A row stays for ever once its key was written, so that no version number is given twice.
CREATE TABLE lode.keys (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    bucket TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    -- The last version number that was given out.
    last BIGINT NOT NULL,
    -- Counts the changes of this row and of the versions of this key.
    revision BIGINT NOT NULL,
    -- Whether the current version is an object.
    listed BOOLEAN NOT NULL,
    UNIQUE (bucket, key)
) WITH (fillfactor = 85);

CREATE INDEX keys_listed ON lode.keys (bucket, key) WHERE listed;

CREATE TABLE lode.versions (
    key_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    blob TEXT COLLATE "C" NOT NULL,
    written BIGINT NOT NULL,
    -- NULL, as all that follows, for a tombstone.
    size_bytes BIGINT,
    checksum BYTEA,
    content_type TEXT COLLATE "C",
    metadata_names TEXT[] COLLATE "C",
    metadata_values TEXT[] COLLATE "C",
    PRIMARY KEY (key_id, version)
);

-- Kept (version and no garbage_since), gone (both), or condemned (garbage_since alone).
CREATE TABLE lode.blobs (
    blob TEXT COLLATE "C" PRIMARY KEY,
    key_id BIGINT,
    version BIGINT,
    garbage_since BIGINT,
    holders TEXT[] COLLATE "C" NOT NULL DEFAULT '{}',
    -- Who repairs it, and until when; an incarnation, its 64 bits taken for a signed number.
    claimed_by BIGINT,
    claimed_until BIGINT
) WITH (fillfactor = 85);

CREATE INDEX blobs_by_holder ON lode.blobs USING gin (holders) WHERE garbage_since IS NULL;
CREATE INDEX blobs_garbage ON lode.blobs (blob) WHERE garbage_since IS NOT NULL;

CREATE FUNCTION lode.now_millis() RETURNS BIGINT LANGUAGE sql VOLATILE PARALLEL SAFE
    AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;
