import { describe, expect, it } from 'vitest';
import { stopsEarly } from '../../src/checks/stops-early.ts';

describe('stopsEarly', () => {
  it.each([
    ['vitest run --bail=1', ''],
    ['jest -b', ''],
    ['mocha --bail', ''],
    ['python3 -m pytest -q -x tests', ''],
    ['pytest --maxfail=2', ''],
    ['rspec --fail-fast', ''],
    ['go test -failfast ./...', ''],
    ['pytest', '=== 1 error ===\n!!!!!!!!!!!! stopping after 1 failures !!!!!!!!!!!!\n'],
    ['pytest', '!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!\n'],
    ['rspec', '0 examples, 0 failures, 1 error occurred outside of examples\n'],
    ['mvn test', '[INFO] core ........... FAILURE [  1.2 s]\n[INFO] web ............ SKIPPED\n'],
  ])('is told of %s by its options or by %j', (line, output) => {
    expect(stopsEarly({ line, output })).toBe(true);
  });

  it.each([
    ['vitest run --bail=0', ''],
    ['cargo test --no-fail-fast', ''],
    ['pytest tests/test_x.py', '=== 1 failed, 3 skipped in 0.1s ===\n'],
    ['mvn test', '[WARNING] Tests run: 3, Failures: 0, Errors: 0, Skipped: 1\n[INFO] core ........... SUCCESS [  1.2 s]\n'],
    ['rspec', '3 examples, 1 failure\n'],
  ])('is not told of %s, which says %j', (line, output) => {
    expect(stopsEarly({ line, output })).toBe(false);
  });
});
