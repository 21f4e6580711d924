import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

export interface Question {
  text: string;
  /** What an empty answer means. */
  otherwise?: string | undefined;
  /** Not to be seen while it is typed. */
  hidden?: boolean;
  /** What is wrong with an answer, if anything: then it is asked again. */
  problem?: (answer: string) => string | undefined;
}

export interface Asking extends Disposable {
  ask(question: Question): Promise<string>;
}

/** Asks at a terminal, line by line. Its end (Ctrl-D) is an empty answer to all that is left. */
export function askAt({ input, output }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream }): Asking {
  let isHidden = false;
  const echo = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isHidden) output.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input, output: echo, terminal: true });
  // Keeps what is typed ahead, or pasted.
  const answers = lines[Symbol.asyncIterator]();
  let isOver = false;
  async function answerTo({ text, otherwise, hidden = false }: Question): Promise<string> {
    output.write(`${text}${otherwise ? ` [${otherwise}]` : ''}: `);
    isHidden = hidden;
    const { value, done = false } = isOver ? { value: undefined, done: true } : await answers.next();
    isOver = done;
    isHidden = false;
    if (hidden) output.write('\n');
    return value?.trim() || (otherwise ?? '');
  }
  return {
    async ask(question) {
      for (;;) {
        const answer = await answerTo(question);
        const problem = question.problem?.(answer);
        if (problem === undefined || isOver) return answer;
        output.write(`  ${problem}\n`);
      }
    },
    [Symbol.dispose]: () => lines.close(),
  };
}
