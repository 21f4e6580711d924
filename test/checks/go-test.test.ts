import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveInvocation } from '../../src/checks/invocation.ts';
import { goTest } from '../../src/checks/runners/go-test.ts';
import { project } from './project.ts';

const goWorks = spawnSync('go', ['version']).status === 0;
/** Its build cache is in the home folder: a new one costs a minute. */
const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' };

const MODULE = {
  'go.mod': 'module example.com/sums\n\ngo 1.20\n',
  'sum/sum.go': 'package sum\n\nfunc Add(a, b int) int { return a + b }\n',
};
const TESTS = `package sum

import "testing"

func TestAdds(t *testing.T) { t.Log("context"); if Add(1, 1) != 3 { t.Errorf("got %d", Add(1, 1)) } }
func TestFine(t *testing.T) {}
func TestLater(t *testing.T) { t.Skip("later") }
func TestTable(t *testing.T) {
	for _, name := range []string{"one", "it's $HOME (2/3)"} {
		t.Run(name, func(t *testing.T) { if name != "one" { t.Fatal("not one") } })
	}
}
`;

const invocationOf = (command: string) => resolveInvocation({ command, readFile: async () => undefined });

async function recorded(command = 'go test ./...') {
  const invocation = await invocationOf(command);
  const { reader } = goTest.request({ invocation, reportFile: '', env: {} }) ?? {};
  if (!reader) throw new Error('no reader');
  await using sample = await project(MODULE);
  const text = await readFile(join(import.meta.dirname, '../fixtures/go/events.jsonl'), 'utf8');
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => reader.read(line));
  return { report: await reader.report({ invocation, cwd: sample.path }), text: lines.filter((line) => line !== undefined).join('\n') };
}

describe('the events that go 1.26 wrote', () => {
  it('name each test, with its package, and packages that were not built', async () => {
    const { report } = await recorded();
    expect(report.partial).toBeUndefined();
    expect(report.results.map(({ name, passed, skipped }) => [name, passed ? 'passed' : skipped ? 'skipped' : 'failed'])).toEqual([
      ['example.com/sums/bad', 'failed'],
      ['example.com/sums/panics.TestFirst', 'passed'],
      ['example.com/sums/panics.TestPanics', 'failed'],
      ['example.com/sums/sum.TestAdds', 'failed'],
      ['example.com/sums/sum.TestFine', 'passed'],
      ['example.com/sums/sum.TestLater', 'skipped'],
      ['example.com/sums/sum.TestTable/one', 'passed'],
      [`example.com/sums/sum.TestTable/it's_$HOME_(2/3)`, 'failed'],
      ['example.com/sums/sum.FuzzIt/seed#0', 'failed'],
      ['example.com/sums/sum.ExampleAdd', 'failed'],
    ]);
  });

  it('tell where and why each failed, and what runs it alone', async () => {
    const { report } = await recorded('go test -race -run Sums -count 1 ./... -args -x');
    const failures = report.results.filter(({ error }) => error !== undefined);
    expect(failures).toMatchObject([
      { file: 'bad/bad_test.go', error: expect.stringContaining('undefined: undefined'), command: 'go test -race -count 1 ./bad' },
      { file: 'panics/p_test.go', error: expect.stringContaining('assignment to entry in nil map') },
      {
        file: 'sum/sum_test.go',
        error: expect.stringContaining('got 2, want 3'),
        command: `go test -race -count 1 -run '^TestAdds$' ./sum`,
      },
      { command: String.raw`go test -race -count 1 -run '^TestTable$/^it'\''s_\$HOME_\(2$/^3\)$' ./sum` },
      { command: `go test -race -count 1 -run '^FuzzIt$/^seed#0$' ./sum` },
      { error: expect.stringContaining('want:') },
    ]);
  });

  it('are text for people again', async () => {
    const { text } = await recorded();
    expect(text).toContain('--- FAIL: TestAdds (0.00s)\n');
    expect(text).toContain('FAIL\texample.com/sums/sum\t0.002s');
    expect(text).not.toMatch(/"Action"|=== RUN|--- PASS/);
  });

  it('need not be whole: a test that never ended has failed', async () => {
    const invocation = await invocationOf('go test ./...');
    const { reader } = goTest.request({ invocation, reportFile: '', env: {} }) ?? {};
    reader?.read('{"Action":"run","Package":"p","Test":"TestHangs"}');
    reader?.read('{"Action":"fail","Package":"p"}');
    reader?.read('{"Action":"pass"');
    expect((await reader?.report({ invocation, cwd: '/nowhere' }))?.results).toMatchObject([
      { name: 'p.TestHangs', passed: false, error: 'Did not end.' },
    ]);
  });
});

describe('go test', () => {
  it.each([
    ['go test ./...', 'go test -json ./...'],
    ['cd api && go test ./...', 'cd api && go test -json ./...'],
    ['go vet ./... && CGO_ENABLED=0 go test ./... -args -x', 'go vet ./... && CGO_ENABLED=0 go test -json ./... -args -x'],
    ['go test -json ./...', 'go test -json ./...'],
  ])('is asked for events in `%s`', async (command, asked) => {
    expect(goTest.request({ invocation: await invocationOf(command), reportFile: '', env: {} })?.command).toBe(asked);
  });

  it.each([
    'go test ./... | tee log',
    'go test ./... > log',
    'echo "go test" && make x',
    'go test $(go list ./...)',
    'go test ./... || true',
  ])('is left as it is in `%s`', async (command) => {
    expect(goTest.request({ invocation: await invocationOf(command), reportFile: '', env: {} })).toBeUndefined();
  });

  it.skipIf(!goWorks)('runs each failing test alone by its command (needs go)', async () => {
    await using sample = await project({ ...MODULE, 'sum/sum_test.go': TESTS });
    const result = await sample.check('go vet ./... && go test ./...', { env });
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 2, failed: 2, skipped: 1 }, truncated: false, notes: [] });
    expect(result.outputTail).toContain('--- FAIL: TestAdds');
    expect(result.outputTail).not.toContain('"Action"');
    expect(result.failures[0]).toMatchObject({ file: 'sum/sum_test.go', error: expect.stringContaining('got 2') });
    for (const { name, command } of result.failures) {
      const alone = await sample.check(command ?? '', { env });
      expect(alone.failures.map((failure) => failure.name)).toEqual([name]);
      expect(alone.counts).toMatchObject({ passed: 0, failed: 1 });
    }
  });

  it.skipIf(!goWorks)('names a package that cannot be built (needs go)', async () => {
    await using sample = await project({ ...MODULE, 'sum/sum_test.go': 'package sum\n\nfunc broken() { missing() }\n' });
    const { failures, exitCode } = await sample.check('go test ./...', { env });
    expect(exitCode).toBe(1);
    expect(failures).toMatchObject([
      { name: 'example.com/sums/sum', file: 'sum/sum_test.go', error: expect.stringContaining('missing'), command: 'go test ./sum' },
    ]);
  });

  it.skipIf(!goWorks)('says so where there are no tests (needs go)', async () => {
    await using sample = await project(MODULE);
    expect(await sample.check('go test ./...', { env })).toMatchObject({ passed: true, noTests: true, failures: [] });
  });
});
