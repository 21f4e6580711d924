import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { columnTypes } from './column-types.ts';

/** Artifacts say what they are called, what they hold, and by which session and in which phase they came. */
export async function describeArtifacts(db: Kysely<unknown>): Promise<void> {
  const { text } = columnTypes(db);
  const added = { phase: sql`null`, session_id: sql`null`, name: sql`''`, media_type: sql`'application/octet-stream'` };
  for (const [column, fallback] of Object.entries(added)) {
    const isOptional = column === 'phase' || column === 'session_id';
    await db.schema
      .alterTable('artifacts')
      .addColumn(column, text, (each) => (isOptional ? each : each.notNull().defaultTo(fallback)))
      .execute();
  }
  // Both databases: what is left of a path without everything up to its last slash.
  await sql`update artifacts set name = replace(path, rtrim(path, replace(path, '/', '')), '')`.execute(db);
  await sql`
    update artifacts set phase = (
      select phase from steps where steps.run_id = artifacts.run_id and steps.number = artifacts.step
    ) where step is not null`.execute(db);
}
