-- name: logins
-- Attributes of these logins, and whether each may connect to the database.
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,
  has_database_privilege(oid, current_database(), 'CONNECT') AS may_connect
FROM pg_roles WHERE rolname = ANY(:logins);

-- name: server
-- Which server, database and system's addresses the session is of.
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
  current_database() AS database, pg_backend_pid() AS pid, inet_server_addr() IS NULL AS over_a_socket,
  pg_is_in_recovery() AS is_standby;

-- name: reaching
-- Every privilege on the database, our schemas and what is in the registry that reaches a login, and through whom.
WITH thing AS (
  SELECT 'DATABASE' AS kind, '' AS name, '' AS part, coalesce(datacl, acldefault('d', datdba)) AS acl
  FROM pg_database WHERE datname = current_database()
  UNION ALL
  SELECT 'SCHEMA', nspname::text, '', coalesce(nspacl, acldefault('n', nspowner))
  FROM pg_namespace WHERE nspname = ANY(:schemas)
  UNION ALL
  SELECT 'TABLE', 'modelops.' || relname, '', coalesce(relacl, acldefault('r', relowner))
  FROM pg_class WHERE relnamespace = to_regnamespace('modelops') AND relkind IN ('r', 'p', 'v', 'm')
  UNION ALL
  SELECT 'TABLE', 'modelops.' || relname, attname::text, attacl
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
  WHERE relnamespace = to_regnamespace('modelops') AND attacl IS NOT NULL
  UNION ALL
  SELECT 'FUNCTION', 'modelops.' || proname, '', coalesce(proacl, acldefault('f', proowner))
  FROM pg_proc WHERE pronamespace = to_regnamespace('modelops')
)
SELECT kind, name, privilege_type AS privilege, part,
  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee)::text END AS grantee
FROM thing, aclexplode(acl)
WHERE grantee = 0 OR pg_has_role(:login, grantee, 'USAGE');

-- name: things
-- The tables, views and functions that the registry has.
SELECT 'modelops.' || relname AS name FROM pg_class
WHERE relnamespace = to_regnamespace('modelops') AND relkind IN ('r', 'p', 'v', 'm')
UNION
SELECT 'modelops.' || proname FROM pg_proc WHERE pronamespace = to_regnamespace('modelops');

-- name: memberships
-- The roles of this list that a login is a member of, each with the role that was granted to it.
SELECT reached.rolname::text AS reached, granted.rolname::text AS granted
FROM pg_auth_members AS member
JOIN pg_roles AS granted ON granted.oid = member.roleid
JOIN pg_roles AS reached ON reached.rolname = ANY(:roles) AND pg_has_role(granted.oid, reached.oid, 'MEMBER')
WHERE member.member = to_regrole(:login)
ORDER BY 1, 2;

-- name: strangers
-- Our schemas, and what is in the registry, that belong to somebody else.
SELECT 'SCHEMA' AS kind, nspname::text AS schema, NULL AS name, pg_get_userbyid(nspowner)::text AS owner
FROM pg_namespace WHERE nspname = ANY(:schemas) AND nspowner <> to_regrole(:owner)
UNION ALL
SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, 'modelops', relname::text, pg_get_userbyid(relowner)::text
FROM pg_class
WHERE relnamespace = to_regnamespace('modelops') AND relkind IN ('r', 'p', 'v') AND relowner <> to_regrole(:owner)
ORDER BY 1, 2, 3;

-- name: missing_schemas
-- Those of our schemas that there aren't.
SELECT name FROM unnest(:schemas::text[]) AS name WHERE to_regnamespace(quote_ident(name)) IS NULL;

-- name: extensions
-- Whether an extension is installed.
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = :name) AS is_installed;

-- name: settings
-- What settings are in the session, which those of its login and database make.
SELECT name, current_setting(name) AS value FROM unnest(:names::text[]) AS name;
