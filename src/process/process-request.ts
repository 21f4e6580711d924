/** One child process to run, with its limits. */
export interface ProcessRequest {
  /** A path, or a name that is looked up in `env.PATH`. */
  file: string;
  args: string[];
  cwd: string;
  /** The complete environment; two marks of ours are added. */
  env: Record<string, string>;
  /** Written to standard input, which is then closed. */
  stdin?: string;
  /** Called for every line. A line longer than `maxLineBytes` (1 MiB) arrives cut off. What it throws ends the tree and rejects the run. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  maxLineBytes?: number;
  /** Called when every line of what has come so far is delivered, for who writes them together. What it throws counts as thrown by `onLine`. */
  onLines?: () => void;
  /** Both streams are appended here, up to `maxOutputBytes` (64 MiB). */
  outputFile?: string;
  maxOutputBytes?: number;
  /** The tree is ended after this long without output. */
  idleMs?: number;
  /** The tree is ended after this long. */
  totalMs?: number;
  signal?: AbortSignal;
}

/** How a child process ended. */
export interface ProcessEnd {
  /** In a namespace, death by signal n is reported as 128 + n, as by a shell. */
  exitCode: number | null;
  signal?: string;
  reason: 'exited' | 'stalled' | 'timed_out' | 'cancelled' | 'not_found';
  /** The last 16 KiB of each stream, and of both as they came. */
  stdoutTail: string;
  stderrTail: string;
  outputTail: string;
  durationMs: number;
  /** Processes of the tree that would not die, such as those stuck in the kernel. */
  survivors?: number[];
}
