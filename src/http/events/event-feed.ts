import type { RunEvent } from '../../contracts/service-records.ts';
import type { EventQuery } from '../../ledger/service-ledger.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { Follower } from './follower.ts';

type Source = Pick<Ledger, 'readEvents' | 'latestEvent' | 'watchEvents' | 'forRepositories'>;
/** Which events: of one run, or of all of these repositories. */
type Scope = Pick<EventQuery, 'runId' | 'repositories'>;

export interface Following extends Scope {
  /** The id of the last event that is known already. */
  after: number;
  /** When nothing has come for so long, an empty batch does: a moment to say that one is still there. */
  silenceMs: number;
  signal: AbortSignal;
}

/** The ledger's events, read once for all who follow them in this process. */
export interface EventFeed extends AsyncDisposable {
  /** Where to begin: after the event that is known already, else now. An id that is none yet is of another ledger, or its event is gone. */
  begin(after: number | undefined): Promise<number>;
  /** Batches in the order of their ids, without gap or repetition, as fast as they are taken, until the signal ends it. */
  follow(following: Following): AsyncGenerator<readonly RunEvent[]>;
}

export interface EventFeedOptions {
  ledger: Source;
  onProblem: (error: unknown, message: string) => void;
}

/** What is read at once for all, and what one client gets at once. */
const PAGE = 1000;
const BATCH = 100;

export function createEventFeed({ ledger, onProblem }: EventFeedOptions): EventFeed {
  const audience = new Audience();
  let position: number | undefined;
  // Where nobody follows, nothing is read. Whoever has come meanwhile may have read too early.
  const skip = async (): Promise<void> => {
    position = await ledger.latestEvent();
    audience.fallBehind();
  };
  const onNews = async (): Promise<void> => {
    if (position === undefined || audience.isEmpty) return skip();
    for (;;) {
      const events = await ledger.readEvents({ after: position, limit: PAGE });
      position = events.at(-1)?.id ?? position;
      for (const event of events) audience.tell(event);
      if (events.length < PAGE) return;
    }
  };
  const watch = ledger.watchEvents({ onNews, onProblem: (error) => onProblem(error, 'Events cannot be read; it is tried again') });
  return {
    async begin(after) {
      const latest = await ledger.latestEvent();
      return Math.min(after ?? latest, latest);
    },
    follow: (following) => follow({ ledger, audience }, following),
    [Symbol.asyncDispose]: () => watch[Symbol.asyncDispose](),
  };
}

async function* follow(
  { ledger, audience }: { ledger: Source; audience: Audience },
  { after, silenceMs, signal, ...scope }: Following,
): AsyncGenerator<readonly RunEvent[]> {
  const follower = new Follower();
  const past = scope.repositories ? ledger.forRepositories(scope.repositories) : ledger;
  using _joined = audience.join(follower, scope);
  let cursor = after;
  while (!signal.aborted) {
    let events: RunEvent[];
    if (follower.isBehind) {
      follower.catchUp();
      events = await past.readEvents({ ...scope, after: cursor, limit: BATCH });
      if (events.length === BATCH) follower.fallBehind();
    } else {
      const known = cursor;
      events = follower.take(BATCH).filter(({ id }) => id > known);
    }
    cursor = events.at(-1)?.id ?? cursor;
    if (events.length > 0) yield events;
    else if (!(await follower.wait({ ms: silenceMs, signal }))) yield [];
  }
}

/** All who follow something, by what it is. */
class Audience {
  readonly #ofRuns = new Map<string, Set<Follower>>();
  readonly #ofRepositories = new Map<Follower, ReadonlySet<string> | undefined>();

  get isEmpty(): boolean {
    return this.#ofRuns.size === 0 && this.#ofRepositories.size === 0;
  }

  join(follower: Follower, { runId, repositories }: Scope): Disposable {
    if (runId === undefined) {
      this.#ofRepositories.set(follower, repositories && new Set(repositories));
      return { [Symbol.dispose]: () => void this.#ofRepositories.delete(follower) };
    }
    const ofRun = this.#ofRuns.get(runId) ?? new Set();
    this.#ofRuns.set(runId, ofRun.add(follower));
    return {
      [Symbol.dispose]: () => {
        ofRun.delete(follower);
        if (ofRun.size === 0 && this.#ofRuns.get(runId) === ofRun) this.#ofRuns.delete(runId);
      },
    };
  }

  tell(event: RunEvent): void {
    for (const follower of this.#ofRuns.get(event.runId) ?? []) follower.offer(event);
    for (const [follower, repositories] of this.#ofRepositories) if (isOf(event, repositories)) follower.offer(event);
  }

  fallBehind(): void {
    for (const group of [...this.#ofRuns.values(), this.#ofRepositories.keys()]) for (const follower of group) follower.fallBehind();
  }
}

/** As long as it is not known whose run it is, only those who may see all are told. */
const isOf = ({ repository }: RunEvent, repositories: ReadonlySet<string> | undefined): boolean =>
  repositories === undefined || (repository !== undefined && repositories.has(repository));
