import type { ChildProcess } from 'node:child_process';
import { exitOf, spawnCommand, spawned, streamsOf } from './start-child.ts';
import type { ChildCommand, ChildExit, ChildStream } from './start-child.ts';

/** What the helper is told of children. */
export type ToStarter = { id: number } & ({ child: ChildCommand } | { taken: number } | { drop: true });
/** What it says of them. */
export type FromStarter = { id: number } & (
  | { started: number }
  | { unstarted: { message: string; code?: string | undefined } }
  | { chunk: Uint8Array; stream: ChildStream }
  | { ended: ChildStream }
  | { exited: ChildExit }
  | { closed: true }
);

/** So much of a child's output is on its way at most; then the child waits. */
const ON_THE_WAY_BYTES = 512 * 1024;

/** The helper's side: starts children and passes on what they say. */
export class StarterService {
  readonly #say: (message: FromStarter) => void;
  readonly #relays = new Map<number, Relay>();

  constructor(say: (message: FromStarter) => void) {
    this.#say = say;
  }

  hear(message: ToStarter): void {
    if ('child' in message) return this.#start(message.id, message.child);
    const relay = this.#relays.get(message.id);
    if ('taken' in message) return relay?.taken(message.taken);
    this.#relays.delete(message.id);
    relay?.drop();
  }

  #start(id: number, command: ChildCommand): void {
    let child: ChildProcess;
    try {
      child = spawnCommand(command);
    } catch (error) {
      return this.#unstarted(id, error);
    }
    // Said before anything else about it: later handlers are told later.
    spawned(child).then(
      () => {},
      (error: unknown) => this.#unstarted(id, error),
    );
    if (child.pid === undefined) return;
    this.#say({ id, started: child.pid });
    this.#relays.set(id, new Relay(child, { id, say: this.#say }));
    void exitOf(child).then((exited) => this.#say({ id, exited }));
    child.once('close', () => {
      this.#relays.delete(id);
      this.#say({ id, closed: true });
    });
  }

  #unstarted(id: number, error: unknown): void {
    const { message, code } = error as NodeJS.ErrnoException;
    this.#say({ id, unstarted: { message, code } });
  }
}

/** The output of one child. It waits for who reads it: what is said over the channel piles up in memory otherwise. */
class Relay {
  readonly #streams: ReturnType<typeof streamsOf>;
  #onTheWay = 0;

  constructor(child: ChildProcess, { id, say }: { id: number; say: (message: FromStarter) => void }) {
    this.#streams = streamsOf(child);
    for (const [stream, readable] of this.#streams) {
      readable.on('error', () => {});
      readable.on('end', () => say({ id, ended: stream }));
      readable.on('data', (chunk: Buffer) => {
        this.#onTheWay += chunk.length;
        if (this.#onTheWay >= ON_THE_WAY_BYTES) for (const each of this.#streams.values()) each.pause();
        say({ id, chunk, stream });
      });
    }
  }

  taken(bytes: number): void {
    this.#onTheWay -= bytes;
    if (this.#onTheWay < ON_THE_WAY_BYTES) for (const each of this.#streams.values()) each.resume();
  }

  drop(): void {
    for (const each of this.#streams.values()) each.destroy();
  }
}
