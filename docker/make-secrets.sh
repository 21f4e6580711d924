#!/bin/sh
# Makes the files of docker-compose.yml's secrets, those that are missing: passwords by chance, tokens and keys from the environment, else
# from .env as `belay setup` writes it. What is not known becomes an empty file, which is the same as unset.
set -eu
cd "$(dirname "$0")/.."

# Only their owner gets into the folder; the files are mounted into containers whose users are others.
mkdir -p secrets
chmod 700 secrets
umask 022

setting() {
  value=$(printenv "$1" || true)
  if [ -z "$value" ] && [ -f .env ]; then
    # Its values are words, or stand in single quotes.
    value=$(sed -n "s/^$1=//p" .env | tail -n 1 | sed "s/^'\(.*\)'\$/\1/")
  fi
  printf %s "$value"
}

random() {
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

keep() { # file, text
  if [ -s "secrets/$1" ]; then
    echo "secrets/$1: kept"
  else
    printf %s "$2" >"secrets/$1"
    if [ -n "$2" ]; then echo "secrets/$1: written"; else echo "secrets/$1: empty"; fi
  fi
}

keep postgres_password "$(random)"
keep temporal_database_password "$(random)"
keep ledger_owner_password "$(random)"
keep ledger_owner_url "postgres://belay_owner:$(cat secrets/ledger_owner_password)@postgres/belay"
keep ledger_database_password "$(random)"
keep ledger_database_url "postgres://belay:$(cat secrets/ledger_database_password)@postgres/belay"
keep aws_access_key_id "$(setting AWS_ACCESS_KEY_ID)"
keep aws_secret_access_key "$(setting AWS_SECRET_ACCESS_KEY)"
keep aws_session_token "$(setting AWS_SESSION_TOKEN)"
keep anthropic_api_key "$(setting ANTHROPIC_API_KEY)"
keep claude_code_oauth_token "$(setting CLAUDE_CODE_OAUTH_TOKEN)"
keep github_token "$(setting GITHUB_TOKEN)"
keep github_app_private_key "$(setting GITHUB_APP_PRIVATE_KEY)"
given=$(setting GITHUB_WEBHOOK_SECRET)
keep github_webhook_secret "${given:-$(random)}"
keep github_webhook_secret_previous "$(setting GITHUB_WEBHOOK_SECRET_PREVIOUS)"
keep notify_url "$(setting BELAY_NOTIFY_URL)"
keep notify_secret "$(setting BELAY_NOTIFY_SECRET)"
