import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { CheckReport } from '../checks/report.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { changedAt } from '../process/file-age.ts';
import { readIfThere } from '../process/read-if-there.ts';
import type { Dependencies } from './dependencies.ts';

/** So many bases of a repository are remembered: their reports may be some megabytes. */
const MAX_BASELINES = 10;

const top = (home: string): string => path.join(home, 'cache', 'baselines');

export interface BaselineKey {
  repository: RepositoryRef;
  base: string;
  /** All commands, as the evidence names them. */
  command: string;
}

/** What the base's own settings say, its set-up among it, is part of the commit. */
export function baselinePath({ home }: Pick<Dependencies, 'home'>, { repository, base, command }: BaselineKey): string {
  const { forge, owner, name } = repository;
  const key = JSON.stringify([base, command]);
  const file = `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`;
  return path.join(top(home), forge, owner, name, file);
}

/** What these commands have said of the base, if this host has found out. */
export async function knownBaseline(deps: Pick<Dependencies, 'home'>, key: BaselineKey): Promise<CheckReport | undefined> {
  const text = await readIfThere(baselinePath(deps, key));
  return text === undefined ? undefined : (JSON.parse(text) as CheckReport);
}

/** Keeps what a check of the base said, at its `baselinePath`. */
export async function rememberBaseline(file: string, report: CheckReport): Promise<void> {
  await writeFileAtomic(file, JSON.stringify(report), { fsync: false });
  const folder = path.dirname(file);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const dated = await Promise.all(names.map(async (name) => ({ name, at: await changedAt(path.join(folder, name)) })));
  const old = dated.toSorted((a, b) => b.at - a.at).slice(MAX_BASELINES);
  // Without its lock a base may be checked twice, no more.
  for (const { name } of old) for (const each of [name, `${name}.lock`]) await rm(path.join(folder, each), { force: true });
}

/** Removes all of them; who needs one finds it out again. The folders stay: somebody may be about to write there. */
export async function forgetBaselines({ home, dryRun }: { home: string; dryRun: boolean }): Promise<{ entries: number; bytes: number }> {
  const all = await readdir(top(home), { recursive: true, withFileTypes: true }).catch(() => []);
  const reports = all
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => path.join(entry.parentPath, entry.name));
  const forgotten = { entries: reports.length, bytes: 0 };
  for (const report of reports) {
    forgotten.bytes += (await stat(report).catch(() => undefined))?.size ?? 0;
    if (!dryRun) await rm(report, { force: true });
  }
  return forgotten;
}
