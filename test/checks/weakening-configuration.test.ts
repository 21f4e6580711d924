import { describe, expect, it } from 'vitest';
import { findWeakening, isInspected } from '../../src/checks/weakening.ts';

const PACKAGE = (test: string, more = ''): string => `{ "name": "cart", "scripts": { "build": "tsc", "test": "${test}" }${more} }\n`;
const MAKEFILE = 'build:\n\tcc cart.c\n\ntest: build\n\tpython -m pytest\n\t./smoke.sh\n';
const PYPROJECT = '[project]\nname = "cart"\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n';
const JEST = 'module.exports = {\n  testMatch: ["**/*.test.js"],\n};\n';

describe('a change of configuration', () => {
  it.each([
    ['package.json', PACKAGE('vitest run'), PACKAGE('vitest run || true'), /script `test` of package.json passes whatever the tests do/],
    ['package.json', PACKAGE('vitest run'), PACKAGE('exit 0'), /runs no tests/],
    ['package.json', PACKAGE('vitest run'), '{ "name": "cart" }', /is gone/],
    ['package.json', PACKAGE('vitest run'), PACKAGE('vitest run --passWithNoTests'), /now has --passWithNoTests/],
    ['package.json', PACKAGE('node --test'), PACKAGE('node --test --test-name-pattern=adds'), /now has --test-name-pattern=adds/],
    ['web/package.json', PACKAGE('jest'), PACKAGE('jest', ', "jest": { "testPathIgnorePatterns": ["cart"] }'), /testPathIgnorePatterns/],
    ['jest.config.js', JEST, JEST.replace('**/*.test.js', '**/ok.test.js'), /said `testMatch/],
    [
      'vitest.config.ts',
      'export default { test: {} };\n',
      'export default { test: {\n  exclude: ["src/cart.test.ts"],\n} };\n',
      /now says `exclude/,
    ],
    ['.mocharc.yml', 'spec: test\n', 'spec: test\ngrep: adds\n', /grep: adds/],
    ['pyproject.toml', PYPROJECT, `${PYPROJECT}addopts = "--deselect tests/test_cart.py::test_adds"\n`, /--deselect/],
    ['pyproject.toml', PYPROJECT, PYPROJECT.replace('["tests"]', '["tests/unit"]'), /said `testpaths/],
    ['pytest.ini', '[pytest]\n', '[pytest]\naddopts = -q -k "not adds"\n', /-k "not adds"/],
    ['conftest.py', '', 'collect_ignore = ["test_cart.py"]\n', /collect_ignore/],
    ['Makefile', MAKEFILE, MAKEFILE.replace('pytest\n', 'pytest || true\n'), /target `test` of Makefile now says/],
    ['Makefile', MAKEFILE, MAKEFILE.replace('\tpython', '\t-python'), /now says `-python/],
    ['Makefile', MAKEFILE, MAKEFILE.replace('\t./smoke.sh\n', ''), /does less than before/],
    ['Makefile', MAKEFILE, MAKEFILE.replace('./smoke.sh', 'echo fine'), /now says `echo fine/],
    ['build.gradle.kts', 'tasks.test {\n}\n', 'tasks.test {\n  exclude("**/CartTest*")\n}\n', /exclude/],
    ['Cargo.toml', '[lib]\nname = "cart"\n', '[lib]\nname = "cart"\ntest = false\n', /test = false/],
    ['pom.xml', '<project>\n</project>\n', '<project>\n<skipTests>true</skipTests>\n</project>\n', /skipTests/],
    ['build.gradle.kts', 'tasks.test {\n}\n', 'tasks.test {\n  ignoreFailures = true\n}\n', /ignoreFailures/],
    ['.rspec', '--require spec_helper\n', '--require spec_helper\n--tag ~slow\n', /--tag ~slow/],
  ])('of %s that has fewer tests run is noticed', (path, before, after, message) => {
    expect(isInspected(path)).toBe(true);
    const found = findWeakening([{ path, before, after }]);
    expect(found).toEqual([{ kind: 'configuration', message: expect.stringMatching(message) as string }]);
  });

  it.each([
    ['package.json', PACKAGE('vitest run'), PACKAGE('vitest run', ', "dependencies": { "left-pad": "1.0.0" }')],
    ['package.json', PACKAGE('vitest run'), PACKAGE('NODE_OPTIONS=--experimental-vm-modules vitest run')],
    ['package.json', PACKAGE('vitest run'), PACKAGE('npm run unit')],
    ['package.json', PACKAGE('vitest run'), 'not json'],
    ['vitest.config.ts', 'export default { test: {} };\n', 'export default { test: { setupFiles: ["./setup.ts"] } };\n'],
    ['pyproject.toml', PYPROJECT, PYPROJECT.replace('"cart"', '"basket"')],
    ['Makefile', MAKEFILE, MAKEFILE.replace('cc cart.c', 'cc -O2 cart.c')],
    ['Makefile', MAKEFILE, MAKEFILE.replace('python -m', 'python3 -m')],
    ['Makefile', MAKEFILE, MAKEFILE.replace('\tpython', '\t@echo testing\n\tpython')],
    ['package.json', PACKAGE('jest'), PACKAGE('jest -i')],
    ['build.gradle.kts', 'testImplementation("a:b:1")\n', 'testImplementation("a:b:1") {\n  exclude(group = "org.junit.vintage")\n}\n'],
    ['Cargo.toml', '[dependencies]\n', '[dependencies]\nserde = "1"\n'],
  ])('of %s that changes no tests is none', (path, before, after) => {
    expect(findWeakening([{ path, before, after }])).toEqual([]);
  });
});
