import { extname, posix } from 'node:path';
import { z } from 'zod';
import { PHASES } from '../../contracts/constants.ts';
import { BelayError } from '../../contracts/errors.ts';
import { ARTIFACT_KINDS } from '../../contracts/records.ts';
import type { ArtifactRecord } from '../../contracts/records.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { pageOf, pageOfSchema, paging, wholeNumber } from '../schemas/page.ts';
import { runId, runParams, time } from '../schemas/run.ts';
import { nothing, visibleRun } from '../visible-run.ts';

/** Text of agents and tests is never shown as a page: a browser keeps it as a file. */
const MEDIA_TYPES: Record<string, string> = {
  '.json': 'application/json',
  '.jsonl': 'application/x-ndjson',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.diff': 'text/x-diff; charset=utf-8',
  '.xml': 'application/xml',
  '.png': 'image/png',
};
const bare = (mediaType: string): string => mediaType.replace(/;.*/, '');
const BYTES = 'application/octet-stream';

const artifactId = z
  .string()
  .regex(/^[0-9a-f]{20}$/, 'must be the id of an artifact: 20 hexadecimal digits')
  .meta({ id: 'ArtifactId' });

const artifact = z
  .object({
    id: artifactId,
    runId,
    type: z.enum(ARTIFACT_KINDS),
    name: z.string(),
    phase: z.enum(PHASES).optional(),
    step: z.int().optional(),
    bytes: z.int(),
    mediaType: z.string(),
    sha256: z.string(),
    createdAt: time,
    download: z.string().meta({ description: 'Where its content is' }),
  })
  .meta({ id: 'Artifact' });

const list = defineRoute({
  method: 'get',
  path: '/api/runs/{id}/artifacts',
  summary: 'The files that a run left',
  tag: 'Records',
  access: 'viewer',
  params: runParams,
  query: z.strictObject({
    phase: z.enum(PHASES).optional(),
    step: wholeNumber({ min: 1, max: 1_000_000 }).optional(),
    type: z.enum(ARTIFACT_KINDS).optional(),
    ...paging,
  }),
  success: { status: 200, description: 'A page of them, the oldest first', schema: pageOfSchema(artifact) },
  async handle(call) {
    const { deps, query } = call;
    const { id } = await visibleRun(call, call.params.id);
    const [artifacts, steps] = await Promise.all([deps.ledger.listArtifacts(id), deps.ledger.listSteps(id)]);
    const phases = new Map(steps.map(({ number, phase }) => [number, phase]));
    const all = artifacts.map((each) => shown(each, each.step === undefined ? undefined : phases.get(each.step)));
    const wanted = all.filter(({ phase, step, type }) =>
      [
        [query.phase, phase],
        [query.step, step],
        [query.type, type],
      ].every(([asked, given]) => asked === undefined || asked === given),
    );
    return { json: pageOf(wanted, query) };
  },
});

const download = defineRoute({
  method: 'get',
  path: '/api/artifacts/{id}/download',
  summary: 'The content of one of these files',
  tag: 'Records',
  access: 'viewer',
  params: z.strictObject({ id: artifactId }),
  success: { status: 200, description: 'As it was written', mediaType: BYTES },
  alternatives: [...new Set(Object.values(MEDIA_TYPES).map(bare))].map((mediaType) => ({
    status: 200,
    description: 'As it was written',
    mediaType,
  })),
  problems: ['earlier_work_missing'],
  async handle(call) {
    const { id } = call.params;
    const record = await call.deps.ledger.getArtifact(id);
    if (!record) throw noArtifact(id);
    await visibleRun(call, record.runId).catch((error: unknown) => {
      // What may not be seen is not there, and belongs to nobody.
      throw error instanceof BelayError && error.code === 'not_found' ? noArtifact(id) : error;
    });
    const file = await call.deps.files.openArtifact(record).catch((error: unknown) => {
      // A record that leads out of its run's folder is no artifact.
      throw error instanceof BelayError && error.code === 'invalid_input' ? noArtifact(id) : error;
    });
    const { mediaType, name } = shown(record);
    const headers = { 'content-type': mediaType, 'content-disposition': `attachment; filename="${name}"` };
    return { headers, body: file.createReadStream() };
  },
});

const noArtifact = (id: string): BelayError => nothing(`There is no artifact ${id}.`);

function shown({ path, kind: type, ...record }: ArtifactRecord, phase?: (typeof PHASES)[number]): z.output<typeof artifact> {
  const { id, runId, step, bytes, sha256, createdAt } = record;
  return {
    id,
    runId,
    type,
    name: posix.basename(path).replaceAll(/[^\w.-]/g, '-'),
    ...(phase === undefined ? {} : { phase }),
    ...(step === undefined ? {} : { step }),
    bytes,
    mediaType: MEDIA_TYPES[extname(path).toLowerCase()] ?? BYTES,
    sha256,
    createdAt,
    download: `/api/artifacts/${id}/download`,
  };
}

export const ARTIFACT_ROUTES: readonly Route[] = [list, download];
