import type { Environment } from './config-variables.ts';
import type { Secrets } from './config-secrets.ts';
import type { Secret } from './secret.ts';

export interface TriggerConfig {
  /** `owner/name`, or `owner/*`. */
  repositories: string[];
  /** The one that asks for a run. */
  label: string;
  /** Logins of bots whose word counts. */
  bots: string[];
  pollMs: number;
  /** What webhooks may be signed with. */
  secrets: Secret[];
}

export interface GitHubAppConfig {
  id: string;
  key: Secret;
}

export function triggerConfig(values: Environment, secrets: Secrets): TriggerConfig {
  return {
    repositories: values.BELAY_REPOSITORIES ?? [],
    label: values.BELAY_TRIGGER_LABEL,
    bots: values.BELAY_TRIGGER_BOTS ?? [],
    pollMs: values.BELAY_POLL_SECONDS,
    secrets: [secrets.GITHUB_WEBHOOK_SECRET, secrets.GITHUB_WEBHOOK_SECRET_PREVIOUS].filter((secret) => secret !== undefined),
  };
}

/** Undefined where Belay works with a token. */
export function gitHubAppConfig({ GITHUB_APP_ID: id }: Environment, { GITHUB_APP_PRIVATE_KEY: key }: Secrets): GitHubAppConfig | undefined {
  return id === undefined || key === undefined ? undefined : { id: String(id), key };
}
