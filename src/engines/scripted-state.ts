import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const state = z.object({ completed: z.number(), begun: z.number() });
export type CallState = z.infer<typeof state>;

/** How often a command was called in this run. A call that was begun and not completed was killed: it is played again. */
export class CallCounter {
  readonly #file: string;

  constructor({ stateDir, command }: { stateDir: string; command: string }) {
    mkdirSync(stateDir, { recursive: true });
    this.#file = join(stateDir, `scripted-${command}.json`);
  }

  /** The number of this call, from 0. */
  begin(): { call: number; isReplay: boolean } {
    const { completed, begun } = this.#read();
    this.#write({ completed, begun: completed + 1 });
    return { call: completed, isReplay: begun > completed };
  }

  complete(call: number): void {
    this.#write({ completed: call + 1, begun: call + 1 });
  }

  #read(): CallState {
    try {
      return state.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { completed: 0, begun: 0 };
      throw error;
    }
  }

  /** Renamed into place, because we may be killed at any moment. */
  #write(next: CallState): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(next));
    renameSync(`${this.#file}.new`, this.#file);
  }
}
