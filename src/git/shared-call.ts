interface Call<T> {
  waiting: number;
  abort: AbortController;
  result: Promise<T>;
  forget(): void;
}

/** The work calls `begins` when it can no longer be joined. */
export type SharedWork<T> = (begins: () => void, signal: AbortSignal) => Promise<T>;

/**
 * Lets callers that want the same thing share one call. Only a call that has not begun is joined, so that everybody gets an answer
 * that is newer than their question. It is aborted when nobody waits for it any more.
 */
export function createSharedCalls<T>() {
  const joinable = new Map<string, Call<T>>();

  function open(key: string, work: SharedWork<T>): Call<T> {
    const abort = new AbortController();
    const forget = () => {
      if (joinable.get(key)?.abort === abort) joinable.delete(key);
    };
    const call = { waiting: 0, abort, forget, result: work(forget, abort.signal).finally(forget) };
    joinable.set(key, call);
    return call;
  }

  return async function share({ key, signal, work }: { key: string; signal?: AbortSignal | undefined; work: SharedWork<T> }): Promise<T> {
    signal?.throwIfAborted();
    const call = joinable.get(key) ?? open(key, work);
    call.waiting += 1;
    try {
      return await untilAborted(call.result, signal);
    } finally {
      call.waiting -= 1;
      if (call.waiting === 0) {
        call.forget();
        call.abort.abort(signal?.reason);
      }
    }
  };
}

async function untilAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([result, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
