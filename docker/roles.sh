#!/bin/sh
# Run once, by the image of PostgreSQL, when it makes the database. seven_owner has the tables and
# migrates them; seven_web serves pages and does background work, and may change neither tables nor
# history (manage.py grant). For a database of before: docs/GUIDE.md, "Roles of the database".
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv database POSTGRES_DB
\getenv owner_password SEVEN_OWNER_PASSWORD
\getenv web_password SEVEN_WEB_PASSWORD
CREATE ROLE seven_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE seven_web LOGIN PASSWORD :'web_password';
ALTER DATABASE :"database" OWNER TO seven_owner;
SQL
