-- Times are microseconds of Unix time; 0 is none. Flags are 0 or 1.

-- A session of a process. Its beat rises while it lives; no clock is compared.
CREATE TABLE popherd_node (
	id text PRIMARY KEY,
	beat bigint NOT NULL,
	seen bigint NOT NULL,  -- when it was raised, by the clock of the database; for people only
	serves bigint NOT NULL, -- whether it works whatever is due
	started bigint NOT NULL
);

CREATE TABLE popherd_job (
	name text PRIMARY KEY,
	settings text NOT NULL, -- schedule; when it changes, the past counts no more
	looked bigint NOT NULL, -- the last fire that was decided
	since bigint NOT NULL,  -- no fire before that one: new, changed, enabled
	disabled bigint NOT NULL DEFAULT 0 -- by a person
);

CREATE TABLE popherd_fire (
	job text NOT NULL,
	fire bigint NOT NULL,
	PRIMARY KEY (job, fire)
);

-- waiting (for due) -> queued (river is the ticket) -> running (on node) -> done
CREATE TABLE popherd_run (
	id {{identity}},
	job text NOT NULL,
	account text NOT NULL,
	fire bigint NOT NULL, -- 0: by hand
	state text NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'done')),
	river bigint,
	node text NOT NULL DEFAULT '',
	due bigint NOT NULL,
	created bigint NOT NULL,
	started bigint NOT NULL DEFAULT 0,
	finished bigint NOT NULL DEFAULT 0,
	attempt bigint NOT NULL DEFAULT 0,
	tries bigint NOT NULL DEFAULT 0,  -- attempts since a person last asked
	deaths bigint NOT NULL DEFAULT 0, -- of processes that were at it
	agains bigint NOT NULL DEFAULT 0, -- times in a row that it was not begun after all
	wish bigint NOT NULL DEFAULT 0,   -- 1 dry, 2 real, 0 what the job says
	dry bigint NOT NULL DEFAULT 0,    -- whether the last attempt was
	unknown bigint NOT NULL DEFAULT 0, -- when it was first looked at by who did not know its job
	cancel bigint NOT NULL DEFAULT 0, -- a person wants it to end
	outcome text NOT NULL DEFAULT '',
	class text NOT NULL DEFAULT '',
	message text NOT NULL DEFAULT '',
	messages bigint NOT NULL DEFAULT 0,
	deleted bigint NOT NULL DEFAULT 0,
	delivered bigint NOT NULL DEFAULT 0,
	kept bigint NOT NULL DEFAULT 0,
	report {{octets}} -- gzip
);

CREATE UNIQUE INDEX popherd_run_once ON popherd_run (job, account, fire) WHERE fire <> 0;
CREATE INDEX popherd_run_state ON popherd_run (job, state) WHERE state <> 'done';
CREATE INDEX popherd_run_due ON popherd_run (state, due) WHERE state <> 'done';
CREATE INDEX popherd_run_open ON popherd_run (job, account) WHERE state <> 'done';
CREATE INDEX popherd_run_river ON popherd_run (river) WHERE river IS NOT NULL;
CREATE INDEX popherd_run_job ON popherd_run (job, id);
CREATE INDEX popherd_run_ended ON popherd_run (job, id) WHERE state = 'done';
CREATE INDEX popherd_run_failed ON popherd_run (id) WHERE state = 'done' AND class <> 'done';
CREATE INDEX popherd_run_account ON popherd_run (account, id);
CREATE INDEX popherd_run_finished ON popherd_run (finished) WHERE state = 'done';

-- Who works a maildrop.
CREATE TABLE popherd_lease (
	maildrop text PRIMARY KEY,
	node text NOT NULL REFERENCES popherd_node (id) ON DELETE CASCADE,
	run bigint NOT NULL
);
CREATE INDEX popherd_lease_node ON popherd_lease (node);

-- When a server may be asked again (LOGIN-DELAY).
CREATE TABLE popherd_delay (
	maildrop text PRIMARY KEY,
	until bigint NOT NULL,
	length bigint NOT NULL
);

-- How a job stands with an account.
CREATE TABLE popherd_standing (
	job text NOT NULL,
	account text NOT NULL,
	failures bigint NOT NULL DEFAULT 0, -- in a row
	paused bigint NOT NULL DEFAULT 0,   -- since when; 0: it is not
	reason text NOT NULL DEFAULT '',
	digest text NOT NULL DEFAULT '',    -- of what ran dry, and the maildrop
	dry_upto bigint NOT NULL DEFAULT 0, -- runs above that id may be real
	PRIMARY KEY (job, account)
);
CREATE INDEX popherd_standing_ill ON popherd_standing (job, account) WHERE paused <> 0 OR failures <> 0;
