import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunView } from '../../src/contracts/run-view.ts';
import { localTarget } from '../../src/temporal/connection.ts';
import { startTestApi } from '../support/api.ts';
import { startBelay } from '../support/belay.ts';
import { eventually } from '../support/eventually.ts';
import { startPostgres } from '../support/postgres.ts';
import { startS3Server } from '../support/s3-server.ts';

const SAY = 'echo "run=$BELAY_RUN_ID phase=$BELAY_PHASE step=$BELAY_STEP"';

interface Listed {
  name: string;
  phase?: string;
  step?: number;
  session?: string;
  download: string;
}

test('an API on another host starts a run, and has all that it left: by the database and the store, with no folder in common', async () => {
  await using postgres = await startPostgres();
  await using server = await startS3Server();
  const settings = {
    BELAY_DATABASE_URL: await postgres.createDatabase('belay'),
    BELAY_PHASES_OFF: 'review,document',
    ...server.env,
  };
  await using belay = await startBelay(settings);
  // The agent leaves what it knows in a file, the tests and the set-up in their output.
  const implement = [{ say: 'Wrote it down.', write: { 'notes.md': 'written down\n' }, run: `${SAY} > ids.txt` }];
  const project = await belay.project({
    script: { implement },
    files: { '.belay.yml': 'setup: sh say.sh\ntest: sh say.sh\n', 'say.sh': `${SAY}\n` },
  });
  await using api = await startTestApi({
    settings: { ...settings, BELAY_SCRIPT: join(dirname(project.path), 'script.yml') },
    target: () => Promise.resolve(localTarget(belay.address)),
  });
  const get = async <T>(path: string): Promise<T> => (await api.call('GET', path)).json as T;
  const textOf = async (path: string): Promise<string> => {
    const { status, text } = await api.call('GET', path);
    expect(status, text).toBe(200);
    return text;
  };

  const started = await api.call('POST', '/api/runs', { body: { repository: project.path, request: 'Write it down' } });
  expect(started.status, started.text).toBe(202);
  const { id } = started.json as RunView;
  await eventually(async () => expect(await get(`/api/runs/${id}`)).toMatchObject({ status: 'completed', outcome: 'pull_request' }));

  expect(await eventually(() => textOf(`/api/runs/${id}/plan`))).toContain('# Plan');
  const diff = await eventually(() => textOf(`/api/runs/${id}/diff`));
  expect(diff).toContain('+written down');
  expect(await get(`/api/runs/${id}/trace`)).toMatchObject({ runId: id, status: 'completed' });
  expect(await textOf(`/api/runs/${id}/logs/download`)).toContain('sh say.sh: passed');
  const { items } = await get<{ items: Listed[] }>(`/api/runs/${id}/artifacts?limit=200`);
  for (const { download } of items) await eventually(() => textOf(download));
  expect(await readdir(join(api.home, 'runs', id)).catch(() => [])).toEqual([]);

  const answer = items.find(({ name }) => /^\d+-implement\.md$/.test(name));
  const { items: steps } = await get<{ items: { number: number; sessions: { sessionId: string }[] }[] }>(`/api/runs/${id}/steps`);
  const sessions = steps.find(({ number }) => number === answer?.step)?.sessions.map(({ sessionId }) => sessionId);
  expect([answer?.phase, sessions]).toEqual(['implement', [answer?.session]]);

  expect(diff).toContain(`+run=${id} phase=implement step=${answer?.step}\n`);
  const tests = items.find(({ name }) => name.endsWith('-run-tests.log'));
  expect(await textOf(tests?.download ?? '')).toContain(`run=${id} phase=test step=${tests?.step}\n`);
  const setup = items.find(({ name }) => name === 'setup.log');
  expect(await textOf(setup?.download ?? '')).toContain(`run=${id} phase= step=\n`);
  const part = await api.call('GET', tests?.download ?? '', { headers: { range: 'bytes=0-3' } });
  expect(part).toMatchObject({ status: 206, text: 'run=' });

  expect((await server.keys()).length).toBeGreaterThan(items.length / 2);
  expect(await api.call('DELETE', `/api/runs/${id}`)).toMatchObject({ status: 204 });
  await eventually(async () => expect(await server.keys()).toEqual([]));
});
