/** Catalogs whose rows change only with the schema. Those of pg_class also change when rows are written. */
const catalogs = [
  ...['pg_attribute WHERE attrelid >= 16384', 'pg_attrdef', 'pg_constraint WHERE oid >= 16384', 'pg_inherits'],
  ...['pg_type WHERE oid >= 16384', 'pg_enum', 'pg_proc WHERE oid >= 16384', 'pg_rewrite WHERE oid >= 16384'],
  ...['pg_trigger', 'pg_event_trigger', 'pg_policy', 'pg_sequence', 'pg_namespace', 'pg_extension'],
  ...['pg_description WHERE objoid >= 16384', 'pg_default_acl', 'pg_publication', 'pg_publication_rel'],
  ...['pg_statistic_ext', 'pg_foreign_server', 'pg_cast', 'pg_operator', 'pg_collation'],
];

/**
 * Functions in a test database that save its state after migrations and seed, and restore it:
 * one round trip for both. A copy of the database has them too, and its object identifiers and transaction numbers are the same.
 *
 * Which tables have been written since is read from their size where they were empty, and elsewhere from the number of their rows and the
 * newest transaction that has written one. What tests change of the schema is noticed by the rows of the catalogs.
 */
export const stateSql = `
CREATE SCHEMA nest_migrate_testing;
CREATE TABLE nest_migrate_testing.tables (id oid PRIMARY KEY, name text, columns text, rows bigint, newest bigint);
CREATE TABLE nest_migrate_testing.sequences (id oid PRIMARY KEY, last bigint, is_called boolean);
CREATE TABLE nest_migrate_testing.views (id oid PRIMARY KEY, name text, file oid, rows bigint, newest bigint);
CREATE TABLE nest_migrate_testing.catalogs (state text);

CREATE FUNCTION nest_migrate_testing.catalogs_now() RETURNS text LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT concat_ws(' ',
    (SELECT count(*) || '/' || sum(hashtextextended(concat_ws(' ', oid, relname, relnamespace, relowner, relacl, relrowsecurity, relforcerowsecurity, relreplident, reloptions), 0))
      FROM pg_class WHERE oid >= 16384),
    (SELECT count(*) || '/' || max(oid) FROM pg_largeobject_metadata),
    (SELECT string_agg(setrole || ' ' || setconfig::text, ' ' ORDER BY setrole) FROM pg_db_role_setting
      WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())),
    ${catalogs.map((from) => `(SELECT count(*) || '/' || max(xmin::text::bigint) FROM ${from})`).join(',\n    ')})
$$;

CREATE FUNCTION nest_migrate_testing.remember() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  r record;
  found_rows bigint;
  found_newest bigint;
BEGIN
  FOR r IN SELECT id FROM nest_migrate_testing.tables WHERE rows > 0 LOOP
    EXECUTE format('DROP TABLE nest_migrate_testing.%I', 'rows_' || r.id);
  END LOOP;
  DELETE FROM nest_migrate_testing.tables;
  DELETE FROM nest_migrate_testing.sequences;
  DELETE FROM nest_migrate_testing.views;
  DELETE FROM nest_migrate_testing.catalogs;
  FOR r IN
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind, c.relispopulated,
      (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '') AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'S') AND c.relpersistence <> 't'
      AND n.nspname <> ALL (ARRAY['pg_catalog', 'information_schema', 'pg_toast', 'nest_migrate_testing'])
  LOOP
    found_rows := NULL;
    IF r.relkind = 'S' THEN
      EXECUTE format('INSERT INTO nest_migrate_testing.sequences SELECT %s, last_value, is_called FROM %s', r.oid, r.name);
      CONTINUE;
    END IF;
    IF r.relispopulated THEN
      EXECUTE format('SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM ONLY %s', r.name) INTO found_rows, found_newest;
    END IF;
    IF r.relkind = 'm' THEN
      INSERT INTO nest_migrate_testing.views VALUES (r.oid, r.name, pg_relation_filenode(r.oid), found_rows, found_newest);
      CONTINUE;
    END IF;
    INSERT INTO nest_migrate_testing.tables VALUES (r.oid, r.name, coalesce(r.columns, ''), found_rows, found_newest);
    IF found_rows > 0 THEN
      EXECUTE format('CREATE TABLE nest_migrate_testing.%I AS SELECT * FROM ONLY %s', 'rows_' || r.oid, r.name);
    END IF;
  END LOOP;
  INSERT INTO nest_migrate_testing.catalogs SELECT nest_migrate_testing.catalogs_now();
END
$$;

CREATE FUNCTION nest_migrate_testing.reset() RETURNS text LANGUAGE plpgsql SET search_path = pg_catalog SET lock_timeout = '5s' AS $$
DECLARE
  r record;
  found_rows bigint;
  found_newest bigint;
BEGIN
  IF (SELECT state FROM nest_migrate_testing.catalogs) <> nest_migrate_testing.catalogs_now() THEN
    RETURN 'the schema was changed';
  END IF;
  BEGIN
    -- Neither triggers nor foreign keys see what follows: they have seen all of it before.
    PERFORM set_config('session_replication_role', 'replica', true);
  EXCEPTION WHEN insufficient_privilege THEN
    RETURN 'the role is no superuser';
  END;
  FOR r IN SELECT * FROM nest_migrate_testing.tables WHERE rows > 0 OR pg_relation_size(id) > 0 LOOP
    IF r.rows = 0 THEN
      EXECUTE 'DELETE FROM ONLY ' || r.name;
      CONTINUE;
    END IF;
    EXECUTE format('SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM ONLY %s', r.name) INTO found_rows, found_newest;
    CONTINUE WHEN found_rows = r.rows AND found_newest = r.newest;
    EXECUTE 'DELETE FROM ONLY ' || r.name;
    EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM nest_migrate_testing.%I', r.name, r.columns, 'rows_' || r.id);
    UPDATE nest_migrate_testing.tables SET newest = pg_current_xact_id()::xid::text::bigint WHERE id = r.id;
  END LOOP;
  PERFORM setval(id::regclass, last, is_called) FROM nest_migrate_testing.sequences
    WHERE pg_sequence_last_value(id) IS DISTINCT FROM CASE WHEN is_called THEN last END;
  FOR r IN SELECT v.*, c.relispopulated FROM nest_migrate_testing.views v JOIN pg_class c ON c.oid = v.id ORDER BY v.id LOOP
    found_rows := NULL;
    IF r.relispopulated THEN
      EXECUTE format('SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM %s', r.name) INTO found_rows, found_newest;
    END IF;
    CONTINUE WHEN pg_relation_filenode(r.id) = r.file AND found_rows IS NOT DISTINCT FROM r.rows AND found_newest IS NOT DISTINCT FROM r.newest;
    EXECUTE format('REFRESH MATERIALIZED VIEW %s %s', r.name, CASE WHEN r.rows IS NULL THEN 'WITH NO DATA' END);
    UPDATE nest_migrate_testing.views SET file = pg_relation_filenode(id), newest = pg_current_xact_id()::xid::text::bigint WHERE id = r.id;
  END LOOP;
  PERFORM set_config('session_replication_role', 'origin', true);
  RETURN NULL;
END
$$;
`;
