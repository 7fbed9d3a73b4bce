-- Version 2: copies can be retired, and garbage is told and forgotten by whether copies of it are noted.

-- Where copies of a blob that is kept are to be removed, and do not count any more. None of them is in `holders`.
ALTER TABLE lode.blobs ADD COLUMN retired TEXT[] COLLATE "C" NOT NULL DEFAULT '{}';

CREATE INDEX blobs_by_retired ON lode.blobs USING gin (retired) WHERE garbage_since IS NULL AND retired <> '{}';

-- All garbage is in one of these two, in the order in which it is gone through.
CREATE INDEX blobs_garbage_with_copies ON lode.blobs (blob) WHERE garbage_since IS NOT NULL AND holders <> '{}';
CREATE INDEX blobs_garbage_without_copies ON lode.blobs (garbage_since, blob)
    WHERE garbage_since IS NOT NULL AND holders = '{}';
DROP INDEX lode.blobs_garbage;

-- The runs of API servers whose uploads belong to this catalog; the 64 bits of each taken for a signed number.
CREATE TABLE lode.uploaders (uploader BIGINT PRIMARY KEY);
