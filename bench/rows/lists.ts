import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RunPageQuery } from '../../src/contracts/service-records.ts';
import { RUN_SORTS } from '../../src/contracts/service-records.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Bench } from '../measure.ts';
import { quantile, timed } from '../measure.ts';
import { benchRun } from '../run-view.ts';

const [FEW, MANY] = [1000, 100_000];
const PAGES = 3000;
const AT_MOST = 1.3;
const LIMIT = 20;
/** What people ask for: each with every order, and each of the first pages. */
const FILTERS: Partial<RunPageQuery>[] = [
  {},
  { status: 'completed' },
  { status: ['failed', 'parked'] },
  { pipeline: 'plan' },
  { repository: 'acme/r1' },
  { repositories: ['acme/r2', 'acme/r3', 'acme/r4'] },
  { triggeredBy: 'ada' },
  { repository: 'acme/r1', status: 'completed' },
];

/** A page of runs, of few and of many. */
export const lists: Bench = async ({ folder }) => {
  await using few = await filled(join(folder, 'few.db'), FEW);
  await using many = await filled(join(folder, 'many.db'), MANY);
  const [ofFew, ofMany]: [number[], number[]] = [[], []];
  for (let index = -100; index < PAGES; index++) {
    const query = queryOf(Math.abs(index));
    const [one, other] = [await timed(() => few.pageRuns(query)), await timed(() => many.pageRuns(query))];
    // The first are not counted: statements are prepared, and code is made fast.
    if (index < 0) continue;
    ofFew.push(one);
    ofMany.push(other);
  }
  return [0.5, 0.99].map((at) => {
    const [before, now] = [quantile(ofFew, at), quantile(ofMany, at)];
    return {
      measure: `a page of ${LIMIT} runs, of ${MANY.toLocaleString('en')}, SQLite, p${at * 100}`,
      against: `of ${FEW.toLocaleString('en')}`,
      baseline: `${before.toFixed(2)} ms`,
      subject: `${now.toFixed(2)} ms`,
      result: `${(now / before).toFixed(2)}x`,
      range: `max ${Math.max(...ofFew).toFixed(1)}, ${Math.max(...ofMany).toFixed(1)} ms`,
      goal: at === 0.99 ? `≤ ${AT_MOST}x` : 'report',
      met: at !== 0.99 || now / before <= AT_MOST,
    };
  });
};

function queryOf(index: number): RunPageQuery {
  const filter = FILTERS[index % FILTERS.length] ?? {};
  const sort = RUN_SORTS[Math.floor(index / FILTERS.length) % RUN_SORTS.length] ?? 'createdAt';
  return { ...filter, sort, descending: index % 5 !== 0, page: 1 + (index % 2), limit: LIMIT };
}

async function filled(path: string, count: number): Promise<Ledger> {
  const ledger = await openLedger({ path });
  const first = benchRun(0);
  await ledger.recordRun(first);
  {
    using database = new DatabaseSync(path);
    database.exec('begin');
    for (let index = 0; index < 20; index++)
      database.prepare('insert or ignore into repositories values (?, ?)').run(`acme/r${index}`, first.createdAt);
    for (const name of ['sdlc', 'plan'])
      database.prepare("insert or ignore into pipelines values (?, 'built-in', ?)").run(name, first.createdAt);
    const insert = database.prepare(
      `insert into runs (id, is_stub, workflow_id, pipeline, status, repository, issue_key, cost_usd, triggered_by, view_version, created_at, updated_at, view)
       values (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    for (let index = 1; index < count; index++) {
      const { id, workflowId, pipeline, status, repository, issue, costUsd, triggeredBy, version, createdAt, ...view } = benchRun(index);
      const whole = JSON.stringify({
        id,
        workflowId,
        pipeline,
        status,
        repository,
        issue,
        costUsd,
        triggeredBy,
        version,
        createdAt,
        ...view,
      });
      insert.run(
        id,
        workflowId,
        pipeline,
        status,
        repository,
        issue?.key ?? null,
        costUsd,
        triggeredBy,
        version,
        createdAt,
        createdAt,
        whole,
      );
    }
    database.exec('commit');
  }
  return ledger;
}
