import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';
import { ORCHESTRATOR_QUEUE } from '../contracts/constants.ts';
import type { PipelineName } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { issueWorkflowId, repositorySlug } from '../contracts/repository.ts';
import type { RunInput } from '../contracts/run-input.ts';
import { plainLine } from '../contracts/text.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { RunFiles } from '../run-files/run-files.ts';
import type { Order } from './order.ts';
import { requireIntake } from './pause.ts';

type Pipeline = (input: RunInput) => Promise<unknown>;

/** Bytes, by Temporal's protocol; just as long as a hash. */
const MAX_FAIRNESS_KEY = 64;
/** In gRPC's protocol. */
const INVALID_ARGUMENT = 3;

const keyword = (name: string) => defineSearchAttributeKey(name, SearchAttributeType.KEYWORD);

export interface Started {
  /** Of the run that is open now: the new one, or the one that was there. */
  workflowId: string;
  /** Unknown where another's open run was found. */
  runId?: string;
  joined: boolean;
}

/** The issue's workflow id: the same issue cannot be worked on twice at once. */
export function workflowIdOf({ repository, issue }: Pick<RunInput, 'repository' | 'issue'>, runId: string): string {
  return issue ? issueWorkflowId(repository, issue.key) : `${repository.forge}:${repositorySlug(repository)}@${runId}`;
}

export interface StartDependencies {
  client: Client;
  ledger: Ledger;
  files: RunFiles;
}

/** The one place where runs begin: takes an id and starts the pipeline, or joins the issue's open run. Throws intake_paused. */
export async function startRun(deps: StartDependencies, order: Order): Promise<Started> {
  return startReserved(deps, order, await reserveRun(deps, order));
}

/** Takes an id for the run of an order. `startReserved` starts it. Throws intake_paused. */
export async function reserveRun({ ledger }: Pick<StartDependencies, 'ledger'>, { input }: Order): Promise<string> {
  await requireIntake(ledger);
  const { repository, issue, pipeline, triggeredBy, createdAt, engine } = input;
  return ledger.reserveRun({
    pipeline,
    repository: repositorySlug(repository),
    engine,
    triggeredBy,
    createdAt,
    ...(issue ? { issueKey: issue.key } : {}),
    workflowId: (runId) => workflowIdOf(input, runId),
  });
}

/** Starts the pipeline under an id that was taken for it; the id is given back where nothing came of it. */
export async function startReserved(
  { client, ledger, files }: StartDependencies,
  { input: order, plan }: Order,
  id: string,
): Promise<Started> {
  const workflowId = workflowIdOf(order, id);
  try {
    const given = plan === undefined ? {} : { plan: await keepPlan({ ledger, files }, id, plan) };
    await start(client, { ...order, ...given, fairnessKey: fairnessKeyOf(order), id }, workflowId);
    return { workflowId, runId: id, joined: false };
  } catch (error) {
    const isTaken = error instanceof WorkflowExecutionAlreadyStartedError;
    if (isTaken || isUncertain(error)) {
      const there = await runUnder(client, workflowId).catch(() => 'unknown');
      // By an attempt whose answer nobody has seen.
      if (there === id) return { workflowId, runId: id, joined: false };
      if (there === 'unknown' && !isTaken) throw notAnswered(error);
    }
    await ledger.discardReservation(id);
    if (isTaken) return { workflowId, joined: true };
    throw error instanceof ServiceError ? notStarted(error) : error;
  }
}

/** Of gRPC (https://grpc.github.io/grpc/core/md_doc_statuscodes.html): the service has said no. The others leave open what it has done. */
const REFUSALS = [INVALID_ARGUMENT, 5, 7, 8, 9, 12, 16];
/** As grpc-js says it. */
const NEVER_SENT = /No connection established|ECONNREFUSED|ENOTFOUND/;

function isUncertain(error: unknown): error is ServiceError {
  // Without a status nothing was sent.
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code, details }: { code: number; details: string } = error.cause;
  return !REFUSALS.includes(code) && !NEVER_SENT.test(details);
}

/** The id of the newest run under this workflow id. */
async function runUnder(client: Client, workflowId: string): Promise<string | undefined> {
  try {
    const { memo } = await client.workflow.getHandle(workflowId).describe();
    return typeof memo?.['runId'] === 'string' ? memo['runId'] : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

const notAnswered = (cause: ServiceError): BelayError =>
  new BelayError({
    code: 'temporal_unreachable',
    message: 'Temporal did not say whether the run has begun.',
    hint: '`belay list` shows it when it has. Given again, an issue is worked on once; a request would be a second run.',
    cause,
  });

/** One person's many runs in a repository do not hold up all others: whoever has the same key waits for each other. */
function fairnessKeyOf({ repository, triggeredBy }: Pick<RunInput, 'repository' | 'triggeredBy'>): string {
  const key = `${repositorySlug(repository)} ${triggeredBy}`;
  if (Buffer.byteLength(key) <= MAX_FAIRNESS_KEY) return key;
  return createHash('sha256').update(key).digest('hex');
}

/** With search attributes, unless the service does not know them (Temporal Cloud lets no worker register them): its lists lack them then. */
async function start(client: Client, input: RunInput, workflowId: string): Promise<void> {
  const options = startOptions(input, workflowId);
  const pipeline = input.pipeline satisfies PipelineName;
  try {
    await client.workflow.start<Pipeline>(pipeline, { ...options, typedSearchAttributes: searchAttributes(input) });
  } catch (error) {
    if (!isUnknownAttribute(error)) throw error;
    await client.workflow.start<Pipeline>(pipeline, options);
  }
}

function isUnknownAttribute(error: unknown): boolean {
  if (!(error instanceof ServiceError) || !isGrpcServiceError(error.cause)) return false;
  const { code, details }: { code: number; details: string } = error.cause;
  return code === INVALID_ARGUMENT && /search attribute/i.test(details);
}

function notStarted(cause: ServiceError): BelayError {
  const reason = isGrpcServiceError(cause.cause) ? cause.cause.details : cause.message;
  return new BelayError({
    code: 'temporal_unreachable',
    message: `Temporal did not start the run: ${reason}`,
    hint: 'Nothing has begun. `belay doctor` checks the service; then run it again.',
    cause,
  });
}

async function keepPlan({ ledger, files }: Omit<StartDependencies, 'client'>, runId: string, text: string) {
  const artifact = await files.writeArtifact({ runId, kind: 'plan', name: 'plan.md', text });
  await ledger.recordArtifact(artifact);
  return { artifactId: artifact.id, hash: artifact.sha256 };
}

function startOptions(input: RunInput, workflowId: string) {
  const { id, issue, request } = input;
  const title = plainLine(issue ? `#${issue.key} ${issue.title}` : (request ?? ''), 120);
  return {
    workflowId,
    taskQueue: ORCHESTRATOR_QUEUE,
    args: [input] as [RunInput],
    workflowIdConflictPolicy: 'FAIL' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    staticSummary: title,
    memo: { runId: id, title },
  };
}

function searchAttributes({ id, repository, issue, engine }: RunInput): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: keyword('BelayRunId'), value: id },
    { key: keyword('BelayRepository'), value: repositorySlug(repository) },
    { key: keyword('BelayStatus'), value: 'pending' },
    { key: keyword('BelayEngine'), value: engine },
    ...(issue ? [{ key: keyword('BelayIssue'), value: `${repositorySlug(repository)}#${issue.key}` }] : []),
  ]);
}
