import { expect, test } from 'vitest';
import { createMayWrite } from '../../src/github/permission.ts';
import { eventually } from '../support/eventually.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';
import type { ScriptedAnswer } from '../support/scripted-github.ts';

const ASKED = 'GET /repos/acme/shop/collaborators/ada/permission';
const repository = { forge: 'github', owner: 'acme', name: 'shop' } as const;
const ada = { repository, login: 'ada' };
const level = (permission: string, role_name = permission): ScriptedAnswer => ({ json: { permission, role_name, user: null } });

test.each([
  ['admin', level('admin'), true],
  ['maintain', level('write', 'maintain'), true],
  ['write', level('write'), true],
  ['a role of the organisation that may write', level('write', 'release-managers'), true],
  ['triage', level('read', 'triage'), false],
  ['read', level('read'), false],
  ['none', level('none'), false],
  ['an account that nobody knows', { status: 404, json: { message: 'Not Found' } }, false],
])('%s may write: %#', async (_, answer, may) => {
  await using github = await scriptedGitHub({ [ASKED]: answer });
  expect(await createMayWrite({ client: github.client() })(ada)).toBe(may);
});

test('the answer is known for a while, to all who ask at once', async () => {
  await using github = await scriptedGitHub({ [ASKED]: [level('write'), level('read')] });
  const mayWrite = createMayWrite({ client: github.client() });
  expect(await Promise.all([ada, { repository, login: 'Ada' }, ada].map(mayWrite))).toEqual([true, true, true]);
  expect(await mayWrite(ada)).toBe(true);
  expect(github.requests).toHaveLength(1);
});

test('who was let go may nothing when the answer is old', async () => {
  await using github = await scriptedGitHub({ [ASKED]: [level('write'), level('read')] });
  const mayWrite = createMayWrite({ client: github.client(), knownMs: 1 });
  expect(await mayWrite(ada)).toBe(true);
  await eventually(async () => expect(await mayWrite(ada)).toBe(false));
});

test('a question that failed is asked again, and is no answer', async () => {
  await using github = await scriptedGitHub({ [ASKED]: [{ status: 403, json: { message: 'Forbidden' } }, level('write')] });
  const mayWrite = createMayWrite({ client: github.client() });
  await expect(mayWrite(ada)).rejects.toMatchObject({ code: 'forge_forbidden' });
  expect(await mayWrite(ada)).toBe(true);
});
