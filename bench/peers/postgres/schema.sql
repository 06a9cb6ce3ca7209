-- The contract of a hold in PostgreSQL: four tables that own something, one that says what happened, and one index
-- a sweeper. Times are milliseconds of the server's clock. `hold.sql` and `assign_next.sql` are the verbs.

CREATE TABLE pools (
    pool text PRIMARY KEY,
    tariff text NOT NULL,
    next_tariff text,
    next_from_ms bigint,
    opens_at_ms bigint NOT NULL DEFAULT 0,
    paused boolean NOT NULL DEFAULT false,
    holds_stopped boolean NOT NULL DEFAULT false,
    hold_ms bigint NOT NULL DEFAULT 900000,
    live_holds_max integer NOT NULL DEFAULT 3,
    cooldown_ms bigint NOT NULL DEFAULT 600000,
    retention_ms bigint NOT NULL DEFAULT 86400000,
    trimmed bigint NOT NULL DEFAULT 0,
    feed_backlog_max bigint NOT NULL DEFAULT 1000000
);

CREATE TABLE requests (
    caller text NOT NULL,
    request_id text NOT NULL,
    digest text NOT NULL,
    answer text,
    forget_ms bigint NOT NULL,
    PRIMARY KEY (caller, request_id)
);
CREATE INDEX ON requests (forget_ms);

-- A mark that somebody wanted, or that is offered: `free`, `held` or `allotted`. Half-filled pages let a row be
-- updated beside itself.
CREATE TABLE marks (
    pool text NOT NULL,
    ordinal integer NOT NULL,
    state text NOT NULL,
    caller text,
    request_id text,
    revision bigint,
    held_at_ms bigint,
    deadline_ms bigint,
    applicant text,
    key_id smallint,
    office text,
    channel text,
    tariff text,
    amount_tiyn bigint,
    acquired text,
    PRIMARY KEY (pool, ordinal)
) WITH (fillfactor = 50);
CREATE INDEX permits ON marks (applicant, deadline_ms) WHERE state = 'held';
CREATE INDEX due_holds ON marks (deadline_ms) WHERE state = 'held';

CREATE TABLE planes (pool text, plane text, ordinal integer, PRIMARY KEY (pool, ordinal, plane));

CREATE TABLE cooldowns (
    applicant text,
    pool text,
    ordinal integer,
    until_ms bigint NOT NULL,
    PRIMARY KEY (applicant, pool, ordinal)
);
CREATE INDEX ON cooldowns (until_ms);

CREATE TABLE journal (
    revision bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    at_ms bigint NOT NULL,
    verb text NOT NULL,
    pool text NOT NULL,
    ordinal integer NOT NULL,
    digest text,
    caller text,
    request_id text,
    deadline_ms bigint,
    applicant text,
    key_id smallint,
    office text,
    channel text,
    tariff text,
    amount_tiyn bigint,
    acquired text
);

CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- What a request was answered before: null where it is new, or was refused for the moment only.
CREATE FUNCTION known_answer(a_caller text, a_request text, a_digest text, now_ms bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    known record;
BEGIN
    SELECT digest, answer INTO known FROM requests
    WHERE caller = a_caller AND request_id = a_request AND forget_ms > now_ms;
    IF FOUND AND known.digest <> a_digest THEN
        RETURN 'request_id_reused|0|' || now_ms || '|0|0';
    END IF;
    RETURN CASE WHEN FOUND THEN known.answer END;
END $$;

-- Keeps an answer, or only that the request id was used for this, and gives the answer.
CREATE FUNCTION keep(
    a_caller text, a_request text, a_digest text, told text, lasting boolean, forget bigint
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO requests VALUES (a_caller, a_request, a_digest, CASE WHEN lasting THEN told END, forget)
    ON CONFLICT (caller, request_id) DO UPDATE
    SET digest = excluded.digest, answer = excluded.answer, forget_ms = excluded.forget_ms;
    RETURN told;
END $$;

-- Why nothing can be held in a pool at this moment, whatever the mark: null where nothing stands in the way.
CREATE FUNCTION gate(terms pools, now_ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN terms.paused THEN 'pool_paused'
        WHEN terms.holds_stopped THEN 'holds_stopped'
        WHEN now_ms < terms.opens_at_ms THEN 'not_open'
    END
$$;

CREATE FUNCTION tariff_in_force(terms pools, now_ms bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN now_ms >= terms.next_from_ms THEN terms.next_tariff ELSE terms.tariff END
$$;
