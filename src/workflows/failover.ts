import type { EngineName } from '../contracts/constants.ts';
import type { ErrorCode } from '../contracts/errors.ts';
import { troubleOf } from './failures.ts';
import { WaitRequest, waitOf } from './waiting.ts';
import type { Wait, Waits } from './waiting.ts';

/** Waited for by whoever has met it: a limit by the minute, and a workspace, which no other engine would have either. */
const OWN: readonly Wait['kind'][] = ['rate_limit', 'workspace'];
/** An engine that was only to stand in is passed over, not waited for. */
const NOT_THERE: readonly ErrorCode[] = ['engine_not_installed', 'engine_not_logged_in'];

/** Which engine works: the chosen one, and the next ones in turn while it has to wait. */
export class Failover {
  readonly #waits: Waits;
  readonly #shut = new Map<EngineName, Wait>();

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  /** The first that can work now. Asks for a wait where none can. */
  choose(engines: readonly [EngineName, ...EngineName[]]): EngineName {
    const free = engines.find((engine) => (this.#shut.get(engine)?.until ?? 0) <= Date.now());
    if (free) return free;
    const waits = engines.flatMap((engine) => this.#shut.get(engine) ?? []);
    throw new WaitRequest(waits.reduce((first, wait) => (wait.until < first.until ? wait : first)));
  }

  /** Whether another engine, or a wait, can go on after this failure. */
  isShut(engine: EngineName, error: unknown, chosen: EngineName): boolean {
    const trouble = troubleOf(error);
    if (engine !== chosen && NOT_THERE.includes(trouble.code)) {
      this.#shut.set(engine, { kind: 'breaker', until: Infinity, trouble });
      return true;
    }
    const wait = waitOf(error, this.#waits.limits);
    if (!wait || OWN.includes(wait.kind)) return false;
    // A time that is past is no reason to ask the same one at once: the wait is as long as the shortest.
    this.#shut.set(engine, { ...wait, until: Math.max(wait.until, Date.now() + 1) });
    return true;
  }

  /** A person wants it tried now. */
  reopen(): void {
    this.#shut.clear();
  }
}
