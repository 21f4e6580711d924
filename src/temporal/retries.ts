import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { ConnectionOptions } from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type Call = ReturnType<Interceptor>;

/**
 * The SDK's own retries, which outlive the connection: its timer calls again on a channel that was closed meanwhile, and what that
 * throws ends the process (SDK 1.24, grpc-retry.js). From `end` on such a call is none: whoever waited for it has left.
 */
export function createRetries(): { interceptors: Interceptor[]; end: () => void } {
  let over = false;
  const untilOver: Interceptor = (options, nextCall) => {
    if (!over) return nextCall(options) as Call;
    const nothing = (): void => {};
    return { start: nothing, sendMessage: nothing, halfClose: nothing, startRead: nothing, cancelWithStatus: nothing } as unknown as Call;
  };
  return { interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), untilOver], end: () => void (over = true) };
}
