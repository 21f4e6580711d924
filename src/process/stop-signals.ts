const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type StopSignal = (typeof STOP_SIGNALS)[number];

/** Calls back for Ctrl-C, a closed terminal and a system that stops, instead of ending at once; until disposed. */
export function onStopSignals(handle: (signal: StopSignal) => void): Disposable {
  for (const name of STOP_SIGNALS) process.on(name, handle);
  return {
    [Symbol.dispose]: () => {
      for (const name of STOP_SIGNALS) process.off(name, handle);
    },
  };
}
