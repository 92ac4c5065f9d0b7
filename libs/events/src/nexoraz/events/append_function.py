"""The one hot statement of the store, as a database function: one round trip for a whole batch."""

APPEND_LOCK = 7265001
"""The advisory lock that makes positions the commit order; the function spells it out."""

APPEND_FUNCTION_V1 = """
CREATE OR REPLACE FUNCTION nexoraz_append(
    ids uuid[], streams text[], versions int[], types text[], accounts text[],
    times timestamptz[], bodies text[], causes text[], traces text[])
RETURNS TABLE (ordinal bigint, place bigint) LANGUAGE plpgsql VOLATILE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    -- Taken last in its transaction and held until the commit: positions are the commit order.
    PERFORM pg_advisory_xact_lock(7265001);
    -- Statements of their own, hence fresh snapshots: they see every tombstone committed before the lock was free.
    IF cardinality(ids) = 1 THEN  -- the usual case, in half the time
        IF accounts[1] = '' OR NOT EXISTS (SELECT 1 FROM erased_accounts e WHERE e.account_id = accounts[1]) THEN
            RETURN QUERY
            INSERT INTO events (id, stream, version, type, account_id, occurred_at, data, causation_id, traceparent)
            VALUES (ids[1], streams[1], versions[1], types[1], accounts[1], times[1], bodies[1]::jsonb, causes[1],
                traces[1])
            ON CONFLICT (stream, version) DO NOTHING
            RETURNING 1::bigint, position;
        END IF;
        RETURN;
    END IF;
    RETURN QUERY
    WITH batch AS (
        SELECT * FROM unnest(ids, streams, versions, types, accounts, times, bodies, causes, traces)
            WITH ORDINALITY
            AS b(id, stream, version, type, account_id, occurred_at, data, causation_id, traceparent, n)
    ), stored AS (
        INSERT INTO events (id, stream, version, type, account_id, occurred_at, data, causation_id, traceparent)
        SELECT b.id, b.stream, b.version, b.type, b.account_id, b.occurred_at, b.data::jsonb, b.causation_id,
            b.traceparent
        FROM batch b
        WHERE b.account_id = '' OR NOT EXISTS (SELECT 1 FROM erased_accounts e WHERE e.account_id = b.account_id)
        ORDER BY b.n
        ON CONFLICT (stream, version) DO NOTHING
        RETURNING id, position
    )
    SELECT b.n, s.position FROM stored s JOIN batch b ON b.id = s.id;
END $$
"""
"""Stores a batch; a row that conflicts, or belongs to an erased account, is left out of the answer and does not fail
its neighbours. One plan for all batches: planning for the length of each takes longer than storing it. A version never
changes once a released migration has used it."""
