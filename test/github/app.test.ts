import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { GitHubClient } from '../../src/github/client.ts';
import { createGitHubForge } from '../../src/forges/github.ts';
import { upsertMarkedComment } from '../../src/github/comments.ts';
import { tokenRights } from '../../src/github/rights.ts';
import { scriptedGitHub } from '../support/scripted-github.ts';
import type { Script, ScriptedGitHub } from '../support/scripted-github.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

const INSTALLATION = 'GET /repos/acme/shop/installation';
const MINT = 'POST /app/installations/70/access_tokens';
const COMMENTS = 'GET /repos/acme/shop/issues/1/comments';
const minted = (token: string) => ({
  status: 201,
  json: { token, expires_at: '2999-01-01T00:00:00Z', permissions: { issues: 'write' }, repository_selection: 'selected', repositories: [] },
});
const FIRST = `ghs_${'1'.repeat(36)}`;
const SECOND = `ghs_${'2'.repeat(36)}`;

const INSTALLED: Script = { [INSTALLATION]: { json: { id: 70 } }, [MINT]: [minted(FIRST), minted(SECOND)] };

const clientOf = (github: ScriptedGitHub, key = privateKey): GitHubClient =>
  github.client({ token: undefined, app: { id: '7', privateKey: () => key } });

const readComments = (client: GitHubClient) =>
  client.call({ doing: 'read comments' }, (octokit) =>
    octokit.paginate(octokit.rest.issues.listComments, { owner: 'acme', repo: 'shop', issue_number: 1 }),
  );

const lettersOf = (github: ScriptedGitHub, route: string) => github.asked(route).map(({ headers }) => headers.authorization);

describe('a GitHub App', () => {
  test('works with a token for one repository, minted once', async () => {
    await using github = await scriptedGitHub({ ...INSTALLED, [COMMENTS]: { json: [] } });
    const client = clientOf(github);
    await readComments(client);
    await readComments(client);
    expect(lettersOf(github, COMMENTS)).toEqual([`Bearer ${FIRST}`, `Bearer ${FIRST}`]);
    expect(github.asked(MINT).map(({ body }) => body)).toEqual([{ repositories: ['shop'] }]);
  });

  test('shows its key to nobody: it signs', async () => {
    await using github = await scriptedGitHub({ ...INSTALLED, [COMMENTS]: { json: [] } });
    await readComments(clientOf(github));
    const [head = '', claims = '', signature = ''] = lettersOf(github, INSTALLATION)[0]?.replace('Bearer ', '').split('.') ?? [];
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ iss: '7' });
    expect(verify('sha256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(JSON.stringify(github.requests)).not.toContain('PRIVATE KEY');
  });

  test('turns further pages with the token of the first', async () => {
    await using github = await scriptedGitHub({ 'GET /repositories/5/issues/1/comments': { json: [{ id: 2 }] } });
    // GitHub writes whole addresses.
    const { url } = github;
    await using linked = await scriptedGitHub({
      ...INSTALLED,
      [COMMENTS]: { json: [{ id: 1 }], headers: { link: `<${url}/repositories/5/issues/1/comments?page=2>; rel="next"` } },
    });
    expect(await readComments(clientOf(linked))).toEqual([{ id: 1 }, { id: 2 }]);
    expect(lettersOf(github, 'GET /repositories/5/issues/1/comments')).toEqual([`Bearer ${FIRST}`]);
  });

  test('mints another token when GitHub refuses the one it has', async () => {
    await using github = await scriptedGitHub({
      ...INSTALLED,
      [COMMENTS]: [{ status: 401, json: { message: 'Bad credentials' } }, { json: [] }],
    });
    const client = clientOf(github);
    await expect(readComments(client)).rejects.toMatchObject({ code: 'forge_not_logged_in' });
    expect(await readComments(client)).toEqual([]);
    expect(lettersOf(github, COMMENTS)).toEqual([`Bearer ${FIRST}`, `Bearer ${SECOND}`]);
  });

  test('mints with its new key as soon as it has another', async () => {
    const other = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    await using github = await scriptedGitHub({ ...INSTALLED, [COMMENTS]: { json: [] } });
    let key = privateKey;
    const client = github.client({ token: undefined, app: { id: '7', privateKey: () => key } });
    await readComments(client);
    key = other.privateKey;
    await readComments(client);
    expect(lettersOf(github, COMMENTS)).toEqual([`Bearer ${FIRST}`, `Bearer ${SECOND}`]);
    const [head = '', claims = '', signature = ''] = lettersOf(github, INSTALLATION)[1]?.replace('Bearer ', '').split('.') ?? [];
    const signed = Buffer.from(`${head}.${claims}`);
    expect(verify('sha256', signed, other.publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  test('takes no comment of another bot for its own, and asks once who it is', async () => {
    const marker = '<!-- belay progress -->';
    const of = (id: number, login: string) => ({ id, body: `Old ${marker}`, html_url: 'u', user: { id, login, type: 'Bot' } });
    await using github = await scriptedGitHub({
      ...INSTALLED,
      'GET /app': { json: { id: 7, slug: 'our-belay' } },
      [COMMENTS]: { json: [of(1, 'evil[bot]'), of(2, 'our-belay[bot]')] },
      'PATCH /repos/acme/shop/issues/comments/2': { json: { id: 2, html_url: 'u' } },
    });
    const client = clientOf(github);
    const place = { repository: { forge: 'github', owner: 'acme', name: 'shop' }, number: 1 } as const;
    for (const body of ['New', 'Newer']) expect(await upsertMarkedComment(client, { ...place, marker, body })).toMatchObject({ id: 2 });
    expect(github.asked('GET /app')).toHaveLength(1);
  });

  test('lets git in with the same kind of token', async () => {
    await using github = await scriptedGitHub(INSTALLED);
    const forge = createGitHubForge({ client: clientOf(github), gitUrl: 'https://github.example.com/{owner}/{repo}.git' });
    const { credentials } = await forge.gitAccess({ forge: 'github', owner: 'acme', name: 'shop' });
    expect(credentials).toEqual({ username: 'x-access-token', password: FIRST });
  });

  test('is nobody, and is not asked who it is', async () => {
    await using github = await scriptedGitHub({});
    const client = clientOf(github);
    expect(await client.viewer()).toBeUndefined();
    expect(await tokenRights(client)).toEqual({ lacks: [] });
    expect(github.requests).toEqual([]);
  });

  test('says where it is not installed, and asks no further', async () => {
    await using github = await scriptedGitHub({ [INSTALLATION]: { status: 404, json: { message: 'Not Found' } } });
    await expect(readComments(clientOf(github))).rejects.toMatchObject({
      code: 'forge_forbidden',
      message: expect.stringContaining('The app 7 is not installed on acme/shop') as string,
    });
    expect(github.requests).toHaveLength(1);
  });

  test.each([
    ['a key that is none', 'nonsense'],
    ['a key that is not its own', privateKey],
  ])('says that it has %s, and shows none', async (_, key) => {
    await using github = await scriptedGitHub({
      [INSTALLATION]: { status: 401, json: { message: 'A JSON web token could not be decoded' } },
    });
    const failed: unknown = await readComments(clientOf(github, key)).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'forge_not_logged_in' });
    expect(String(failed)).not.toContain(key);
  });
});
