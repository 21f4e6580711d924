import { expect, test } from 'vitest';
import { createLog, temporalLogger } from '../../src/telemetry/log.ts';
import type { LogOptions } from '../../src/telemetry/log.ts';

function memoryLog(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line) => lines.push(line) }, ...options });
  return { log, lines, entries: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const holding = (...values: string[]) => ({ known: () => values });

test('a line is one JSON object with level, time and message', () => {
  const { log, lines, entries } = memoryLog();
  log.info({ runId: '0123abcd' }, 'run started');
  expect(lines[0]).toMatch(/^\{.*\}\n$/);
  expect(entries()).toEqual([{ level: 'info', time: expect.stringMatching(/^\d{4}-.*Z$/), runId: '0123abcd', msg: 'run started' }]);
});

test('lines below the level are left out', () => {
  const { log, entries } = memoryLog({ level: 'warn' });
  log.info('no');
  log.warn('yes');
  expect(entries().map(({ msg }) => msg)).toEqual(['yes']);
});

test('a secret appears nowhere: not in texts, errors, causes or fields', () => {
  const secret = 'sk-"quoted"\\key';
  const { log, lines } = memoryLog({ secrets: [holding(secret, '')] });
  const error = new Error(`401 for ${secret}`, { cause: new Error(`key ${secret}`) });
  log.error({ error, url: `https://${secret}@host`, deep: { deeper: { deepest: secret } } }, `with ${secret}`);
  expect(lines.join('')).not.toContain(JSON.stringify(secret).slice(1, -1));
  expect(lines.join('').match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(5);
});

test.each([`ghp_${'a1B2'.repeat(9)}`, `gho_${'a1B2'.repeat(9)}`, `github_pat_${'a1_B'.repeat(20)}`])(
  'a token of GitHub appears nowhere although nobody knew it: %s',
  (token) => {
    const { log, lines } = memoryLog();
    log.warn({ url: `https://x:${token}@github.com` }, `with ${token}`);
    expect(lines.join('')).not.toContain(token);
  },
);

test('fields that are called like a credential are left out, others are not', () => {
  const { log, entries } = memoryLog();
  log.info({ apiKey: 'a', engine: { token: 'b', tokens: 7 } }, 'x');
  expect(entries()[0]).toMatchObject({ apiKey: '[redacted]', engine: { token: '[redacted]', tokens: 7 } });
});

test('a short secret does not spoil ordinary words', () => {
  const { log, entries } = memoryLog({ secrets: [holding('run')] });
  log.info('run started');
  expect(entries()[0]).toMatchObject({ msg: 'run started' });
});

test("Temporal's lines arrive at our levels, with their fields and errors", () => {
  const { log, entries } = memoryLog();
  const logger = temporalLogger(log);
  logger.log('WARN', 'slow', { sdkComponent: 'worker', attempt: 2n, [Symbol('time')]: 1n });
  logger.error('failed', { error: new Error('no route', { cause: new Error('refused') }) });
  logger.trace('too fine');
  logger.debug('fine');
  expect(entries()).toMatchObject([
    { level: 'warn', msg: 'slow', sdkComponent: 'worker', attempt: 2 },
    { level: 'error', msg: 'failed', error: { message: expect.stringContaining('no route'), cause: { message: 'refused' } } },
    { level: 'debug', msg: 'fine' },
  ]);
});
