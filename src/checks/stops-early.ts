/** Options that have a runner end at a failure. */
const OPTIONS =
  /\s(?:--bail(?![= ]0)|--?fail-?fast|--exitfirst|--maxfail)(?=[=\s]|$)|\b(?:pytest|py\.test)\b.*\s-x\b|\b(?:jest|mocha)\b.*\s-b\b/;

/**
 * What runners say where tests are left out for a failure: pytest after the last one that it was to bear, or where a file cannot be imported;
 * rspec where one cannot be loaded; maven of the modules after a failed one.
 */
const SAID = [
  /^!+ (?:stopping after \d+ failures|Interrupted: \d+ errors? during collection) !+$/m,
  /^\d+ examples?, .*\d+ errors? occurred outside of examples$/m,
  /^\[INFO\] \S.* SKIPPED$/m,
];

/** Whether a failing command left tests out that would have come after a failure, as far as it can be told. */
export const stopsEarly = ({ line, output }: { line: string; output: string }): boolean =>
  OPTIONS.test(line.replaceAll('--no-fail-fast', '')) || SAID.some((pattern) => pattern.test(output));
