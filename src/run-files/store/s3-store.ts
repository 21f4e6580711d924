import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type * as S3 from '@aws-sdk/client-s3';
import type * as Storage from '@aws-sdk/lib-storage';
import { keyOf, PROBE, runKey, unusableStore } from './artifact-store.ts';
import type { ArtifactStore, ByteRange, StoredArtifact } from './artifact-store.ts';

export interface S3Place {
  bucket: string;
  /** Without slashes at its ends; may be empty. */
  prefix: string;
  /** Of a store that is not Amazon's own. */
  endpoint?: string;
  region?: string;
  /** Read anew now and then; unset: wherever the SDK finds some. */
  credentials?: () => Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string; expiration: Date }>;
}

/** No packet for so long: the store has gone. A reader may be slower than that, but is left earlier. */
const IDLE_MS = 90_000;
const CONNECT_MS = 5000;
/** Amazon's own limit for one call. */
const REMOVED_AT_ONCE = 1000;

/** An S3-compatible store. The SDK signs, and tries again what fails in passing. */
export function createS3Store(place: S3Place): ArtifactStore {
  const { bucket, prefix } = place;
  const where = `s3://${bucket}${prefix ? `/${prefix}` : ''}`;
  let loading: Promise<Sdk> | undefined;
  const sdk = (): Promise<Sdk> => (loading ??= load(place));
  const keyIn = (key: string): string => (prefix ? `${prefix}/${key}` : key);
  const used = async <T>(call: (sdk: Sdk) => Promise<T>): Promise<T> => {
    try {
      return await call(await sdk());
    } catch (error) {
      throw unusableStore(where, error);
    }
  };
  return {
    where,
    put: (artifact, content, signal) => used((loaded) => put(loaded, { bucket, key: keyIn(keyOf(artifact)), artifact, content, signal })),
    get: (artifact, range) => used((loaded) => get(loaded, { bucket, key: keyIn(keyOf(artifact)), range })),
    removeRun: (runId, signal) => used((loaded) => removeAll(loaded, { bucket, prefix: `${keyIn(runKey(runId))}/`, signal })),
    check: () => used((loaded) => probe(loaded, { bucket, key: keyIn(`${PROBE}-${randomUUID()}`) })),
  };
}

type Sdk = Pick<typeof S3, 'GetObjectCommand' | 'PutObjectCommand' | 'DeleteObjectsCommand' | 'ListObjectsV2Command'> & {
  client: S3.S3Client;
  Upload: typeof Storage.Upload;
};

/** Whoever has no such store is spared what it loads. */
async function load({ endpoint, region, credentials }: S3Place): Promise<Sdk> {
  const [library, { Upload }] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
  const client = new library.S3Client({
    ...(endpoint ? { endpoint, forcePathStyle: true } : {}),
    ...(region ? { region } : {}),
    ...(credentials ? { credentials } : {}),
    // Stores that are not Amazon's own do not all know the newer checksums; content is checked by its SHA-256.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
  });
  return { ...library, client, Upload };
}

interface Putting {
  bucket: string;
  key: string;
  artifact: StoredArtifact;
  content: Readable;
  signal?: AbortSignal | undefined;
}

/** In parts where it is large: one of them at a time is in memory, and each can be sent again. */
async function put({ client, Upload }: Sdk, { bucket, key, artifact, content, signal }: Putting): Promise<void> {
  const { mediaType, sha256 } = artifact;
  const params = { Bucket: bucket, Key: key, Body: content, ContentType: mediaType, Metadata: { sha256 } };
  const upload = new Upload({ client, params, queueSize: 1 });
  const abort = (): void => void upload.abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    signal?.throwIfAborted();
    await upload.done();
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

async function get(
  { client, GetObjectCommand }: Sdk,
  { bucket, key, range }: { bucket: string; key: string; range?: ByteRange | undefined },
): Promise<Readable | undefined> {
  const part = range ? { Range: `bytes=${range.first}-${range.last}` } : {};
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...part }));
    if (!(Body instanceof Readable)) throw new Error('it answered with no content');
    return Body;
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
    throw error;
  }
}

interface Removing {
  bucket: string;
  prefix: string;
  signal?: AbortSignal | undefined;
}

async function removeAll(sdk: Sdk, { bucket, prefix, signal }: Removing): Promise<void> {
  const { client, ListObjectsV2Command, DeleteObjectsCommand } = sdk;
  const until = signal ? { abortSignal: signal } : {};
  for (;;) {
    const list = new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: REMOVED_AT_ONCE });
    const keys = ((await client.send(list, until)).Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]));
    if (keys.length === 0) return;
    const { Errors: [first] = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys, Quiet: true } }),
      until,
    );
    if (first) throw new Error(`${first.Key} could not be removed: ${first.Message ?? first.Code}`);
  }
}

/** All that is done with it: a key may be allowed one of them and not another. */
async function probe(sdk: Sdk, { bucket: Bucket, key }: { bucket: string; key: string }): Promise<void> {
  const { client, PutObjectCommand, GetObjectCommand } = sdk;
  const place = { Bucket, Key: `${key}/probe` };
  await client.send(new PutObjectCommand({ ...place, Body: PROBE }));
  await (await client.send(new GetObjectCommand(place))).Body?.transformToString();
  await removeAll(sdk, { bucket: Bucket, prefix: `${key}/` });
}
