-- Copies that do not count any more and are to be removed. They stand in `held` as well, as those in `holders` do.
ALTER TABLE versions ADD COLUMN retired TEXT NOT NULL DEFAULT '';

-- The garbage of which copies are noted, in the order of the ids; and that of which none is, the oldest first. All garbage
-- is in one of the two.
CREATE INDEX garbage_with_copies ON garbage (blob) WHERE holders <> '';
CREATE INDEX garbage_without_copies ON garbage (since, blob) WHERE holders = '';

-- The runs of API servers whose uploads belong to this catalog.
CREATE TABLE uploaders (
    uploader INTEGER PRIMARY KEY
) STRICT;
