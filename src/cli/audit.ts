import { plainLine } from '../contracts/text.ts';
import type { AuditRecord } from '../contracts/service-records.ts';
import type { ReaderContext } from './reader-context.ts';
import { EXIT } from './terminal.ts';

/** `belay audit list`: the newest entries last, as in a log. */
export async function auditList(
  { ledger, terminal }: ReaderContext,
  { run, limit, json }: { run?: string; limit: number; json: boolean },
): Promise<number> {
  const newest = await ledger.listAudit({ limit, descending: true, ...(run === undefined ? {} : { runId: await idOf(ledger, run) }) });
  const entries = newest.toReversed();
  if (json) terminal.out(JSON.stringify(entries, undefined, 2));
  else terminal.out(entries.length === 0 ? 'Nothing has been done that is kept in the audit.' : entries.map(line).join('\n'));
  return EXIT.ok;
}

/** A run that has been deleted is in the audit still, by its whole id. */
async function idOf(ledger: ReaderContext['ledger'], id: string): Promise<string> {
  return (await ledger.isDeletedRun(id)) ? id : (await ledger.getRun(id)).id;
}

function line({ id, at, actor, role, source, address, action, target, runId, detail }: AuditRecord): string {
  const who = `${actor} (${role}, ${[source, address].filter(Boolean).join(' ')})`;
  const what = [action, runId, target, detail && JSON.stringify(detail)].filter(Boolean).join(' ');
  return plainLine(`${id}  ${at}  ${who}  ${what}`, 300);
}

/** `belay audit verify`. */
export async function auditVerify({ ledger, terminal }: ReaderContext, { json }: { json: boolean }): Promise<number> {
  const verdict = await ledger.verifyAudit();
  const { entries, brokenAt, head } = verdict;
  if (json) terminal.out(JSON.stringify(verdict, undefined, 2));
  else if (brokenAt !== undefined) terminal.out(`The audit is broken at entry ${brokenAt}: it was changed or taken out, or one before it.`);
  else terminal.out(`${entries} entries, unbroken.${head === undefined ? '' : ` The newest hash is ${head}.`}`);
  return brokenAt === undefined ? EXIT.ok : EXIT.failed;
}
