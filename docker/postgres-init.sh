#!/bin/sh
# Run once, by the postgres image, on an empty volume: a database and a user each for Temporal and for Belay's ledger, which know nothing
# of each other.
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
make belay /run/secrets/ledger_database_password belay
