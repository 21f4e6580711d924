import { databaseUrl, manyDays } from './config-values.ts';
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
  BELAY_DATABASE_OWNER_URL: optional(databaseUrl, {
    group: 'Database',
    description:
      'The same Postgres with the user that owns its tables, for `belay ledger migrate` and `belay ledger grant` alone; BELAY_DATABASE_URL where nothing says so. Workers and the API do not need it.',
    example: 'postgres://belay_owner:secret@db.example.com/belay',
    secret: true,
  }),
  BELAY_KEEP_LOGS_DAYS: optional(manyDays, {
    group: 'Database',
    description: "How long a run's log is kept after it has closed. Unset: for ever.",
    example: '180',
  }),
  BELAY_KEEP_ARTIFACTS_DAYS: optional(manyDays, {
    group: 'Database',
    description: 'How long plans, prompts, answers, evidence and other files of a run are kept after it has closed. Unset: for ever.',
    example: '365',
  }),
  BELAY_KEEP_AUDIT_DAYS: optional(manyDays, {
    group: 'Database',
    description: 'How long it is kept who did what. Unset: for ever.',
    example: '2555',
  }),
};
