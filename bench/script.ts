export interface HappyOptions {
  /** How long the agent that changes something takes. */
  sleepMs?: number;
  /** What it says meanwhile. */
  lines?: number;
  /** How long every answer in words is. */
  sayBytes?: number;
}

/** For the scripted engine: straight to a pull request. JSON is YAML. */
export function happyScript({ sleepMs = 0, lines = 0, sayBytes = 0 }: HappyOptions = {}): string {
  const say = (text: string) => ({ say: `${text}\n${'All work and no play. '.repeat(sayBytes / 22)}` });
  return JSON.stringify({
    classify: [{ json: { class: 'chore', reason: 'it is a benchmark' } }],
    plan: [say('Add a line.')],
    implement: [{ write: { 'added.txt': 'a line\n' }, delayMs: sleepMs, emitLines: lines, ...say('Added a line.') }],
    review: [{ json: { passed: true, issues: [] } }],
    document: [say('Nothing to update.')],
    'commit-message': [{ say: 'chore: add a line' }],
    'pull-request': [{ json: { title: 'Add a line', body: 'It adds a line.' } }],
  });
}

/** Three attempts at tests that fail while there is a `broken.txt`, then two reviews that find a blocker. */
export function loopingScript(): string {
  const blocker = { title: 'A line is missing', description: 'Add it.', severity: 'blocker', files: ['added.txt'], screenshots: [] };
  const refused = { json: { passed: false, issues: [blocker] } };
  return JSON.stringify({
    ...(JSON.parse(happyScript()) as object),
    implement: [{ write: { 'added.txt': 'a line\n', 'broken.txt': 'x\n' }, say: 'Added a line.' }],
    'resolve-failed-test': [
      { write: { 'first.txt': 'x\n' }, say: 'Tried one thing.' },
      { write: { 'second.txt': 'x\n' }, say: 'Tried another.' },
      { run: 'rm broken.txt', say: 'Removed what was broken.' },
    ],
    'test-results': [{ json: { tests: [{ name: 'nothing is broken', passed: false, error: 'broken.txt is there' }] } }],
    review: [refused, refused, { json: { passed: true, issues: [] } }],
    'resolve-review-issue': [
      { write: { 'third.txt': 'x\n' }, say: 'Mended it.' },
      { write: { 'fourth.txt': 'x\n' }, say: 'Mended it well.' },
    ],
  });
}
