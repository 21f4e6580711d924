import type { RepositoryRef } from '../contracts/repository.ts';

/** Of a name on GitHub; owner and name in canonical lower case. */
const SLUG = /^([a-z\d][a-z\d-]*)\/([\w.-]+?)(?:\.git)?$/i;
/** `git@github.com:owner/name.git`, as `git clone` takes it. */
const SSH = /^(?:ssh:\/\/)?git@([^:/]+)[:/](?:\d+\/)?(.+)$/;

/**
 * The repository of GitHub that an address means: `https://github.com/owner/name`, `git@github.com:owner/name.git`, or
 * `owner/name` itself. Undefined where it means something else, such as a path or another server.
 */
export function gitHubRepository(address: string, { host }: { host: string }): RepositoryRef | undefined {
  const ssh = SSH.exec(address);
  if (ssh) return ssh[1]?.toLowerCase() === host ? fromSlug(String(ssh[2])) : undefined;
  if (URL.canParse(address) && /^https?:/i.test(address)) {
    const url = new URL(address);
    return url.host === host ? fromSlug(url.pathname.replaceAll(/^\/+|\/+$/g, '')) : undefined;
  }
  return fromSlug(address.replace(/^github:/i, ''));
}

function fromSlug(slug: string): RepositoryRef | undefined {
  const [, owner, name] = SLUG.exec(slug) ?? [];
  if (!owner || !name || /^\.+$/.test(name)) return undefined;
  return { forge: 'github', owner: owner.toLowerCase(), name: name.toLowerCase() };
}
