import { z } from 'zod';
import { PIPELINES } from '../../contracts/constants.ts';
import type { PipelineName } from '../../contracts/constants.ts';
import { BelayError } from '../../contracts/errors.ts';
import { audited } from '../audit.ts';
import { maySee } from '../caller.ts';
import { defineRoute } from '../route.ts';
import type { Route } from '../route.ts';
import { pageOf, pageOfSchema, pageQuery } from '../schemas/page.ts';
import { runPageSchema } from '../schemas/run-page.ts';
import { time } from '../schemas/run.ts';
import { serviceStatus, statusSchema } from '../service-status.ts';
import { nothing } from '../visible-run.ts';

const parked = defineRoute({
  method: 'get',
  path: '/api/parked',
  summary: 'Runs that need a person: the longest parked are last',
  tag: 'Runs',
  access: 'viewer',
  query: pageQuery,
  success: { status: 200, description: 'A page of them', schema: runPageSchema },
  async handle({ deps, caller, query }) {
    const { page, limit } = query;
    const repositories = caller.repositories ? { repositories: caller.repositories } : {};
    return { json: { ...(await deps.ledger.pageRuns({ status: 'parked', ...repositories, page, limit })), page, limit } };
  },
});

/** As in docs/pipelines.md. */
const PIPELINE_WORDS: Record<PipelineName, string> = {
  sdlc: 'The whole way from an issue to a pull request.',
  planBuild: 'Classify, plan and implement.',
  planBuildTest: 'And test.',
  planBuildTestReview: 'And review: everything but publishing.',
  plan: 'A plan alone.',
  build: 'Implements what an earlier run of the issue planned.',
  test: 'Tests what an earlier run of the issue built.',
  review: 'Reviews what an earlier run of the issue built.',
  document: 'Documents what an earlier run of the issue built.',
  ship: 'Publishes what an earlier run of the issue built.',
};

const pipelines = defineRoute({
  method: 'get',
  path: '/api/pipelines',
  summary: 'What runs can be told to do',
  tag: 'Service',
  access: 'viewer',
  query: pageQuery,
  success: {
    status: 200,
    description: 'All pipelines',
    schema: pageOfSchema(z.object({ name: z.enum(PIPELINES), description: z.string() })),
  },
  handle: ({ query }) =>
    Promise.resolve({
      json: pageOf(
        PIPELINES.map((name) => ({ name, description: PIPELINE_WORDS[name] })),
        query,
      ),
    }),
});

const repository = z.object({ slug: z.string(), runs: z.int(), createdAt: time, lastRunAt: time.optional() }).meta({ id: 'Repository' });

const repositories = defineRoute({
  method: 'get',
  path: '/api/repositories',
  summary: 'Repositories that have runs',
  tag: 'Service',
  access: 'viewer',
  query: pageQuery,
  success: { status: 200, description: 'A page of them, by name', schema: pageOfSchema(repository) },
  async handle({ deps, caller, query }) {
    const all = await deps.ledger.listRepositories();
    return {
      json: pageOf(
        all.filter(({ slug }) => maySee(caller, slug)),
        query,
      ),
    };
  },
});

const part = z.string().regex(/^[\w.-]{1,100}$/, 'must be a part of owner/name');

const deleteRepository = defineRoute({
  method: 'delete',
  path: '/api/repositories/{owner}/{name}',
  summary: 'Remove all runs of a repository, which have to be closed, with everything that is recorded of them',
  tag: 'Service',
  access: 'admin',
  params: z.strictObject({ owner: part, name: part }),
  success: { status: 204, description: 'They are gone' },
  problems: ['wrong_state'],
  async handle(call) {
    const { deps, caller, params } = call;
    const slug = `${params.owner}/${params.name}`.toLowerCase();
    const known = (await deps.ledger.listRepositories()).some((each) => each.slug === slug);
    if (!known || !maySee(caller, slug)) throw nothing(`There is no repository ${slug}.`);
    await audited(call, { action: 'repository.delete', target: slug }, async () => {
      const runIds = await deps.ledger.deleteRepository(slug).catch((error: unknown) => {
        throw error instanceof BelayError && error.code === 'invalid_input' ? stillOpen(error) : error;
      });
      for (const runId of runIds) await deps.files.remove(runId);
    });
    return {};
  },
});

const stillOpen = ({ message, hint }: BelayError): BelayError => new BelayError({ code: 'wrong_state', message, hint });

const status = defineRoute({
  method: 'get',
  path: '/status',
  summary: 'How the service stands: runs, hosts, slots, memory, breakers, limits',
  tag: 'Service',
  access: 'viewer',
  everywhere: true,
  success: { status: 200, description: 'As of now', schema: statusSchema },
  handle: async ({ deps }) => ({ json: await serviceStatus(deps) }),
});

export const SERVICE_ROUTES: readonly Route[] = [parked, pipelines, repositories, deleteRepository, status];
