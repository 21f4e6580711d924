import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROUTES } from '../../src/http/routes.ts';
import { createRunFiles } from '../../src/run-files/run-files.ts';
import { startTestApi } from '../support/api.ts';
import type { TestApi } from '../support/api.ts';
import { exampleRun } from '../support/example-run.ts';

/** A call as the page writes it. */
interface Example {
  line: string;
  method: string;
  address: string;
  headers: Record<string, string>;
  body?: string;
}

const resources = new AsyncDisposableStack();
let api: TestApi;
let examples: Example[];
const known: Record<string, string> = { $API: '', $AUTH: 'x-none: ', $JSON: 'content-type: application/json', $ID: '0123abcd' };

beforeAll(async () => {
  api = resources.use(await startTestApi());
  const artifact = await createRunFiles({ home: api.home }).writeArtifact({
    runId: '0123abcd',
    step: 2,
    kind: 'plan',
    name: 'p.md',
    text: 'x',
  });
  known['$ARTIFACT'] = artifact.id;
  await api.ledger.recordRun(exampleRun({ plan: { artifactId: artifact.id, hash: artifact.hash } }));
  await api.ledger.recordArtifact(artifact);
  const step = { runId: '0123abcd', name: 'plan', phase: 'plan', status: 'completed', attempt: 1 } as const;
  await api.ledger.recordStep({ ...step, number: 2, startedAt: '2026-11-20T10:00:00.000Z' });
  const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8');
  examples = page
    .split('\n')
    .filter((line) => line.startsWith('curl '))
    .map(exampleOf);
});
afterAll(() => resources.disposeAsync());

const filled = (text: string): string => text.replaceAll(/\$[A-Z]+/g, (name) => known[name] ?? name);

function exampleOf(line: string): Example {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => single ?? filled(double ?? plain ?? ''),
  );
  const after = (flag: string): string[] => words.flatMap((word, index) => (words[index - 1] === flag ? [word] : []));
  const [body] = after('-d');
  const headers = Object.fromEntries(after('-H').map((header) => header.split(/:\s*/, 2) as [string, string]));
  const method = after('-X')[0] ?? (body === undefined ? 'GET' : 'POST');
  return { line, method, address: words.at(-1) ?? '', headers, ...(body === undefined ? {} : { body }) };
}

const routeOf = ({ method, address }: Example) =>
  ROUTES.find(
    (route) =>
      route.method.toUpperCase() === method &&
      new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(address.split('?', 1)[0] ?? ''),
  );

describe('docs/api.md', () => {
  it('has an example of every route', () => {
    const shown = new Set(examples.map(routeOf));
    expect(shown).not.toContain(undefined);
    expect(ROUTES.filter((route) => !shown.has(route)).map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  it('shows requests that are as they should be', async () => {
    // What needs Temporal, or a repository on GitHub, is not here: such requests fail after they were understood.
    const elsewhere = [200, 201, 204, 206, 404, 409, 422, 503];
    for (const { line, method, address, headers, body } of examples) {
      if (address.includes('follow=true')) await api.ledger.recordRun(exampleRun({ status: 'completed', version: 5 }));
      const { 'x-none': auth, ...rest } = headers;
      const token = auth === undefined ? { token: undefined } : {};
      const { status, text } = await api.call(method, address, { headers: rest, ...token, ...(body === undefined ? {} : { body }) });
      expect(elsewhere, `${line}\n${text}`).toContain(status);
      if (status === 422) expect(text, line).toContain('repository_not_found');
    }
  });
});
