import type { Findings, RunFact } from './oracles/findings.ts';
import { causeIn } from './oracles/forge.ts';
import { NOTHING } from './oracles/git.ts';
import type { GrantFact } from './oracles/histories.ts';

/** What must hold, whatever was done to the system. */
export const INVARIANTS = {
  I1: 'at most one live agent tree per run',
  I2: 'at most one open pull request per issue',
  I3: 'every accepted order ends in a terminal or parked state',
  I4: 'no external write of an old epoch',
  I5: 'no credential is readable by the agent',
  I6: 'the head of a pull request is the verified commit',
  I7: 'every start has an actor',
  I8: 'nothing outlives its run',
  I9: 'every stuck run is visible with a cause within 60 s',
} as const;
export type InvariantName = keyof typeof INVARIANTS;

export interface Violation {
  invariant: InvariantName;
  message: string;
}

type Check = (findings: Findings) => string[];

const CHECKS: Record<InvariantName, Check> = {
  I1: ({ overlaps, contended }) => [
    ...overlaps.slice(0, 3).map(({ run, pids }) => `run ${run} had ${pids.length} agents at once (processes ${pids.join(', ')})`),
    ...contended.map(
      (line) => `the agent of run ${line.split(' ')[1]} found its run's lock taken: processes of an earlier agent were alive`,
    ),
  ],
  I2: ({ runs }) => [...runs.flatMap(doublePulls), ...runs.flatMap(doubleComments)],
  I3: ({ runs }) => runs.flatMap(lost),
  I4: staleWrites,
  I5: ({ leaks }) => leaks.map((leak) => `an agent could read a secret: ${leak}`),
  I6: unverified,
  I7: ({ runs }) =>
    runs
      .filter(({ actors }) => actors.length === 0 || actors.includes(''))
      .map(({ order }) => `run ${order.runId} does not say who started it`),
  I8: leftBehind,
  I9: ({ stuck, runs }) => [
    ...stuck.map(
      ({ order, standing, forMs }) =>
        `run ${order.runId} did nothing for ${Math.round(forMs / 1000)} s and is ${standing.belay} without a cause`,
    ),
    ...runs
      .filter(({ standing, comments }) => standing.temporal === 'RUNNING' && standing.belay === 'parked' && !comments.some(tellsWhatToDo))
      .map(({ order }) => `run ${order.runId} is parked, and its issue does not say why and what to do`),
  ],
};

/** Every invariant that does not hold. */
export function violationsOf(findings: Findings): Violation[] {
  return (Object.keys(CHECKS) as InvariantName[]).flatMap((invariant) =>
    CHECKS[invariant](findings).map((message) => ({ invariant, message })),
  );
}

const openPulls = ({ pulls }: RunFact) => pulls.filter(({ state }) => state === 'open');

function doublePulls(run: RunFact): string[] {
  const open = openPulls(run);
  return open.length < 2
    ? []
    : [`issue #${run.order.issue} has ${open.length} open pull requests: ${open.map(({ number }) => `#${number}`).join(', ')}`];
}

function doubleComments({ order, comments }: RunFact): string[] {
  const ours = comments.filter((body) => body.includes('<!-- belay progress'));
  return ours.length < 2 ? [] : [`issue #${order.issue} has ${ours.length} living comments instead of one`];
}

const tellsWhatToDo = (comment: string): boolean => /\*\*[a-z_]+\*\*: /.test(comment) && comment.includes('belay retry');

/** Lost: neither ended nor parked, or ended well with nothing to show for it. */
function lost(run: RunFact): string[] {
  const { order, standing, end, outcome } = run;
  const name = `run ${order.runId} of issue #${order.issue}`;
  const isParked = standing.temporal === 'RUNNING' && standing.belay === 'parked';
  if (!end && !isParked)
    return [
      `${name} is lost: it is ${standing.belay} (${standing.temporal}) after ${standing.events} events, and nothing was done to it any more`,
    ];
  if (end === 'COMPLETED' && outcome === 'pull_request' && run.pulls.length === 0)
    return [`${name} says it has a pull request, and the forge has none`];
  if (order.expected === 'pull_request' && !(end === 'COMPLETED' && outcome === 'pull_request'))
    return [
      `${name} should have come to its pull request, and is ${end ?? standing.belay}${outcome ? ` (${outcome})` : ''}: ${causeOf(run)}`,
    ];
  if (order.expected === 'cancelled' && end !== 'CANCELED') return [`${name} should have been cancelled, and is ${end ?? standing.belay}`];
  return [];
}

/** As the issue tells it. */
const causeOf = ({ comments }: RunFact): string => causeIn(comments) ?? 'its issue says nothing';

/** A push of a worker after another worker was given its run. */
function staleWrites({ runs, pushes, labels }: Findings): string[] {
  const workers = new Set(labels.values());
  return runs.flatMap(({ order, grants, asked }) =>
    pushes
      .filter(({ by, ref, to }) => workers.has(by) && isOf(ref, order.runId) && !(ref.startsWith('refs/belay/') && to === NOTHING))
      .flatMap(({ at, by, ref, epoch = 0 }) => {
        const newest = grants.filter((grant) => grant.at < at).reduce((best, grant) => (grant.epoch > best.epoch ? grant : best), NO_GRANT);
        const holder = labels.get(newest.boot);
        // Whoever is asked for the next lease takes the epoch ref before it says so, and may be killed before it does.
        const isTaking = epoch > newest.epoch && asked.has(epoch);
        if (holder === undefined || holder === by || isTaking) return [];
        return [`worker ${by} moved ${ref} ${at - newest.at} ms after lease ${newest.epoch} was granted to worker ${holder}`];
      }),
  );
}

const NO_GRANT: GrantFact = { epoch: 0, boot: '', at: 0 };

const isOf = (ref: string, runId: string): boolean =>
  ref.startsWith('refs/heads/') ? ref.endsWith(`-${runId}`) : ref.startsWith(`refs/belay/${runId}/`);

function unverified({ heads, runs }: Findings): string[] {
  return heads.flatMap(({ branch, runId, sha, tree, failing, reflog }) => {
    const run = runs.find(({ order }) => order.runId === runId);
    const shown = run?.pulls.find((pull) => pull.branch === branch);
    return [
      ...(shown && shown.headSha !== sha
        ? [`pull request #${shown.number} shows ${shown.headSha.slice(0, 12)}, and its branch is at ${sha.slice(0, 12)}`]
        : []),
      // A person may push to the branch afterwards; the check is on what Belay pushed.
      ...(run && run.end && reflog[0]?.by !== 'Ada' && !run.checkedTrees.has(tree)
        ? [`${branch} holds a tree (${tree.slice(0, 12)}) that no check found good`]
        : []),
      ...(failing ? [`the tests fail on ${branch} in a fresh checkout: ${failing.slice(0, 200)}`] : []),
    ];
  });
}

function leftBehind({ leftovers, remains }: Findings): string[] {
  const { agents, workspaces, attempts, ports, refs } = leftovers;
  const say = (what: string, found: readonly unknown[]): string[] =>
    found.length === 0 ? [] : [`${what} left although every run is at rest: ${found.join(', ')}`];
  return [
    ...say('agents', agents),
    ...say('workspaces', workspaces),
    ...say('notes of attempts', attempts),
    ...say('refs of runs that have ended', refs),
    ...say('listeners on ports of workspaces', ports),
    ...(remains.length === 0 ? [] : [`processes left although every worker has stopped: ${remains.join('; ')}`]),
  ];
}
