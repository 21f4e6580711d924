import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseRepositorySettings } from '../src/repository-settings.ts';
import { repositorySettingsJsonSchema } from '../src/repository-settings-schema.ts';

const parse = (text: string) => parseRepositorySettings(text, { source: '.belay.yml' });

function problems(text: string): string[] {
  try {
    parse(text);
  } catch (error) {
    expect(error).toMatchObject({ code: 'settings_invalid', hint: expect.stringContaining('docs/settings.md') });
    return (error as Error).message.split('\n').slice(1);
  }
  throw new Error('the settings were accepted');
}

test.each(['', '# only a comment\n', '{}'])('%j sets nothing', (text) => {
  expect(parse(text)).toEqual({
    phasesOff: [],
    phasesOn: [],
    byPhase: {},
    labels: [],
    limits: {},
    pullRequest: {},
    protectedPaths: [],
  });
});

test('commands may be one or several', () => {
  expect(parse('setup: npm ci\ntest:\n  - npm run lint\n  - npm test\n')).toMatchObject({
    setup: ['npm ci'],
    test: ['npm run lint', 'npm test'],
  });
  expect(parse('test: []')).toMatchObject({ test: [] });
});

test('phases are switched by name or by list', () => {
  expect(parse('phases: { document: false, review: true }')).toMatchObject({ phasesOff: ['document'], phasesOn: ['review'] });
  expect(parse('phases:\n  off: [test, document]\n')).toMatchObject({ phasesOff: ['test', 'document'], phasesOn: [] });
});

test('limits are read in minutes and kept in milliseconds', () => {
  const text =
    'limits: { testAttempts: 2, reviewAttempts: 1, agentIdleMinutes: 0.5, agentTotalMinutes: 2, testTimeoutMinutes: 1, setupTimeoutMinutes: 3, workingHours: 2, budgetUsd: 3.5 }';
  expect(parse(text).limits).toEqual({
    testAttempts: 2,
    reviewAttempts: 1,
    agentIdleMs: 30_000,
    agentTotalMs: 120_000,
    testTimeoutMs: 60_000,
    setupMs: 180_000,
    workingMs: 7_200_000,
    budgetUsd: 3.5,
  });
});

test('engine and model are taken', () => {
  expect(parse('engine: claude\nmodel: opus')).toMatchObject({ engine: 'claude', model: 'opus' });
});

test('a phase may have its own engine and model, and is then not switched', () => {
  expect(parse('phases: { plan: { model: opus }, review: { engine: claude, model: haiku }, test: false }')).toMatchObject({
    byPhase: { plan: { model: 'opus' }, review: { engine: 'claude', model: 'haiku' } },
    phasesOff: ['test'],
    phasesOn: [],
  });
});

test('the app is started by a command, with ports where it needs them by other names', () => {
  expect(parse('start: npm start').start).toEqual({ command: 'npm start', ports: {} });
  expect(parse('start: { command: npm run dev, ports: { API_PORT: backend, VITE_PORT: frontend } }').start).toEqual({
    command: 'npm run dev',
    ports: { API_PORT: 'backend', VITE_PORT: 'frontend' },
  });
});

test('labels choose in the order of the file', () => {
  const text =
    'labels:\n  quick: { pipeline: planBuild, model: haiku, phases: { review: false } }\n  big: { budgetUsd: 30, engine: claude }\n';
  expect(parse(text).labels).toEqual([
    { label: 'quick', pipeline: 'planBuild', model: 'haiku', phasesOff: ['review'], phasesOn: [] },
    { label: 'big', budgetUsd: 30, engine: 'claude', phasesOff: [], phasesOn: [] },
  ]);
});

test('labels that are numbers keep their place in the file', () => {
  const text = 'labels:\n  quick: { model: a }\n  10: { model: b }\n  " 9 ": { model: c }\n  big: { model: d }\n';
  expect(parse(text).labels.map(({ label }) => label)).toEqual(['quick', '10', '9', 'big']);
});

test('how work is checked, reviewed and published is taken', () => {
  const text = `baseline: strict
review: { criteria: docs/review.md, onCrash: park }
pullRequest: { draft: while_unfinished, reviewers: [ann, team/core], labels: [belay], updateBase: rebase }
protected: [".github/**", "*.lock"]
workspace: clone
notes: false
issue: { labels: { running: at work, completed: done } }
`;
  expect(parse(text)).toMatchObject({
    baseline: 'strict',
    reviewCriteria: 'docs/review.md',
    onReviewCrash: 'park',
    updateBase: 'rebase',
    pullRequest: { draft: 'while_unfinished', reviewers: ['ann', 'team/core'], labels: ['belay'] },
    protectedPaths: ['.github/**', '*.lock'],
    workspace: 'clone',
    notes: false,
    issueLabels: { running: 'at work', completed: 'done' },
  });
  expect(parse(text).pullRequest).not.toHaveProperty('updateBase');
});

test('paths are read by their shortest form', () => {
  expect(parse('workingDirectory: ./packages//web/').workingDirectory).toBe('packages/web');
  expect(parse('workingDirectory: .')).not.toHaveProperty('workingDirectory');
  expect(parse('setupCache: [node_modules, .venv/]').setupCache).toEqual(['node_modules', '.venv']);
  expect(parse('setupCache: false').setupCache).toEqual([]);
});

test.each([
  ['workingDirectory: ../other', '1:19: workingDirectory must not leave the repository'],
  ['workingDirectory: /srv', '1:19: workingDirectory must be relative to the root of the repository'],
  ['workingDirectory: C:/srv', '1:19: workingDirectory must be relative to the root of the repository'],
  ['workingDirectory: a\\b', '1:19: workingDirectory must be written with `/`'],
  ['setupCache: [a, ../b]', '1:17: setupCache.1 must not leave the repository'],
  ['setupCache: .', '1:13: setupCache must be folders below the working directory'],
  ['setupCache: true', '1:13: setupCache must be false, a path, or a list of paths'],
  ['phases: { plan: false }', '1:17: phases.plan must be a mapping (`key: value` lines)'],
  ['phases: { test: sometimes }', '1:17: phases.test must be true, false, or a mapping with engine and model'],
  ['phases: { test: { modle: x } }', '1:19: phases.test.modle is not a setting: did you mean model?'],
  ['phases: { implemnt: { model: x } }', '1:11: phases.implemnt is not a setting: did you mean implement?'],
  ['review: { critera: x }', '1:11: review.critera is not a setting: did you mean criteria?'],
  ['pullRequest: { draft: yes }', '1:23: pullRequest.draft must be one of never, while_unfinished, always'],
  ['labels: { fast: { pipline: sdlc } }', '1:19: labels.fast.pipline is not a setting: did you mean pipeline?'],
  ['labels: { fast: { phases: { plan: false } } }', '1:29: labels.fast.phases.plan is not a setting: known are test, review, document'],
  ['start: { comand: x }', '1:10: start.comand is not a setting: did you mean command?'],
  ['start: { command: x, ports: { "a b": backend } }', '1:31: start.ports.a b must be the name of an environment variable'],
  ['start: { command: x, ports: { A: middle } }', '1:34: start.ports.A must be one of backend, frontend'],
])('%s is refused where it stands', (text, expected) => {
  expect(problems(text)).toContain(`  .belay.yml:${expected}`);
});

test('every problem is reported at its line and column, in the order of the file', () => {
  expect(
    problems('tset: npm test\nlimits:\n  testAttempts: 0\n  agentIdelMinutes: 1\nphases: 3\nengine: clod\ntest: [1]\nmodel: ""\n'),
  ).toEqual([
    '  .belay.yml:1:1: tset is not a setting: did you mean test?',
    '  .belay.yml:3:17: limits.testAttempts must be at least 1',
    '  .belay.yml:4:3: limits.agentIdelMinutes is not a setting: did you mean agentIdleMinutes?',
    '  .belay.yml:5:9: phases must be a mapping (`key: value` lines)',
    '  .belay.yml:6:9: engine must be one of claude, scripted',
    '  .belay.yml:7:7: test must be a shell command, or a list of them',
    '  .belay.yml:8:8: model must not be empty',
  ]);
});

test.each([
  ['a list', '- npm test', ['  .belay.yml:1:1: the file must be a mapping (`key: value` lines)']],
  ['a key given twice', 'test: a\ntest: b', ['  .belay.yml:2:1: Map keys must be unique']],
  ['a phase that cannot be off', 'phases: { off: [plan] }', ['  .belay.yml:1:17: phases.off.0 must be one of test, review, document']],
  ['an alias', 'setup: &a npm ci\ntest: *a', ['  .belay.yml:2:7: *a: aliases are not allowed, write the value out']],
  ['a prototype', '__proto__: { test: x }', [expect.stringContaining('__proto__ is not a setting')]],
  ['a command of nothing', 'test: "  "', ['  .belay.yml:1:7: test must not be empty']],
  ['endless nesting', '['.repeat(30_000), ['  .belay.yml:1:1: it is nested too deeply']],
  ['a huge file', `# ${'x'.repeat(70_000)}`, ['  .belay.yml:1:1: it is longer than 64 KB']],
])('%s is refused where it stands', (_what, text, expected) => {
  expect(problems(text)).toEqual(expected);
});

test('broken YAML is refused with its place', () => {
  expect(problems('test: npm test\nlimits: [1, 2\n')[0]).toMatch(/^ {2}\.belay\.yml:\d+:\d+: Flow sequence/);
});

test('a file full of mistakes shows the first of them and how many there are', () => {
  const shown = problems(Array.from({ length: 30 }, (_, index) => `key${index}: x`).join('\n'));
  expect(shown).toHaveLength(21);
  expect(shown.at(-1)).toBe('  and 10 more');
});

const examples = async (): Promise<string[]> => {
  const page = await readFile(new URL('../docs/settings.md', import.meta.url), 'utf8');
  return [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, example = '']) => example);
};

test('the examples of the settings page are accepted, and between them name every setting', async () => {
  const all = await examples();
  expect(parse(all[0] ?? '')).toMatchObject({ setup: ['npm ci'], phasesOff: ['document'], engine: 'claude', limits: { budgetUsd: 10 } });
  for (const example of all) parse(example);
  const schema = repositorySettingsJsonSchema() as { properties: Record<string, { properties?: object }> };
  const text = all.join('\n');
  const named = Object.entries(schema.properties).flatMap(([key, { properties = {} }]) => [key, ...Object.keys(properties)]);
  const inner = new Set(['classify', 'implement', 'publish']);
  expect(named.filter((key) => !inner.has(key) && !new RegExp(`\\b${key}:`).test(text))).toEqual([]);
});

test('the schema for editors describes every setting, and knows no others', () => {
  const schema = repositorySettingsJsonSchema() as { additionalProperties: boolean; properties: Record<string, { description?: string }> };
  expect(schema.additionalProperties).toBe(false);
  expect(Object.entries(schema.properties).filter(([, { description }]) => !description)).toEqual([]);
});
