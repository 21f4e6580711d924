import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { project } from './project.ts';

const works = (...args: string[]): boolean => spawnSync('python3', args).status === 0;

const UNITTEST = `
import unittest

class Sums(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(1 + 1, 3)

    def test_many(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 0)

    def test_fine(self):
        pass

    @unittest.skip('later')
    def test_later(self):
        pass
`;

describe.skipIf(!works('--version'))('unittest (needs python3)', () => {
  it('names failing tests of its text, each with a command that runs it alone', async () => {
    await using sample = await project({
      'tests/__init__.py': '',
      'tests/test_sums.py': UNITTEST,
      'tests/test_broken.py': 'import nowhere\n',
    });
    const result = await sample.check('python3 -m unittest');
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 0, failed: 4, skipped: 1 } });
    expect(result.failures).toMatchObject([
      { name: 'tests.test_broken', file: 'tests/test_broken.py', command: 'python3 -m unittest tests.test_broken' },
      { name: 'tests.test_sums.Sums.test_adds', file: 'tests/test_sums.py', error: expect.stringContaining('2 != 3') },
      { name: 'tests.test_sums.Sums.test_many' },
    ]);
    const alone = await sample.check(result.failures[1]?.command ?? '');
    expect(alone).toMatchObject({ passed: false, counts: { passed: 0, failed: 1, skipped: 0 } });
  });

  it('keeps the start folder of a discovery', async () => {
    await using sample = await project({ 'tests/test_sums.py': UNITTEST });
    const { failures } = await sample.check('python3 -m unittest discover -s tests');
    expect(failures[0]?.command).toBe(`python3 -m unittest discover -s tests -k '*test_sums.Sums.test_adds'`);
    expect((await sample.check(failures[0]?.command ?? '')).counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it('says so where there are no tests', async () => {
    await using sample = await project({ 'a.py': '' });
    expect(await sample.check('python3 -m unittest')).toMatchObject({ passed: true, noTests: true, failures: [] });
  });
});

const PYTEST = `
import pytest

def test_adds():
    assert 1 + 1 == 3

@pytest.mark.parametrize('text', ["it's $HOME [x]", 'y'])
def test_texts(text):
    assert text == 'y'

class TestOuter:
    class TestInner:
        def test_deep(self):
            assert False

@pytest.mark.skip
def test_later():
    pass
`;

describe.skipIf(!works('-m', 'pytest', '--version'))('pytest (needs pytest for python3)', () => {
  it('names failing tests, each with a command that runs it alone', async () => {
    await using sample = await project({ 'tests/test_sums.py': PYTEST });
    const result = await sample.check('python3 -m pytest -q');
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 1, failed: 3, skipped: 1 }, notes: [] });
    expect(result.failures.map(({ name }) => name)).toEqual([
      'tests/test_sums.py::test_adds',
      `tests/test_sums.py::test_texts[it's $HOME [x]]`,
      'tests/test_sums.py::TestOuter::TestInner::test_deep',
    ]);
    for (const { name, command } of result.failures) {
      const alone = await sample.check(command ?? '');
      expect(alone.failures.map((failure) => failure.name)).toEqual([name]);
      expect(alone.counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
    }
  });

  it('names a file that cannot be imported', async () => {
    await using sample = await project({ 'tests/test_broken.py': 'import nowhere\n' });
    const { failures } = await sample.check('python3 -m pytest');
    expect(failures).toMatchObject([
      { name: 'tests/test_broken.py', command: 'python3 -m pytest tests/test_broken.py', error: expect.stringContaining('nowhere') },
    ]);
  });

  it('says so where there are no tests', async () => {
    await using sample = await project({ 'a.py': '' });
    expect(await sample.check('python3 -m pytest')).toMatchObject({ passed: true, noTests: true, exitCode: 5 });
  });
});
