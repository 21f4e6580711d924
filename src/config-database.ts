import { databaseUrl, path } from './config-values.ts';
import { optional } from './config-variable.ts';

/** Where what happened is kept, and for how long. */
export const databaseVariables = {
  BELAY_DATABASE_URL: optional(databaseUrl, {
    group: 'Database',
    description:
      'The database of what happened: a Postgres (15 or newer) for a team, or an SQLite file; `ledger.db` in BELAY_HOME where nothing says so.',
    example: 'postgres://belay:secret@db.example.com/belay',
    secret: true,
  }),
  BELAY_DATABASE_URL_FILE: optional(path, {
    group: 'Database',
    description: 'A file that holds BELAY_DATABASE_URL, as secrets are given to containers.',
    example: '/run/secrets/belay-database',
  }),
};
