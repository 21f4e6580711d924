import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { project } from './project.ts';

const fixture = async (name: string): Promise<string> => readFile(join(import.meta.dirname, '../fixtures', name), 'utf8');

/** Stands in for a build that downloads half of the internet: leaves what a real run of it left. */
const leaving = (code: number, said = ''): string => `mkdir -p core/$1 && cp recorded/*.xml core/$1/ && echo '${said}'; exit ${code}`;
const SUREFIRE = 'target/surefire-reports';

async function mavenProject() {
  return project({
    mvn: `set -- ${SUREFIRE}; ${leaving(1)}`,
    'recorded/TEST-a.SumsTest.xml': await fixture('maven/TEST-a.SumsTest.xml'),
    'core/src/test/java/a/SumsTest.java': '',
    'core/target/surefire-reports/TEST-a.OldTest.xml':
      '<testsuite><testcase name="old" classname="a.OldTest"><failure/></testcase></testsuite>',
    'pom.xml': '',
  });
}

describe('maven', () => {
  it('leaves reports of each module, of which only those of this run count', async () => {
    await using sample = await mavenProject();
    const result = await sample.check('sh ./mvn -B clean verify');
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 2, failed: 4, skipped: 1 }, truncated: false, notes: [] });
    const alone = (test: string): string =>
      `sh ./mvn -B verify -pl core -am '-Dtest=${test}' -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false`;
    expect(result.failures).toMatchObject([
      {
        name: 'a.SumsTest.adds',
        file: 'core/src/test/java/a/SumsTest.java',
        error: expect.stringContaining('sums <&> "quotes"'),
        command: alone('a.SumsTest#adds*'),
      },
      { name: 'a.SumsTest.many(int)[2]', command: alone('a.SumsTest#many*') },
      { name: 'a.SumsTest.throwsUp', error: expect.stringContaining('boom') },
      { name: 'a.SumsTest$Inner.deep', file: 'core/src/test/java/a/SumsTest.java', command: alone('a.SumsTest$Inner#deep*') },
    ]);
  });

  it('names the module from the folder that the command goes to', async () => {
    await using sample = await project({
      'java/mvnw': `set -- ${SUREFIRE}; ${leaving(1)}`,
      'java/recorded/TEST-a.SumsTest.xml': await fixture('maven/TEST-a.SumsTest.xml'),
    });
    const { failures } = await sample.check('cd java && sh ./mvnw test');
    expect(failures[0]?.command).toMatch(/^cd java && sh \.\/mvnw test -pl core -am '-Dtest=a\.SumsTest#adds\*' /);
  });
});

describe('gradle', () => {
  const files = async (said = '') => ({
    gradlew: `set -- build/test-results/test; ${leaving(1, said)}`,
    'recorded/TEST-a.SumsTest.xml': await fixture('gradle/TEST-a.SumsTest.xml'),
    'core/src/test/kotlin/a/SumsTest.kt': '',
  });

  it('leaves reports of each module, with a command for each test', async () => {
    await using sample = await project(await files());
    const result = await sample.check('sh ./gradlew --offline check -x lint');
    expect(result).toMatchObject({ passed: false, counts: { passed: 1, failed: 2, skipped: 1 } });
    expect(result.failures).toMatchObject([
      {
        name: 'a.SumsTest.adds()',
        file: 'core/src/test/kotlin/a/SumsTest.kt',
        command: 'sh ./gradlew --offline -x lint :core:test --tests a.SumsTest.adds',
      },
      // The name of a call with parameters does not say which test it is.
      { name: 'a.SumsTest.[2] 2', command: 'sh ./gradlew --offline -x lint :core:test --tests a.SumsTest' },
    ]);
  });

  it('believes old reports of what it says is up to date, and no others', async () => {
    const old = '<testsuite><testcase name="old()" classname="a.OldTest"/></testsuite>';
    await using sample = await project({
      ...(await files('> Task :web:test UP-TO-DATE')),
      'web/build/test-results/test/TEST-a.OldTest.xml': old,
      'cli/build/test-results/test/TEST-a.OldTest.xml': old,
    });
    const { tests } = await sample.check('sh ./gradlew test');
    expect(tests.filter(({ name }) => name === 'a.OldTest.old()')).toHaveLength(1);
  });
});

describe('any other command', () => {
  it('is explained by the JUnit XML that it writes, and by nothing else', async () => {
    await using sample = await project({
      'run.sh': `mkdir -p out/reports && cp sample.xml out/reports/unit.xml && echo '<html/>' > out/reports/index.xml; exit 1`,
      'sample.xml': `<testsuites><testsuite name="api"><testcase name="adds" classname="Sums"><failure message="2 is not 3"/></testcase><testcase name="is fine"/></testsuite></testsuites>`,
      'node_modules/some/junit.xml': '<testsuite/>',
    });
    const result = await sample.check('sh run.sh');
    expect(result).toMatchObject({ passed: false, exitCode: 1, counts: { passed: 1, failed: 1, skipped: 0 }, notes: [] });
    expect(result.failures).toEqual([{ name: 'Sums adds', passed: false, error: '2 is not 3' }]);
  });

  it('stands for itself where its report is older than the run', async () => {
    await using sample = await project({ 'junit.xml': '<testsuite><testcase name="old"><failure/></testcase></testsuite>' });
    expect(await sample.check('exit 3')).toMatchObject({ exitCode: 3, failures: [{ name: 'exit 3' }], tests: [] });
  });

  it('survives a report that is cut off', async () => {
    await using sample = await project({});
    const result = await sample.check(`echo '<testsuites><testsuite>' > junit.xml; exit 1`);
    expect(result).toMatchObject({ passed: false, failures: [{ error: expect.stringContaining('Exit code 1.') }] });
    expect(result.notes).toEqual([expect.stringMatching(/could not be read/)]);
  });

  it('of a runner that was not asked is explained by a report of its own', async () => {
    await using sample = await project({
      'a.test.js': `import test from 'node:test';\ntest('adds', () => { throw new Error('no'); });`,
      'package.json': JSON.stringify({ type: 'module' }),
    });
    const result = await sample.check('node --test --test-reporter=junit --test-reporter-destination=junit.xml');
    expect(result.failures).toMatchObject([{ name: 'test adds', error: expect.stringContaining('no') }]);
  });
});
