-- A database as version 1 wrote it. Never change this file.

CREATE TABLE account (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	seen INTEGER NOT NULL DEFAULT 0 -- messages with an id up to this one have been through a run that committed
) STRICT;

-- Ids are never used again: "seen" and the plans of old runs count on it.
CREATE TABLE message (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	account    INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
	uid        TEXT,                        -- unique-id; NULL where the content stands for it
	octets     INTEGER NOT NULL,
	checksum   INTEGER NOT NULL,            -- CRC-32 of uid and octets: which message it is must not be wrong unnoticed
	digest     BLOB,                        -- SHA-256 of the octets, once known
	apart      INTEGER NOT NULL DEFAULT 0,  -- 1: only its digest tells it from an earlier message
	doubtful   INTEGER NOT NULL DEFAULT 0,  -- 1: was gone and is back; its digest must be compared
	first_seen INTEGER NOT NULL,
	gone       INTEGER,                     -- when it was found or made to be gone
	delivered  TEXT NOT NULL DEFAULT '',    -- names of targets, a line end after each
	wanted     INTEGER,                     -- the run that wanted it deleted
	failures   INTEGER NOT NULL DEFAULT 0,  -- runs in a row
	failed     INTEGER NOT NULL DEFAULT 0,  -- the last of them
	failure    TEXT NOT NULL DEFAULT ''     -- why
) STRICT;
CREATE INDEX message_live ON message (account) WHERE gone IS NULL;
CREATE INDEX message_gone ON message (account, uid) WHERE gone IS NOT NULL;
CREATE INDEX message_content ON message (account, digest) WHERE uid IS NULL;
CREATE INDEX message_wanted ON message (account) WHERE wanted IS NOT NULL;

CREATE TABLE run (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
	script  TEXT NOT NULL,
	started INTEGER NOT NULL,
	ended   INTEGER,                        -- NULL: it goes on, or was cut off
	outcome TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'planned', 'committed', 'aborted', 'unknown')),
	why     TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX run_account ON run (account);

-- message names a row that may have been purged since.
CREATE TABLE plan (
	run      INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
	number   INTEGER NOT NULL,
	message  INTEGER NOT NULL,
	uid      BLOB NOT NULL, -- as it came, like all that follows from servers and messages
	octets   INTEGER NOT NULL,
	decision TEXT NOT NULL,
	target   TEXT NOT NULL,
	reason   BLOB NOT NULL,
	rule     BLOB NOT NULL,
	evidence BLOB NOT NULL,
	subject  BLOB NOT NULL,
	sender   BLOB NOT NULL,
	PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_uid ON plan (uid);

-- Backups outlive runs, messages and accounts, so that each stands alone.
CREATE TABLE backup (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	account TEXT NOT NULL,
	run     INTEGER NOT NULL,
	uid     BLOB NOT NULL,
	octets  INTEGER NOT NULL,
	digest  BLOB NOT NULL,
	file    TEXT NOT NULL,
	made    INTEGER NOT NULL
) STRICT;
CREATE INDEX backup_run ON backup (run);
CREATE INDEX backup_uid ON backup (uid);

CREATE TABLE value (
	account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,
	name    BLOB NOT NULL,
	value   BLOB NOT NULL,
	expires INTEGER, -- NULL: never
	PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

INSERT INTO account (id, name, seen) VALUES (1, 'anna@pop.example.org', 2);
INSERT INTO message (id, account, uid, octets, checksum, digest, first_seen, delivered) VALUES (1, 1, 'a1', 100, 2923067112, x'01', 1767225600000, 'box' || char(10));
INSERT INTO message (id, account, uid, octets, checksum, first_seen, wanted) VALUES (2, 1, 'a2', 200, 1222092270, 1767225600000, 1);
INSERT INTO message (id, account, uid, octets, checksum, first_seen, failures, failed, failure) VALUES (3, 1, 'a3', 300, 3788547725, 1767225600000, 2, 1, 'refused');
INSERT INTO run (id, account, script, started) VALUES (1, 1, 'old.lua', 1767225600000);
INSERT INTO plan VALUES (1, 2, 2, x'6132', 200, 'delete', '', x'6f6c64', x'', x'', x'4869', x'');
INSERT INTO backup VALUES (1, 'anna@pop.example.org', 1, x'6132', 200, zeroblob(32), '2026/a2.eml', 1767225600000);
INSERT INTO value VALUES (1, x'6e', x'3432', NULL);
PRAGMA application_id = 1886351464;
PRAGMA user_version = 1;
