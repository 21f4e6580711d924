import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestResult } from '../contracts/evidence.ts';
import { parseJUnit } from './junit.ts';
import { boundedError } from './runner.ts';
import type { ReportInput } from './runner.ts';

/** One test class's method in a module of a build. */
export interface JvmTest {
  /** The module's folder in the build; empty for its root. */
  module: string;
  /** As the class loader names it: `a.SumsTest$Inner`. */
  className: string;
  /** Without the parameters of this call; nothing where the class itself failed. */
  method?: string;
  /** The report's path. */
  report: string;
}

/** The results of the JUnit XML that maven and gradle leave in each module. */
export async function jvmResults({ left, cwd }: ReportInput, alone: (test: JvmTest) => string): Promise<TestResult[]> {
  const results: TestResult[] = [];
  const files = new Map<string, string | undefined>();
  for (const { path, text } of left) {
    const module = moduleOf(path);
    for (const { name, className, passed, skipped, error } of await parseJUnit(text)) {
      const outer = join(module, className.replace(/\$.*/, ''));
      if (!files.has(outer)) files.set(outer, await sourceOf({ cwd, module, className }));
      const file = files.get(outer);
      const [, method] = /^([\p{L}_$][\p{L}\p{N}_$]*)(?=$|[([{\s])/u.exec(name) ?? [];
      const title = name && name !== className ? `${className}.${name}` : className;
      results.push({
        name: title,
        ...(file ? { file } : {}),
        passed,
        ...(skipped ? { skipped } : {}),
        ...(passed || skipped
          ? {}
          : {
              error: boundedError(error),
              command: alone({ module, className, report: path, ...(method && title !== className ? { method } : {}) }),
            }),
      });
    }
  }
  return results;
}

/** The folder above `target/` or `build/`. */
const moduleOf = (report: string): string => /^(.*?)\/?(?:target|build)\/(?:surefire|failsafe|test)-re/.exec(report)?.[1] ?? '';

const SOURCES = ['test/java', 'test/kotlin', 'test/groovy', 'test/scala', 'integrationTest/java', 'integrationTest/kotlin'];
const ENDINGS: Record<string, string> = { java: 'java', kotlin: 'kt', groovy: 'groovy', scala: 'scala' };

async function sourceOf({ cwd, module, className }: { cwd: string; module: string; className: string }): Promise<string | undefined> {
  const path = className.replace(/\$.*/, '').replaceAll('.', '/');
  for (const folder of SOURCES) {
    const file = join(module, 'src', folder, `${path}.${ENDINGS[folder.split('/')[1] ?? ''] ?? ''}`);
    const isThere = await access(join(cwd, file)).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}

/** `a.SumsTest` of a path that the usual layout keeps tests at. */
export const classOf = (file: string): string | undefined =>
  /(?:^|\/)src\/[^/]*[tT]est[^/]*\/(?:java|kotlin|groovy|scala)\/(.+)\.(?:java|kt|groovy|scala)$/.exec(file)?.[1]?.replaceAll('/', '.');
