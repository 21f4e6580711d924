import { BelayError } from '../contracts/errors.ts';

// The rules of git-check-ref-format(1), without starting a process for each name.
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\.$|^-/;

/** A full (`refs/...`) or branch name that git would accept. Throws invalid_input. */
export function assertRefName(name: string): string {
  const sound = name !== '' && name !== '@' && !FORBIDDEN.test(name) && name.split('/').every(isSoundComponent);
  if (sound) return name;
  throw new BelayError({
    code: 'invalid_input',
    message: `${JSON.stringify(name)} is not a valid git ref name`,
    hint: 'Use letters, digits, dots, dashes and slashes, such as feature/login.',
  });
}

/** A whole object id, as every call on a mirror wants it. Throws invalid_input. */
export function assertSha(sha: string): string {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)) return sha;
  throw new BelayError({
    code: 'invalid_input',
    message: `${JSON.stringify(sha)} is not a full git object id`,
    hint: 'Give all 40 digits.',
  });
}

function isSoundComponent(component: string): boolean {
  return component !== '' && !component.startsWith('.') && !component.endsWith('.lock');
}
