import { ApplicationFailure, condition, isCancellation, log, setHandler } from '@temporalio/workflow';
import { MAX_MESSAGE } from '../contracts/constants.ts';
import type { ApprovalName } from '../contracts/constants.ts';
import type { IssueRef } from '../contracts/repository.ts';
import type { RunView } from '../contracts/run-view.ts';
import { requireMeant } from './addressed.ts';
import { tellPeople } from './comment.ts';
import { park, troubleOf, Withdrawn } from './failures.ts';
import { approveUpdate, rejectUpdate } from './messages.ts';
import type { ApproveOrder, RejectOrder } from './messages.ts';
import type { Phase } from './phase.ts';
import { plan } from './phases/plan.ts';
import type { Run } from './run.ts';
import { findBy } from './search-attributes.ts';
import { showWait, showWaitOver } from './view.ts';

/** A place in a pipeline where a person may have to say yes. */
export interface Gate {
  readonly gate: ApprovalName;
}

export type PipelinePart = Phase | Gate;

export const approval = (gate: ApprovalName): Gate => ({ gate });

type Verdict = { approved: string; by: string | undefined } | { rejected: string; by: string | undefined };

const DAY_MS = 24 * 60 * 60_000;
const REMINDER_MS = DAY_MS;
const EXPIRY_MS = 7 * DAY_MS;
/** Of a person, in characters. */
const MAX_NAME = 200;
/** A plan that is sent back more often is no matter of planning any more. */
const MAX_REJECTIONS = 3;

/** Waits for people's word, with nothing held meanwhile. */
export class Approvals {
  readonly #run: Run;
  #verdict: Verdict | undefined;

  constructor(run: Run) {
    this.#run = run;
    setHandler(approveUpdate, (order) => this.#approve(order), { validator: (order) => this.#check(order) });
    setHandler(rejectUpdate, (order) => this.#reject(order), { validator: (order) => this.#checkReason(order) });
  }

  /** Lets the run pass once a person has approved, where that is wanted. A plan that is sent back is made anew. */
  async pass({ gate }: Gate): Promise<void> {
    const run = this.#run;
    if (!(await this.#isWanted(gate))) return this.#noticeEdits(gate);
    const place = `approve-${gate}`;
    while (!run.results.get(place)) {
      const verdict = await this.#ask(gate);
      if ('rejected' in verdict) await this.#sendBack(gate, verdict.rejected);
      // Only a yes is kept as the result of this place.
      else await run.results.keepStep(place, async () => verdict);
    }
    await this.#noticeEdits(gate);
  }

  async #isWanted(gate: ApprovalName): Promise<boolean> {
    const { settings } = await this.#run.position();
    const wanted = this.#run.input.requested?.approve ?? settings.approve ?? [];
    // A plan that was given is a person's already.
    return wanted.includes(gate) && (gate !== 'plan' || (this.#run.state.view.plan !== undefined && !this.#run.input.plan));
  }

  async #ask(gate: ApprovalName, about = 'a person has to approve'): Promise<Verdict> {
    const run = this.#run;
    const { view } = run.state;
    const hash = gate === 'plan' ? (view.plan?.hash ?? '') : (await run.position()).to;
    const { approvalReminderMs = REMINDER_MS, approvalExpiryMs = EXPIRY_MS } = run.limits;
    await run.release();
    this.#verdict = undefined;
    view.approval = { of: gate, hash, since: new Date().toISOString() };
    delete view.currentStep;
    showWait(view, { kind: 'approval', until: Date.now() + approvalExpiryMs, message: `${about} ${WHAT[gate]}` });
    await this.#told();
    try {
      await tellPeople(run);
      const reminded = await this.#decided(Math.min(approvalReminderMs, approvalExpiryMs));
      if (!reminded && approvalReminderMs < approvalExpiryMs) {
        await this.#look();
        await tellPeople(run);
        await this.#decided(approvalExpiryMs - approvalReminderMs);
      }
    } finally {
      delete view.approval;
      showWaitOver(view);
      if (this.#verdict) run.notices.soon('run.resumed');
      await this.#told();
    }
    const verdict = this.#verdict as Verdict | undefined;
    if (verdict === undefined) throw park(expired(gate, view.id));
    if ('approved' in verdict) noteApproval(view, gate, verdict);
    return verdict;
  }

  async #told(): Promise<void> {
    findBy({ status: this.#run.state.view.status });
    await this.#run.record();
  }

  /** Nobody approves what nobody wants any more. */
  async #look(): Promise<void> {
    const { issue, repository } = this.#run.input;
    if (issue) await digestNow(this.#run, { tracker: issue.tracker, repository, key: issue.key });
  }

  async #decided(ms: number): Promise<boolean> {
    return condition(() => this.#verdict !== undefined, ms);
  }

  /** A plan is made anew with the reason; work that is not to be published goes back to the agent that implements. */
  async #sendBack(gate: ApprovalName, reason: string): Promise<void> {
    const run = this.#run;
    const count = (run.state.rejections ?? 0) + 1;
    run.state.rejections = count;
    run.messages.add(`The ${gate === 'plan' ? 'plan' : 'work'} was sent back: ${reason}`);
    if (gate === 'publish') throw park(workRejected(reason));
    if (count > MAX_REJECTIONS) throw park(planRejected(reason, count));
    const session = run.state.view.phases.find(({ name }) => name === 'plan')?.sessions.findLast(({ name }) => name === 'plan');
    if (session) run.turns.continueWith('plan', session.id);
    run.results.dropFrom('plan');
    await run.phase(plan);
  }

  /** Whoever approved has read another text than the issue has now: they are asked again. */
  async #noticeEdits(gate: ApprovalName): Promise<void> {
    const run = this.#run;
    const { issue, repository, requested } = run.input;
    const { issueDigest, settings, view } = run.state;
    const isWatched = (requested?.approve ?? settings?.approve ?? []).length > 0 && (gate === 'publish' || view.plan !== undefined);
    if (!issue || !issueDigest || !isWatched) return;
    const ref = { tracker: issue.tracker, repository, key: issue.key };
    const digest = await digestNow(run, ref);
    if (digest === undefined || digest === issueDigest) return;
    run.state.issueDigest = digest;
    const verdict = await this.#ask(gate, 'the issue was edited after the approval: a person has to approve');
    if ('approved' in verdict) return;
    // The new text is read with the next plan.
    delete run.state.issueArtifact;
    await this.#sendBack(gate, verdict.rejected);
    await this.pass({ gate });
  }

  #approve({ by }: ApproveOrder = {}): { approved: string } {
    const approved = this.#run.state.view.approval?.hash ?? '';
    this.#verdict = { approved, by };
    return { approved };
  }

  #reject({ reason, by }: RejectOrder): { rejected: string } {
    this.#verdict = { rejected: reason.slice(0, MAX_MESSAGE), by };
    return { rejected: this.#run.state.view.approval?.hash ?? '' };
  }

  #check(order: ApproveOrder | undefined): void {
    requireMeant(this.#run, order);
    const hash = order?.planHash;
    const { approval: asked, status } = this.#run.state.view;
    if (!asked || this.#verdict) throw refused(`The run waits for no approval: it is ${status}.`);
    if (hash !== undefined && !(hash.length >= MIN_HASH && asked.hash.startsWith(hash)))
      throw refused(
        `${hash.slice(0, 80)} is not the ${asked.of === 'plan' ? 'plan' : 'commit'} that is asked about: that is ${asked.hash}.`,
      );
  }

  #checkReason(order: RejectOrder | undefined): void {
    if (typeof order?.reason !== 'string' || order.reason.trim() === '') throw refused('A rejection needs a reason: it goes to the agent.');
    this.#check({ run: order.run });
  }
}

/** The order of events in Temporal has it too, but people look at the run. */
function noteApproval(view: RunView, of: ApprovalName, { approved: hash, by }: Extract<Verdict, { approved: string }>): void {
  view.approvals = [...(view.approvals ?? []), { of, hash, ...(by ? { by: by.slice(0, MAX_NAME) } : {}), at: new Date().toISOString() }];
}

/** As short as git allows for a commit. */
const MIN_HASH = 7;

const WHAT: Record<ApprovalName, string> = { plan: 'the plan', publish: 'the work before it is published' };

/** One that cannot be read now is looked at again when the work is published. */
async function digestNow(run: Run, issue: IssueRef): Promise<string | undefined> {
  try {
    const { digest, over } = await run.orchestrator('was the issue edited?').readIssueDigest({ issue });
    if (over) throw new Withdrawn(over);
    return digest;
  } catch (error) {
    if (error instanceof Withdrawn || isCancellation(error)) throw error;
    log.warn('The issue could not be read', { trouble: troubleOf(error) });
    return undefined;
  }
}

const refused = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, 'refused');

const expired = (gate: ApprovalName, id: string) => ({
  code: 'approval_expired' as const,
  message: `Nobody approved ${WHAT[gate]} in time.`,
  hint: `\`belay retry ${id}\` asks again.`,
});

const planRejected = (reason: string, count: number) => ({
  code: 'plan_rejected' as const,
  message: `The plan was sent back ${count} times, the last time with: ${reason.slice(0, 500)}`,
  hint: 'Say in the issue what is wanted, then `belay retry --phase plan`; or give a plan with `belay run --plan`.',
});

const workRejected = (reason: string) => ({
  code: 'plan_rejected' as const,
  message: `The work was not approved: ${reason.slice(0, 500)}`,
  hint: '`belay retry --phase implement` has the agent do it again with this reason; `belay open` shows the work.',
});
