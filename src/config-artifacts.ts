import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { httpUrl, secretWord } from './config-values.ts';
import type { Kind } from './config-values.ts';
import { optional } from './config-variable.ts';
import type { Environment } from './config-variables.ts';
import { withoutUndefined } from './contracts/without-undefined.ts';
import type { Secrets } from './config-secrets.ts';
import type { Secret } from './secret.ts';

/** Where hosts have the files of runs in common. */
export type ArtifactsPlace =
  | { folder: string }
  | {
      bucket: string;
      prefix: string;
      endpoint?: string;
      region?: string;
      /** Unset: wherever the SDK finds some. */
      credentials?: { accessKeyId: Secret; secretAccessKey: Secret; sessionToken?: Secret };
    };

const BUCKET = /^s3:\/\/([a-z\d][a-z\d.-]{1,61}[a-z\d])(?:\/([\w.~-]+(?:\/[\w.~-]+)*)?\/?)?$/;

const artifactsUrl: Kind<{ folder: string } | { bucket: string; prefix: string }> = {
  schema: z.string().transform((url, context) => {
    const [, bucket, prefix = ''] = BUCKET.exec(url) ?? [];
    const folder = bucket === undefined ? folderOf(url) : undefined;
    if (bucket !== undefined && !prefix.split('/').includes('..')) return { bucket, prefix };
    if (folder !== undefined) return { folder };
    context.addIssue({ code: 'custom', message: 'no store' });
    return z.NEVER;
  }),
  allowed: 'file:/// with an absolute path, or s3://bucket or s3://bucket/prefix',
};

/** Of this machine: `file://host/…` is none. */
function folderOf(url: string): string | undefined {
  if (!/^file:\/\/\/[^?#\0]+$/.test(url)) return undefined;
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

export const artifactVariables = {
  BELAY_ARTIFACTS_URL: optional(artifactsUrl, {
    group: 'Artifacts',
    description:
      'Where hosts have the files of runs in common, for an API that is not on the host of the workers: a folder that all of them mount, or an S3-compatible store. Unset: each host has its own.',
    example: 's3://belay/artifacts',
  }),
  AWS_ENDPOINT_URL_S3: optional(httpUrl, {
    group: 'Artifacts',
    description: "The address of an S3-compatible store that is not Amazon's own; buckets are then in the path.",
    example: 'https://minio.example.com',
  }),
  AWS_ENDPOINT_URL: optional(httpUrl, {
    group: 'Artifacts',
    description: 'The same for all services; AWS_ENDPOINT_URL_S3 wins.',
    example: 'https://minio.example.com',
  }),
  AWS_REGION: optional(secretWord, { group: 'Artifacts', description: 'The region of the bucket.', example: 'eu-central-1' }),
  AWS_ACCESS_KEY_ID: optional(secretWord, {
    group: 'Artifacts',
    description: 'Whose key it is. Without one, the SDK looks where it always does: profiles, roles of the machine or of the pod.',
    secret: true,
  }),
  AWS_SECRET_ACCESS_KEY: optional(secretWord, { group: 'Artifacts', description: 'That key.', secret: true }),
  AWS_SESSION_TOKEN: optional(secretWord, { group: 'Artifacts', description: 'Goes with keys that end.', secret: true }),
};

export function artifactsPlace(values: Environment, secrets: Secrets): ArtifactsPlace | undefined {
  const place = values.BELAY_ARTIFACTS_URL;
  if (!place || 'folder' in place) return place;
  const endpoint = values.AWS_ENDPOINT_URL_S3 ?? values.AWS_ENDPOINT_URL;
  // Stores that are not Amazon's own have none, and requests are signed for one all the same.
  const region = values.AWS_REGION ?? (endpoint === undefined ? undefined : 'us-east-1');
  return { ...place, ...withoutUndefined({ endpoint, region, credentials: credentialsOf(secrets) }) };
}

function credentialsOf(secrets: Secrets): Extract<ArtifactsPlace, { bucket: string }>['credentials'] {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = secrets;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}
