import { z } from 'zod';
import { PHASES } from '../../contracts/constants.ts';
import { BelayError } from '../../contracts/errors.ts';
import { ARTIFACT_KINDS } from '../../contracts/records.ts';
import type { ArtifactRecord } from '../../contracts/records.ts';
import { withoutUndefined } from '../../contracts/without-undefined.ts';
import { MEDIA_TYPES } from '../../run-files/media-types.ts';
import type { OpenArtifact } from '../../run-files/open-artifact.ts';
import { byteRangeOf, rangeHeaders } from '../byte-range.ts';
import { defineRoute } from '../route.ts';
import type { Answer, Route } from '../route.ts';
import { pageOf, pageOfSchema, paging, wholeNumber } from '../schemas/page.ts';
import { runId, runParams, time } from '../schemas/run.ts';
import { nothing, visibleRun } from '../visible-run.ts';

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
    session: z.string().optional().meta({ description: "The agent's session that it came from" }),
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
    const all = (await deps.ledger.listArtifacts(id)).map(shown);
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
  summary: 'The content of one of these files, from this host or from the store',
  tag: 'Records',
  access: 'viewer',
  params: z.strictObject({ id: artifactId }),
  ranged: true,
  success: { status: 200, description: 'As it was written', mediaType: BYTES },
  alternatives: MEDIA_TYPES.map(bare).flatMap((mediaType) => [
    { status: 200, description: 'As it was written', mediaType },
    { status: 206, description: 'The part that was asked for', mediaType },
  ]),
  problems: ['earlier_work_missing', 'range_not_satisfiable', 'artifact_store_unusable'],
  async handle(call) {
    const { id } = call.params;
    const record = await call.deps.ledger.getArtifact(id);
    if (!record) throw noArtifact(id);
    await visibleRun(call, record.runId).catch((error: unknown) => {
      // What may not be seen is not there, and belongs to nobody.
      throw error instanceof BelayError && error.code === 'not_found' ? noArtifact(id) : error;
    });
    try {
      return await sent(record, await call.deps.files.openArtifact(record), call.range);
    } catch (error) {
      // A record that leads out of its run's folder is no artifact.
      throw error instanceof BelayError && error.code === 'invalid_input' ? noArtifact(id) : error;
    }
  },
});

/** Text of agents and tests is never shown as a page: a browser keeps it as a file. */
async function sent({ mediaType, name }: ArtifactRecord, file: OpenArtifact, asked: string | undefined): Promise<Answer> {
  try {
    const range = byteRangeOf(asked, file.bytes);
    const headers = { 'content-type': mediaType, 'content-disposition': `attachment; filename="${name.replaceAll(/[^\w.-]/g, '-')}"` };
    const body = await file.read(range);
    return { status: range ? 206 : 200, headers: { ...headers, ...rangeHeaders(range, file.bytes) }, body };
  } catch (error) {
    await file.close();
    throw error;
  }
}

const noArtifact = (id: string): BelayError => nothing(`There is no artifact ${id}.`);

function shown({ kind: type, path: _place, sessionId: session, ...record }: ArtifactRecord): z.output<typeof artifact> {
  return { type, ...record, ...withoutUndefined({ session }), download: `/api/artifacts/${record.id}/download` };
}

export const ARTIFACT_ROUTES: readonly Route[] = [list, download];
