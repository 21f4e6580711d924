import type { Line, Listener } from './helper-process.ts';
import type { Child, ChildCommand, ChildExit, ChildStream, OnData, StartChild } from './start-child.ts';
import { startChild } from './start-child.ts';
import type { FromStarter, ToStarter } from './starter-service.ts';

/** A message without its number, which the line adds. */
type Unnumbered<Message> = Message extends { id: number } ? Omit<Message, 'id'> : never;
export type ToLine = Unnumbered<ToStarter>;

/** The process that starts children for this one. */
export interface Starter {
  readonly isAlive: boolean;
  open(listener: Listener<FromStarter>): Line<ToLine>;
}

/** Starts children by the helper, and from here where it is gone. */
export const startByHelper =
  (helper: Starter): StartChild =>
  (command) =>
    helper.isAlive ? RemoteChild.start(helper, command) : startChild(command);

class RemoteChild implements Child {
  /** What has come before somebody listens. */
  readonly #early: { chunk: Buffer; stream: ChildStream }[] = [];
  #onData: OnData | undefined;
  readonly #line: Line<ToLine>;
  readonly #started = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<ChildExit>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #ended = new Set<ChildStream>();
  readonly #streams: ReadonlySet<ChildStream>;
  pid = 0;
  hasExited = false;

  static async start(helper: Starter, command: ChildCommand): Promise<Child> {
    const child = new RemoteChild(helper, command);
    await child.#started.promise;
    return child;
  }

  private constructor(helper: Starter, command: ChildCommand) {
    this.#streams = new Set(['stdout', 'stderr', ...(command.reports ? (['report'] as const) : [])]);
    // Who does not wait for it any more is not told.
    this.#exited.promise.catch(() => {});
    this.#line = helper.open({ onMessage: (message) => this.#heard(message), onLost: (error) => this.#lost(error) });
    this.#line.tell({ child: command });
  }

  get exited(): Promise<ChildExit> {
    return this.#exited.promise;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  listen(onData: OnData): void {
    this.#onData = onData;
    for (const { chunk, stream } of this.#early.splice(0)) this.#deliver({ chunk, stream });
  }

  hasEnded(stream: ChildStream): boolean {
    return this.#ended.has(stream) || !this.#streams.has(stream);
  }

  [Symbol.dispose](): void {
    this.#line.tell({ drop: true });
    this.#line[Symbol.dispose]();
  }

  #heard(message: FromStarter): void {
    if ('chunk' in message) this.#deliver(message);
    else if ('started' in message) this.#begun(message.started);
    else if ('unstarted' in message) this.#unstarted(message.unstarted);
    else if ('ended' in message) this.#ended.add(message.ended);
    else if ('exited' in message) this.#exit(message.exited);
    else this.#close();
  }

  #deliver({ chunk, stream }: { chunk: Uint8Array; stream: ChildStream }): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (!this.#onData) return void this.#early.push({ chunk: bytes, stream });
    this.#onData(bytes, stream);
    this.#line.tell({ taken: chunk.length });
  }

  #begun(pid: number): void {
    this.pid = pid;
    this.#started.resolve();
  }

  #unstarted({ message, code }: { message: string; code?: string | undefined }): void {
    this.#line[Symbol.dispose]();
    this.#started.reject(Object.assign(new Error(message), { code }));
  }

  #exit(exit: ChildExit): void {
    this.hasExited = true;
    this.#exited.resolve(exit);
  }

  #close(): void {
    for (const stream of this.#streams) this.#ended.add(stream);
    this.#closed.resolve();
  }

  #lost(error: unknown): void {
    this.hasExited = true;
    this.#started.reject(error);
    this.#exited.reject(error);
    this.#close();
  }
}
