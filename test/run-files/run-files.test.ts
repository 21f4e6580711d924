import { createHash } from 'node:crypto';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { exampleArtifact } from '../support/example-records.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const runId = '0123abcd';

async function freshRunFiles() {
  const folder = await temporaryDirectory();
  return {
    home: folder.path,
    files: createRunFiles({ home: folder.path }),
    read: (path: string) => readFile(join(folder.path, path), 'utf8'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

test('an artifact is written below the home and described for the ledger', async () => {
  await using fresh = await freshRunFiles();
  const text = '# Plan\n\nSummieren, dann runden — 🚚\n';
  const written = await fresh.files.writeArtifact({ runId, step: 2, kind: 'plan', name: 'plan.md', text });
  const sha256 = createHash('sha256').update(text).digest('hex');
  expect(written).toMatchObject({
    runId,
    step: 2,
    kind: 'plan',
    name: '002-plan.md',
    mediaType: 'text/markdown; charset=utf-8',
    bytes: Buffer.byteLength(text),
    sha256,
  });
  expect(written.hash).toBe(sha256.slice(0, 12));
  expect(written.path).toBe(`runs/0123abcd/artifacts/${written.id}-002-plan.md`);
  expect(await fresh.read(written.path)).toBe(text);
  expect(await fresh.files.readArtifact(written)).toBe(text);
});

test('writing again is the same artifact with the new content, and leaves no other file', async () => {
  await using fresh = await freshRunFiles();
  const place = { runId, step: 4, kind: 'test_report', name: 'tests.json' } as const;
  const first = await fresh.files.writeArtifact({ ...place, text: 'a' });
  const [second] = await Promise.all([1, 2, 3].map(() => fresh.files.writeArtifact({ ...place, text: 'b' })));
  expect(second).toMatchObject({ id: first.id, path: first.path });
  expect(second?.sha256).not.toBe(first.sha256);
  expect(await fresh.read(first.path)).toBe('b');
  expect(await readdir(join(fresh.files.directory(runId), 'artifacts'))).toEqual([`${first.id}-004-tests.json`]);
});

test('artifacts of other steps, kinds, names and runs are others', async () => {
  await using fresh = await freshRunFiles();
  const place = { runId, step: 1, kind: 'other', name: 'x', text: '' } as const;
  const variants = [
    place,
    { ...place, step: 2 },
    { ...place, kind: 'log' as const },
    { ...place, name: 'y' },
    { ...place, runId: '0123abce' },
  ];
  const written = await Promise.all(variants.map((variant) => fresh.files.writeArtifact(variant)));
  expect(new Set(written.map(({ id }) => id)).size).toBe(variants.length);
  expect(new Set(written.map(({ path }) => path)).size).toBe(variants.length);
});

test.each(['../../../etc/passwd', '..', '.hidden', 'a/b', 'test "1"', 'test "2"', 'ü', 'x'.repeat(300), ''])(
  'a name like %j stays in its folder and its own',
  async (name) => {
    await using fresh = await freshRunFiles();
    const written = await fresh.files.writeArtifact({ runId, kind: 'other', name, text: name });
    expect(written.path).toMatch(/^runs\/0123abcd\/artifacts\/[0-9a-f]{20}-[0-9a-f]{8}-[A-Za-z0-9._-]*$/);
    const other = await fresh.files.writeArtifact({ runId, kind: 'other', name: `${name}?`, text: '' });
    expect(other.path).not.toBe(written.path);
  },
);

test.each(['..', '', 'a/b', 'a'.repeat(65)])('%j is no run id', async (bad) => {
  await using fresh = await freshRunFiles();
  expect(() => fresh.files.directory(bad)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  expect(await readdir(fresh.home)).toEqual([]);
});

test('a file that is gone, and one that was changed, are told apart from a good one', async () => {
  await using fresh = await freshRunFiles();
  const written = await fresh.files.writeArtifact({ runId, kind: 'plan', name: 'plan.md', text: 'good' });
  await writeFile(fresh.files.absolute(written.path), 'changed');
  await expect(fresh.files.readArtifact(written)).rejects.toMatchObject({
    code: 'earlier_work_missing',
    message: expect.stringContaining('has been changed'),
  });
  await rm(fresh.files.absolute(written.path));
  await expect(fresh.files.readArtifact(written)).rejects.toMatchObject({
    code: 'earlier_work_missing',
    message: expect.stringContaining('is gone'),
  });
});

test.each(['../outside', '/etc/passwd', '.', 'runs/../..'])('%j leads out of the home and is refused', async (path) => {
  await using fresh = await freshRunFiles();
  expect(() => fresh.files.absolute(path)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  await expect(fresh.files.readArtifact({ ...exampleArtifact, path })).rejects.toMatchObject({ code: 'invalid_input' });
});

test('a transcript that was streamed to its path is described as it is on disk', async () => {
  await using fresh = await freshRunFiles();
  const place = { runId, phase: 'implement', step: 3, sessionId: 's', kind: 'transcript', name: 'implement.jsonl' } as const;
  await writeFile(fresh.files.artifactPath(place), '{}\n'.repeat(100_000));
  const described = await fresh.files.describeArtifact(place);
  expect(described).toMatchObject({ ...place, name: '003-implement.jsonl', mediaType: 'application/x-ndjson', bytes: 300_000 });
  expect(fresh.files.absolute(described.path)).toBe(fresh.files.artifactPath(place));
  expect(await fresh.files.readArtifact(described)).toHaveLength(300_000);
});

test('the log is readable text: one entry after the other, nothing that steers a terminal', async () => {
  await using fresh = await freshRunFiles();
  const at = '2026-11-20T10:00:00.000Z';
  const forged = { message: '\u001b[31mred\u001b[0m\u0007\r\n2026-01-01T00:00:00.000Z forged\n', at };
  await fresh.files.appendLog({ runId, lines: [{ message: 'plan: started', at }, forged] });
  expect(await fresh.read('runs/0123abcd/log.txt')).toBe(
    '2026-11-20T10:00:00.000Z plan: started\n2026-11-20T10:00:00.000Z red\n    2026-01-01T00:00:00.000Z forged\n',
  );
});

test('many log lines at once are all kept whole', async () => {
  await using fresh = await freshRunFiles();
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index} ${'x'.repeat(500)}`);
  const at = new Date().toISOString();
  await Promise.all(lines.map((message) => fresh.files.appendLog({ runId, lines: [{ message, at }] })));
  const text = await fresh.read('runs/0123abcd/log.txt');
  const kept = text
    .trimEnd()
    .split('\n')
    .map((line) => line.slice('2026-11-20T10:00:00.000Z '.length));
  expect(kept.toSorted()).toEqual(lines.toSorted());
});

test('the trace is written as JSON', async () => {
  await using fresh = await freshRunFiles();
  const trace = { runId, status: 'completed', totals: { costUsd: 1, tokens: 2, durationMs: 3 }, phases: [], sessions: [] } as const;
  await fresh.files.writeTrace({ runId, trace: { ...trace, phases: [], sessions: [] } });
  expect(JSON.parse(await fresh.read('runs/0123abcd/trace.json'))).toEqual(trace);
});
