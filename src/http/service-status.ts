import { z } from 'zod';
import { createBreakers } from '../activities/breakers.ts';
import { CLOSED_STATUSES, ENGINES, RUN_STATUSES } from '../contracts/constants.ts';
import { BelayError } from '../contracts/errors.ts';
import { HOST_RECORD_FRESH_MS } from '../contracts/records.ts';
import { FORGES } from '../contracts/repository.ts';
import { pingTemporal } from '../temporal/temporal-access.ts';
import type { ApiDependencies } from './dependencies.ts';
import { time } from './schemas/run.ts';

const memory = z.object({ usedBytes: z.int(), totalBytes: z.int() });
const host = z.object({
  id: z.string(),
  name: z.string(),
  serves: z.boolean().meta({ description: 'It was heard of in the last minute' }),
  at: time,
  slots: z.int(),
  held: z.int(),
  runs: z.array(z.string()),
  obstacle: z.string().optional().meta({ description: 'Why one more run would have to wait there' }),
  memory,
});

/** What is said of the service as a whole. */
export const statusSchema = z
  .object({
    active: z.int().meta({ description: 'Runs that are not closed' }),
    queued: z.int().meta({ description: 'Of those, how many have no workspace or wait' }),
    runs: z.partialRecord(z.enum(RUN_STATUSES), z.int()),
    slots: z.object({ total: z.int(), held: z.int() }),
    hosts: z.array(host),
    breakers: z.array(z.object({ name: z.string(), openUntil: time.optional() })),
    callsPerMinute: z.object({ github: z.int(), agents: z.int().optional(), token: z.int(), address: z.int() }),
    temporal: z.enum(['ok', 'unreachable']),
  })
  .meta({ id: 'ServiceStatus' });

export async function serviceStatus(deps: ApiDependencies): Promise<z.output<typeof statusSchema>> {
  const { ledger, config } = deps;
  const [statistics, records, breakers, temporal] = await Promise.all([
    ledger.runStatistics(),
    ledger.listHosts(),
    openBreakers(deps),
    temporalState(deps),
  ]);
  const runs: Partial<Record<(typeof RUN_STATUSES)[number], number>> = {};
  for (const { status, count } of statistics.runs) runs[status] = (runs[status] ?? 0) + count;
  const sum = (statuses: readonly (keyof typeof runs)[]): number => statuses.reduce((total, each) => total + (runs[each] ?? 0), 0);
  const hosts = records.map((record) => ({ ...record, serves: Date.now() - Date.parse(record.at) < HOST_RECORD_FRESH_MS }));
  const serving = hosts.filter(({ serves }) => serves);
  return {
    active: sum(RUN_STATUSES.filter((each) => !CLOSED_STATUSES.includes(each))),
    queued: sum(['pending', 'waiting']),
    runs,
    slots: { total: serving.reduce((all, { slots }) => all + slots, 0), held: serving.reduce((all, { held }) => all + held, 0) },
    hosts,
    breakers,
    callsPerMinute: { ...config.callsPerMinute, ...config.api.callsPerMinute },
    temporal,
  };
}

async function openBreakers({ ledger, config, log }: ApiDependencies): Promise<{ name: string; openUntil?: string }[]> {
  const breakers = createBreakers({ ledger, ...config.breakers, onProblem: (error, message) => log.warn(error, message) });
  const all = [...ENGINES.map((name) => ['engine', name] as const), ...FORGES.map((name) => ['forge', name] as const)];
  return Promise.all(
    all.map(async ([kind, name]) => {
      try {
        await breakers(kind, name).check();
        return { name: `${kind}:${name}` };
      } catch (error) {
        if (!(error instanceof BelayError) || error.code !== 'breaker_open') throw error;
        return { name: `${kind}:${name}`, ...(error.retryAt ? { openUntil: error.retryAt.toISOString() } : {}) };
      }
    }),
  );
}

async function temporalState({ temporal }: ApiDependencies): Promise<'ok' | 'unreachable'> {
  try {
    await temporal.use(pingTemporal);
    return 'ok';
  } catch (error) {
    if (error instanceof BelayError) return 'unreachable';
    throw error;
  }
}
