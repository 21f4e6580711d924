import { declareSuites } from './suites.ts';

/** What a ledger does, on SQLite. */
await declareSuites();
