"""What is asked of Postgres's own tables.

`SNAPSHOT` misses nothing, but every transaction that wrote anywhere in the cluster counts as a change.

`CHANGES` reads, of each table that a query names and of those behind views and partitions, the counters of inserted,
updated and deleted rows, the file that holds the rows (``TRUNCATE`` and ``VACUUM FULL`` replace it) and the state of
its definition. Postgres adds to the counters up to ten seconds after a commit, where one session writes again and
again. It tells nothing of foreign tables, of what functions read, and of tables whose statistics are switched off.
"""

TABLES = """
SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(c.oid, 'SELECT')
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY NOT pg_table_is_visible(c.oid), 1
"""
COLUMNS = """
SELECT attname::text AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
ENUMS = "SELECT typname::text AS name, 'unnamed<oid:' || oid || '>' AS unnamed FROM pg_type WHERE typtype = 'e'"
CHANGES = """
WITH RECURSIVE named AS (SELECT to_regclass(name)::oid AS oid FROM unnest($1) AS t(name)),
reached AS (
    SELECT oid FROM named
    UNION
    SELECT below.oid FROM reached CROSS JOIN LATERAL (
        SELECT inhrelid AS oid FROM pg_inherits WHERE inhparent = reached.oid
        UNION ALL
        SELECT d.refobjid FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
        WHERE r.ev_class = reached.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> reached.oid
    ) AS below
)
SELECT reached.oid::bigint AS oid, CASE WHEN relkind <> 'f' THEN c.xmin::text END AS definition,
       relfilenode::bigint AS file,
       pg_stat_get_tuples_inserted(c.oid) AS inserted, pg_stat_get_tuples_updated(c.oid) AS updated,
       pg_stat_get_tuples_deleted(c.oid) AS deleted
FROM reached LEFT JOIN pg_class c ON c.oid = reached.oid ORDER BY 1
"""
SNAPSHOT = "SELECT pg_current_snapshot()::text AS snapshot"
