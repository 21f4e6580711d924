import type { RepositoryRef } from '../contracts/repository.ts';
import type { RunView } from '../contracts/run-view.ts';
import { rewriteMarkedComment, upsertMarkedComment } from '../github/comments.ts';
import type { GitHubClient } from '../github/client.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ANSWER_MARKER, answerBlock, answerMetadata, withAnswer } from '../texts/comment-answer.ts';
import type { CommentAnswer } from '../texts/comment-answer.ts';
import { PROGRESS_MARKER } from '../texts/progress-comment.ts';

export interface Answering extends CommentAnswer {
  repository: RepositoryRef;
  issueKey: string;
  /** The newest of the issue: its next comment keeps the answer. */
  run?: RunView | undefined;
}

export type Answer = (answering: Answering) => Promise<void>;

/** Answers people where the run tells how it stands; where no run has told anything yet, in a comment that later answers take over. */
export function createAnswer({ client, ledger }: { client: GitHubClient; ledger: Pick<Ledger, 'addComment'> }): Answer {
  return async ({ repository, issueKey, run, ...answer }) => {
    if (run) {
      // First: whoever writes the comment from now on writes this with it.
      const createdAt = new Date().toISOString();
      await ledger.addComment({ runId: run.id, author: 'belay', text: answer.text, metadata: answerMetadata(answer), createdAt });
    }
    const place = { repository, number: Number(issueKey) };
    const rewrite = (body: string): string => withAnswer(body, answer, PROGRESS_MARKER);
    const living = await rewriteMarkedComment(client, { ...place, marker: PROGRESS_MARKER, rewrite });
    if (!living) await upsertMarkedComment(client, { ...place, marker: ANSWER_MARKER, body: answerBlock(answer) });
  };
}
