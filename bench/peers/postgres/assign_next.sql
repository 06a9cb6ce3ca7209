-- assign_next: reserves the first of some marks that is free, for one applicant, once a request.
--
-- Reply      outcome|revision|server ms|deadline ms|ordinal
-- Outcomes   request_id_reused, pool_unknown, limit_reached, pool_paused, holds_stopped, not_open, tariff_changed,
--            none_left, held
--
-- The marks on offer have a row each. FOR UPDATE SKIP LOCKED passes over a mark that somebody is just taking.
CREATE FUNCTION assign_next(
    a_pool text, a_caller text, a_request text, a_digest text, a_ordinals integer[], a_applicant text,
    a_key smallint, a_office text, a_channel text, a_tariff text, a_amount bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint;
    told text;
    terms pools;
    permits integer;
    outcome text;
    lasting boolean := false;
    until_ms bigint;
    number bigint;
    found_ordinal integer;
BEGIN
    PERFORM pg_advisory_xact_lock(1, hashtext(a_caller || a_request)),
            pg_advisory_xact_lock(2, hashtext(a_applicant));
    now_ms := now_ms();
    told := known_answer(a_caller, a_request, a_digest, now_ms);
    IF told IS NOT NULL THEN
        RETURN told;
    END IF;

    SELECT * INTO terms FROM pools WHERE pool = a_pool;
    IF NOT FOUND THEN
        RETURN 'pool_unknown|0|' || now_ms || '|0|0';
    END IF;
    SELECT count(*) INTO permits FROM marks
    WHERE applicant = a_applicant AND state = 'held' AND deadline_ms > now_ms;
    IF permits >= terms.live_holds_max THEN
        outcome := 'limit_reached'; lasting := true;
    ELSIF gate(terms, now_ms) IS NOT NULL THEN
        outcome := gate(terms, now_ms);
    ELSIF a_tariff <> tariff_in_force(terms, now_ms) THEN
        outcome := 'tariff_changed';
    ELSE
        SELECT m.ordinal INTO found_ordinal
        FROM unnest(a_ordinals) WITH ORDINALITY AS offered (ordinal, place)
        JOIN marks m ON m.pool = a_pool AND m.ordinal = offered.ordinal
        WHERE (m.state = 'free' OR (m.state = 'held' AND m.deadline_ms <= now_ms))
          AND NOT EXISTS (SELECT FROM planes p WHERE p.pool = a_pool AND p.ordinal = m.ordinal)
          AND NOT EXISTS (
              SELECT FROM cooldowns c
              WHERE c.applicant = a_applicant AND c.pool = a_pool AND c.ordinal = m.ordinal AND c.until_ms > now_ms
          )
        ORDER BY offered.place LIMIT 1 FOR UPDATE OF m SKIP LOCKED;
        IF NOT FOUND THEN
            outcome := 'none_left'; lasting := true;
        END IF;
    END IF;
    IF outcome IS NOT NULL THEN
        told := outcome || '|0|' || now_ms || '|0|0';
        RETURN keep(a_caller, a_request, a_digest, told, lasting, now_ms + terms.retention_ms);
    END IF;

    until_ms := now_ms + terms.hold_ms;
    IF now_ms < terms.next_from_ms THEN
        until_ms := least(until_ms, terms.next_from_ms);
    END IF;
    INSERT INTO journal (
        at_ms, verb, pool, ordinal, digest, caller, request_id, deadline_ms, applicant, key_id, office, channel,
        tariff, amount_tiyn, acquired
    ) VALUES (
        now_ms, 'assign_next', a_pool, found_ordinal, a_digest, a_caller, a_request, until_ms, a_applicant, a_key,
        a_office, a_channel, a_tariff, a_amount, 'assigned'
    ) RETURNING revision INTO number;
    UPDATE marks SET
        state = 'held', caller = a_caller, request_id = a_request, revision = number, held_at_ms = now_ms,
        deadline_ms = until_ms, applicant = a_applicant, key_id = a_key, office = a_office, channel = a_channel,
        tariff = a_tariff, amount_tiyn = a_amount, acquired = 'assigned'
    WHERE pool = a_pool AND ordinal = found_ordinal;
    told := 'held|' || number || '|' || now_ms || '|' || until_ms || '|' || found_ordinal;
    RETURN keep(a_caller, a_request, a_digest, told, true, until_ms + terms.retention_ms);
END $$;
