import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveInvocation } from '../../src/checks/invocation.ts';
import type { TestReport } from '../../src/checks/runner.ts';
import { cargoTest } from '../../src/checks/runners/cargo-test.ts';
import { project } from './project.ts';

const cargoWorks = spawnSync('cargo', ['--version']).status === 0;
const HOME = process.env['HOME'] ?? '';
/** The toolchain is in the home folder. Nothing is fetched. */
const env = { PATH: process.env['PATH'] ?? '', HOME, CARGO_NET_OFFLINE: 'true', RUST_BACKTRACE: '0' };

const CRATE = {
  'Cargo.toml': '[package]\nname = "sums"\nversion = "0.1.0"\nedition = "2021"\n',
  'src/lib.rs': `pub fn add(a: i32, b: i32) -> i32 { a + b }

#[cfg(test)]
mod tests {
    #[test]
    fn adds() { assert_eq!(super::add(1, 1), 3); }
    #[test]
    fn adds_more() { println!("quiet"); }
    #[test]
    #[ignore = "later"]
    fn later() {}
}
`,
  'tests/whole.rs': '#[test]\nfn breaks() { panic!("whole"); }\n#[test]\nfn works() { assert_eq!(sums::add(2, 2), 4); }\n',
};

async function read(text: string, command = 'cargo test'): Promise<TestReport> {
  const invocation = await resolveInvocation({ command, readFile: async () => undefined });
  const { reader } = cargoTest.request({ invocation, reportFile: '', env: {} }) ?? {};
  if (!reader) throw new Error('no reader');
  for (const line of text.split('\n')) reader.read(line);
  return reader.report({ invocation, cwd: '/nowhere' });
}

const recorded = await readFile(join(import.meta.dirname, '../fixtures/cargo/output.txt'), 'utf8');

describe('what cargo 1.95 printed', () => {
  it('names each test, with its crate or file, and doc tests without their lines', async () => {
    const { results, partial } = await read(recorded);
    expect(partial).toBeUndefined();
    expect(
      results
        .map(({ name, passed, skipped }) => [name, passed ? 'passed' : skipped ? 'skipped' : 'failed'])
        .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    ).toEqual([
      ['sums::src/lib.rs - add', 'failed'],
      ['sums::tests::adds', 'failed'],
      ['sums::tests::is_fine', 'passed'],
      ['sums::tests::later', 'skipped'],
      ['sums::tests::result', 'failed'],
      ['sums::tests::should', 'failed'],
      ['whole::breaks', 'failed'],
      ['whole::works', 'passed'],
    ]);
  });

  it('tells why each failed, and what runs it alone', async () => {
    const { results } = await read(recorded, 'cargo +stable test --workspace --features a,b --lib -- --nocapture');
    const failures = results.filter(({ error }) => error !== undefined).toSorted((a, b) => a.name.localeCompare(b.name));
    const program = 'cargo +stable test --workspace --features a,b';
    expect(failures).toMatchObject([
      { file: 'src/lib.rs', error: expect.stringContaining('left: 2'), command: `${program} --doc -- 'src/lib.rs - add (line '` },
      { file: 'src/lib.rs', error: expect.stringContaining('sums'), command: `${program} --lib -- --exact tests::adds` },
      { error: expect.stringContaining('Error: "bad"'), command: `${program} --lib -- --exact tests::result` },
      { error: expect.stringContaining('did not panic as expected'), command: `${program} --lib -- --exact tests::should` },
      { file: 'tests/whole.rs', error: expect.stringContaining('whole'), command: `${program} --test whole -- --exact breaks` },
    ]);
  });

  it.each([
    ['it stopped at the first target that failed', recorded.split('     Running tests/whole.rs')[0] ?? ''],
    ['tests print into their lines', recorded.replace('test works ... ok', 'test works ... printed')],
  ])('is known not to be all where %s', async (_, text) => {
    expect((await read(text)).partial).toBe(true);
  });
});

describe('cargo test', () => {
  it.each([
    ['cargo test', 'exec 2>&1; cargo test --no-fail-fast'],
    [
      'cargo fmt --check && cargo test --all -- --nocapture',
      'exec 2>&1; cargo fmt --check && cargo test --no-fail-fast --all -- --nocapture',
    ],
    ['cargo test | tee log', 'exec 2>&1; cargo test | tee log'],
  ])('runs all targets and speaks in one stream in `%s`', async (command, asked) => {
    const invocation = await resolveInvocation({ command, readFile: async () => undefined });
    expect(cargoTest.request({ invocation, reportFile: '', env: {} })?.command).toBe(asked);
  });

  it.skipIf(!cargoWorks)('runs each failing test alone by its command (needs cargo)', async () => {
    await using sample = await project(CRATE);
    const result = await sample.check('cargo test', { env });
    expect(result).toMatchObject({
      passed: false,
      exitCode: 101,
      counts: { passed: 2, failed: 2, skipped: 1 },
      truncated: false,
      notes: [],
    });
    expect(result.failures.map(({ name, file }) => [name, file])).toEqual([
      ['sums::tests::adds', 'src/lib.rs'],
      ['whole::breaks', 'tests/whole.rs'],
    ]);
    for (const { name, command } of result.failures) {
      const alone = await sample.check(command ?? '', { env });
      expect(alone.failures.map((failure) => failure.name)).toEqual([name]);
      expect(alone.counts).toMatchObject({ passed: 0, failed: 1 });
    }
  });

  it.skipIf(!cargoWorks)('stands for itself where it does not compile (needs cargo)', async () => {
    await using sample = await project({ ...CRATE, 'src/lib.rs': 'pub fn add() -> i32 { missing }' });
    const result = await sample.check('cargo test', { env });
    expect(result).toMatchObject({
      passed: false,
      exitCode: 101,
      failures: [{ name: 'cargo test', error: expect.stringContaining('missing') }],
    });
  });

  it.skipIf(!cargoWorks)('says so where there are no tests (needs cargo)', async () => {
    await using sample = await project({ 'Cargo.toml': CRATE['Cargo.toml'], 'src/lib.rs': '' });
    expect(await sample.check('cargo test', { env })).toMatchObject({ passed: true, noTests: true, failures: [] });
  });
});
