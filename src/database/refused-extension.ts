/** Roles of cloud providers that may install some extensions which otherwise require a superuser. */
const managed = `('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'alloydbsuperuser')`;

/**
 * A query that returns a row if the current role cannot install the extension `$1`, and `isAbsent` if the server does not have it; none if the
 * extension is installed.
 */
export const refusedExtension = `SELECT asked.name, current_user AS role, v.name IS NULL AS "isAbsent"
  FROM (SELECT $1::text AS name) AS asked
  LEFT JOIN LATERAL (
    SELECT a.name, bool_or(NOT v.superuser OR v.trusted AND has_database_privilege(current_database(), 'CREATE')) AS "mayCreate"
    FROM pg_available_extensions a JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
    WHERE a.name = asked.name GROUP BY 1
  ) AS v ON true
  WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = $1)
    AND (v.name IS NULL OR NOT v."mayCreate" AND NOT EXISTS (SELECT FROM pg_roles
      WHERE rolname = current_user AND rolsuper OR rolname IN ${managed} AND pg_has_role(oid, 'MEMBER')))`;
