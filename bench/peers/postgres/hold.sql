-- hold: reserves a chosen mark for one applicant, once a request, and writes down what happened.
--
-- Reply      outcome|revision|server ms|deadline ms|ms from which asking again may help
-- Outcomes   those of `peers/hold.lua`, in its order
--
-- Whoever has the same request id or the same applicant waits: limits and answers are exact. Whoever wants the same
-- mark meets in INSERT ... ON CONFLICT, where one wins.
CREATE FUNCTION hold(
    a_pool text, a_caller text, a_request text, a_digest text, a_ordinal integer, a_applicant text,
    a_key smallint, a_office text, a_channel text, a_tariff text, a_amount bigint
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint;
    told text;
    terms pools;
    seen record;
    outcome text;
    lasting boolean := true;
    retry_ms bigint := 0;
    until_ms bigint;
    number bigint := 0;
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
    SELECT
        (SELECT array_agg(deadline_ms ORDER BY deadline_ms) FROM marks
         WHERE applicant = a_applicant AND state = 'held' AND deadline_ms > now_ms) AS permits,
        (SELECT array_agg(plane) FROM planes WHERE pool = a_pool AND ordinal = a_ordinal) AS planes,
        (SELECT c.until_ms FROM cooldowns c
         WHERE applicant = a_applicant AND pool = a_pool AND ordinal = a_ordinal AND c.until_ms > now_ms) AS cool_ms,
        m.state, m.applicant, m.deadline_ms, m.caller, m.request_id
    INTO seen FROM (VALUES (1)) AS one LEFT JOIN marks m ON m.pool = a_pool AND m.ordinal = a_ordinal;

    IF coalesce(array_length(seen.permits, 1), 0) >= terms.live_holds_max THEN
        outcome := 'limit_reached'; retry_ms := seen.permits[1];
    ELSIF gate(terms, now_ms) IS NOT NULL THEN
        outcome := gate(terms, now_ms); lasting := false;
    ELSIF 'withheld' = ANY (seen.planes) THEN
        outcome := 'mark_withheld';
    ELSIF 'issued' = ANY (seen.planes) THEN
        outcome := 'mark_issued';
    ELSIF seen.state = 'allotted' THEN
        outcome := 'mark_allotted';
    ELSIF seen.state = 'held' AND seen.deadline_ms > now_ms THEN
        outcome := CASE WHEN seen.applicant = a_applicant THEN 'held_by_you' ELSE 'held_by_another' END;
        retry_ms := seen.deadline_ms;
    ELSIF seen.cool_ms IS NOT NULL OR (seen.state = 'held' AND seen.applicant = a_applicant) THEN
        outcome := 'cooling_down'; retry_ms := coalesce(seen.cool_ms, now_ms + terms.cooldown_ms);
    ELSIF a_tariff <> tariff_in_force(terms, now_ms) THEN
        outcome := 'tariff_changed'; lasting := false;
    END IF;
    IF outcome IS NOT NULL THEN
        told := outcome || '|0|' || now_ms || '|0|' || retry_ms;
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
        now_ms, 'hold', a_pool, a_ordinal, a_digest, a_caller, a_request, until_ms, a_applicant, a_key, a_office,
        a_channel, a_tariff, a_amount, 'chosen'
    ) RETURNING revision INTO number;
    INSERT INTO marks VALUES (
        a_pool, a_ordinal, 'held', a_caller, a_request, number, now_ms, until_ms, a_applicant, a_key, a_office,
        a_channel, a_tariff, a_amount, 'chosen'
    )
    ON CONFLICT (pool, ordinal) DO UPDATE SET
        state = 'held', caller = excluded.caller, request_id = excluded.request_id, revision = excluded.revision,
        held_at_ms = excluded.held_at_ms, deadline_ms = excluded.deadline_ms, applicant = excluded.applicant,
        key_id = excluded.key_id, office = excluded.office, channel = excluded.channel, tariff = excluded.tariff,
        amount_tiyn = excluded.amount_tiyn, acquired = excluded.acquired
    WHERE marks.state = 'free' OR (marks.state = 'held' AND marks.deadline_ms <= excluded.held_at_ms);
    IF NOT FOUND THEN
        -- Somebody was quicker since this looked.
        DELETE FROM journal WHERE revision = number;
        told := 'held_by_another|0|' || now_ms || '|0|0';
        RETURN keep(a_caller, a_request, a_digest, told, true, now_ms + terms.retention_ms);
    END IF;
    IF seen.state = 'held' THEN
        -- Its time was over, and the sweeper was not here yet: it expired in passing.
        INSERT INTO journal (at_ms, verb, pool, ordinal, caller, request_id)
        VALUES (now_ms, 'expire', a_pool, a_ordinal, seen.caller, seen.request_id);
        INSERT INTO cooldowns VALUES (seen.applicant, a_pool, a_ordinal, now_ms + terms.cooldown_ms)
        ON CONFLICT (applicant, pool, ordinal) DO UPDATE SET until_ms = excluded.until_ms;
    END IF;
    told := 'held|' || number || '|' || now_ms || '|' || until_ms || '|0';
    RETURN keep(a_caller, a_request, a_digest, told, true, until_ms + terms.retention_ms);
END $$;
