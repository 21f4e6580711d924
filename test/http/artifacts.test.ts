import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';

const ID = '0123abcd';
const at = (minute: number): string => `2026-11-20T10:${String(minute).padStart(2, '0')}:00.000Z`;
const resources = new AsyncDisposableStack();
let api: TestApi;

beforeAll(async () => {
  api = resources.use(await startTestApi());
  await api.ledger.recordRun(exampleRun());
  const left = { runId: ID, phase: 'plan', step: 1, sessionId: 's', kind: 'plan', name: 'plan.md' } as const;
  await api.ledger.recordArtifact(await createRunFiles({ home: api.home }).writeArtifact({ ...left, text: '# Plan\n' }));
});
afterAll(() => resources.disposeAsync());

const read = async (path: string): Promise<unknown> => (await api.call('GET', path)).json;

describe('the files of a run', () => {
  const unknown = { runId: ID, kind: 'other', name: 'x', mediaType: 'text/html', bytes: 6, sha256: '', createdAt: at(1) } as const;
  const download = (id: string) => api.call('GET', `/api/artifacts/${id}/download`);

  it('are listed by type, step and phase, and downloaded as they are', async () => {
    const { items } = (await read(`/api/runs/${ID}/artifacts?type=plan&phase=plan&step=1`)) as {
      items: { id: string; name: string; download: string }[];
    };
    expect(items).toMatchObject([
      { name: '001-plan.md', type: 'plan', phase: 'plan', step: 1, session: 's', bytes: 7, mediaType: 'text/markdown; charset=utf-8' },
    ]);
    const file = await api.call('GET', items[0]?.download ?? '');
    expect(file.text).toBe('# Plan\n');
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="001-plan.md"');
    expect(file.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
    expect(file.headers.get('content-length')).toBe('7');
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await read(`/api/runs/${ID}/artifacts?phase=review`)).toMatchObject({ items: [], total: 0 });
    const token = await api.token('viewer', { repositories: ['acme/other'] });
    const hidden = await api.call('GET', items[0]?.download ?? '', { token });
    expect(hidden).toMatchObject({ status: 404, json: { detail: `There is no artifact ${items[0]?.id}.` } });
  });

  it('are sent in part where a part is asked for', async () => {
    const { items } = (await read(`/api/runs/${ID}/artifacts?type=plan`)) as { items: { download: string }[] };
    const part = async (range: string, more = {}) => {
      const { status, text, headers } = await api.call('GET', items[0]?.download ?? '', { headers: { range, ...more } });
      return [status, status === 416 ? '' : text, headers.get('content-range')];
    };
    expect(await part('bytes=2-3')).toEqual([206, 'Pl', 'bytes 2-3/7']);
    expect(await part('bytes=4-')).toEqual([206, 'an\n', 'bytes 4-6/7']);
    expect(await part('bytes=-3')).toEqual([206, 'an\n', 'bytes 4-6/7']);
    expect(await part('bytes=0-99')).toEqual([206, '# Plan\n', 'bytes 0-6/7']);
    expect(await part('bytes=7-')).toEqual([416, '', 'bytes */7']);
    for (const whole of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=3-1', 'bytes=-', 'x'])
      expect(await part(whole), whole).toEqual([200, '# Plan\n', null]);
    expect(await part('bytes=2-3', { 'if-range': '"x"' })).toEqual([200, '# Plan\n', null]);
    const head = await fetch(`${api.url}${items[0]?.download}`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${await api.token('viewer')}` },
    });
    expect([head.status, head.headers.get('content-length'), head.headers.get('accept-ranges')]).toEqual([200, '7', 'bytes']);
  });

  it('cannot lead out of its folder, whatever a record or a link says', async () => {
    const secret = join(api.home, 'secret.txt');
    await writeFile(secret, 'secret');
    const folder = join(api.home, 'runs', ID, 'artifacts');
    await mkdir(folder, { recursive: true });
    await symlink(secret, join(folder, 'link'));
    await symlink(api.home, join(folder, 'home'));
    const other = createRunFiles({ home: api.home });
    const { path } = await other.writeArtifact({ runId: '0000aaae', kind: 'other', name: 'x', text: 'secret' });
    const paths = [
      'secret.txt',
      '../secret.txt',
      '/etc/passwd',
      `runs/${ID}/artifacts/link`,
      `runs/${ID}/artifacts/home/secret.txt`,
      `runs/${ID}/artifacts`,
      `runs/${ID}/log.txt`,
      path,
      `runs/${ID}/../../secret.txt`,
    ];
    await other.appendLog({ runId: ID, lines: [{ message: 'secret"', at: at(1) }] });
    for (const [index, path] of paths.entries()) {
      const id = `${index}`.padStart(20, '0');
      await api.ledger.recordArtifact({ ...unknown, id, path });
      const { status, text } = await download(id);
      expect([404, 409], path).toContain(status);
      expect(text).not.toMatch(/secret"|root:/);
    }
  });

  it('that are gone are told to be', async () => {
    const id = 'f'.repeat(20);
    await api.ledger.recordArtifact({ ...unknown, id, path: `runs/${ID}/artifacts/gone` });
    expect(await download(id)).toMatchObject({ status: 409, json: { code: 'earlier_work_missing' } });
  });
});
