"""The one hot statement of the store, as a database function: one round trip for a whole batch."""

APPEND_LOCK = 7265001
"""The advisory lock that makes positions the commit order; the function spells it out."""

APPEND_FUNCTION_V1 = """
CREATE OR REPLACE FUNCTION nexoraz_append(
    ids uuid[], streams text[], versions int[], types text[], accounts text[],
    times timestamptz[], bodies text[], causes text[], traces text[])
RETURNS TABLE (ordinal bigint, place bigint) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- Taken last in its transaction and held until the commit: positions are the commit order.
    PERFORM pg_advisory_xact_lock(7265001);
    -- A statement of its own, hence a fresh snapshot: it sees every tombstone committed before the lock was free.
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
its neighbours. A version never changes once a migration has used it."""
