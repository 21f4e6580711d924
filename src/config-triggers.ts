import type { Environment } from './config-variables.ts';
import { withoutUndefined } from './contracts/without-undefined.ts';
import type { SecretPlace } from './secret-place.ts';

export interface TriggerConfig {
  /** `owner/name`, or `owner/*`. */
  repositories: string[];
  /** The one that asks for a run. */
  label: string;
  /** Logins of bots whose word counts. */
  bots: string[];
  pollMs: number;
  /** What webhooks may be signed with. */
  secrets: SecretPlace[];
}

export interface GitHubAppConfig {
  id: string;
  key: SecretPlace;
}

type Resolve = (path: string | undefined) => string | undefined;

export function triggerConfig(values: Environment, resolve: Resolve): TriggerConfig {
  const place = (name: string, value: string | undefined, file: string | undefined): SecretPlace[] =>
    (value ?? file) === undefined ? [] : [{ name, ...withoutUndefined({ value, file: resolve(file) }) }];
  return {
    repositories: values.BELAY_REPOSITORIES ?? [],
    label: values.BELAY_TRIGGER_LABEL,
    bots: values.BELAY_TRIGGER_BOTS ?? [],
    pollMs: values.BELAY_POLL_SECONDS,
    secrets: [
      ...place('GITHUB_WEBHOOK_SECRET', values.GITHUB_WEBHOOK_SECRET, values.GITHUB_WEBHOOK_SECRET_FILE),
      ...place('GITHUB_WEBHOOK_SECRET_PREVIOUS', values.GITHUB_WEBHOOK_SECRET_PREVIOUS, values.GITHUB_WEBHOOK_SECRET_PREVIOUS_FILE),
    ],
  };
}

/** Undefined where Belay works with a token. */
export function gitHubAppConfig(values: Environment, resolve: Resolve): GitHubAppConfig | undefined {
  const { GITHUB_APP_ID: id, GITHUB_APP_PRIVATE_KEY: value } = values;
  if (id === undefined) return undefined;
  const file = resolve(values.GITHUB_APP_PRIVATE_KEY_FILE);
  return { id: String(id), key: { name: 'GITHUB_APP_PRIVATE_KEY', ...withoutUndefined({ file, value }) } };
}
