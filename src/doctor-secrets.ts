import { stat } from 'node:fs/promises';
import type { Secrets } from './config-secrets.ts';
import type { TokenRecord } from './contracts/service-records.ts';
import type { Finding } from './doctor.ts';
import { hasWeakPassword } from './telemetry/conceal.ts';

const DAY_MS = 24 * 60 * 60_000;
/** Who changes a secret has changed it at GitHub by then, and deliveries are not redelivered later. */
const CHANGE_MS = 7 * DAY_MS;
/** Time enough to tell whoever uses it. */
const SOON_MS = 14 * DAY_MS;

export interface SecretsRequest {
  secrets: Secrets;
  /** Undefined where there is no ledger yet. */
  tokens: readonly TokenRecord[] | undefined;
  /** After so long a secret is old. */
  maxAgeMs: number;
  now?: number;
}

/** Secrets and tokens that have been the same for long, or outlived their use. How old a variable is cannot be known; a file says it. */
export async function checkSecrets({ secrets, tokens, maxAgeMs, now = Date.now() }: SecretsRequest): Promise<Finding[]> {
  const ages = await agesOf(secrets, now);
  const old = [...ages].filter(([, age]) => age > maxAgeMs).map(([name, age]) => oldSecret(name, age));
  const previous = formerWebhookSecret(secrets, ages.get('GITHUB_WEBHOOK_SECRET'));
  const [inFiles, all] = [ages.size, Object.keys(secrets).length];
  const fine = `${all} set, ${inFiles} of them in files; none of these is older than ${days(maxAgeMs)} days`;
  const weak = Object.values(secrets).filter((secret) => secret.known().some(hasWeakPassword));
  const ofSecrets = [...old, ...previous, ...weak.map(({ name }) => weakPassword(name))];
  const ofTokens = (tokens ?? [])
    .filter(({ revokedAt }) => revokedAt === undefined)
    .flatMap((token) => tokenFinding(token, { now, maxAgeMs }));
  return [
    ...(ofSecrets.length > 0 ? ofSecrets : [{ check: 'secrets', status: 'ok' as const, detail: all === 0 ? 'none are set' : fine }]),
    ...ofTokens,
  ];
}

async function agesOf(secrets: Secrets, now: number): Promise<Map<string, number>> {
  const files = Object.values(secrets).flatMap(({ name, file }) => (file === undefined ? [] : [{ name, file }]));
  const found = await Promise.all(
    files.map(async ({ name, file }) => {
      const mtime = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => now,
      );
      return [name, now - mtime] as const;
    }),
  );
  return new Map(found);
}

const warning = (check: string, detail: string, hint: string): Finding => ({ check, status: 'warning', detail, hint });

const oldSecret = (name: string, age: number): Finding =>
  warning(
    'secrets',
    `${name} has been the same for ${days(age)} days`,
    `Have a new one made, and write it into the file of ${name}_FILE: no restart is needed. Then end the old one.`,
  );

const weakPassword = (name: string): Finding =>
  warning(
    'secrets',
    `The password in ${name} is weak: it is a name or a short word, and is not taken out of what agents say`,
    'Give it a long random one: nobody guesses it, and it is in no other text.',
  );

function formerWebhookSecret({ GITHUB_WEBHOOK_SECRET_PREVIOUS: previous }: Secrets, ageOfPresent: number | undefined): Finding[] {
  if (previous?.current() === undefined) return [];
  if (ageOfPresent !== undefined && ageOfPresent <= CHANGE_MS) return [];
  const since = ageOfPresent === undefined ? 'for how long cannot be known' : `although the new one is ${days(ageOfPresent)} days old`;
  return [
    warning(
      'secrets',
      `GITHUB_WEBHOOK_SECRET_PREVIOUS still counts, ${since}`,
      'Once GitHub signs with the new one, take the old one away: empty its file, or unset it.',
    ),
  ];
}

function tokenFinding(
  { name, createdAt, expiresAt, lastUsedAt }: TokenRecord,
  { now, maxAgeMs }: { now: number; maxAgeMs: number },
): Finding[] {
  const since = (time: string): number => now - Date.parse(time);
  const rotate = `Run: belay token rotate '${name}'`;
  const revoke = `Run: belay token revoke '${name}'`;
  if (expiresAt && since(expiresAt) >= 0) return [warning('tokens', `${name} has ended on ${expiresAt.slice(0, 10)}`, revoke)];
  if (since(lastUsedAt ?? createdAt) > maxAgeMs)
    return [warning('tokens', `${name} has not been used for ${days(since(lastUsedAt ?? createdAt))} days`, revoke)];
  if (expiresAt && since(expiresAt) > -SOON_MS)
    return [
      warning(
        'tokens',
        `${name} ends on ${expiresAt.slice(0, 10)}`,
        `Make another one with \`belay token create\`, and give it to who uses this one.`,
      ),
    ];
  if (since(createdAt) > maxAgeMs) return [warning('tokens', `${name} has been the same for ${days(since(createdAt))} days`, rotate)];
  return [];
}

const days = (ms: number): number => Math.floor(ms / DAY_MS);
