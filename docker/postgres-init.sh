#!/bin/sh
# Run once, by the postgres image, on an empty volume: databases and a user for Temporal, and for Belay's ledger a database whose owner makes
# the tables, with a user that reads and writes rows. Temporal and the ledger know nothing of each other.
set -eu

make() { # user, file of its password, databases
  user=$1 secret=$2
  shift 2
  psql --set=ON_ERROR_STOP=1 --set=user="$user" --set=password="$(cat "$secret")" --dbname=postgres <<'SQL'
create role :"user" login password :'password';
SQL
  for database; do
    psql --set=ON_ERROR_STOP=1 --set=user="$user" --set=database="$database" --dbname=postgres <<'SQL'
create database :"database" owner :"user";
revoke all on database :"database" from public;
SQL
  done
}

export PGUSER="${POSTGRES_USER:-postgres}"
make temporal /run/secrets/temporal_database_password temporal temporal_visibility
make belay_owner /run/secrets/ledger_owner_password belay
# Rights on the tables come with them: the service `migrate`.
make belay /run/secrets/ledger_database_password
psql --set=ON_ERROR_STOP=1 --dbname=postgres --command='grant connect on database belay to belay'
