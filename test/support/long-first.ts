import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** In this order: whole programs against each other take minutes, and must not be what all wait for at the end. */
const LONG = ['test/chaos/', 'test/journey/', 'test/workflows/', 'test/package', 'test/engines/'];

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const inUsualOrder = await super.sort(files);
    return inUsualOrder.toSorted((one, other) => rank(one) - rank(other));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.findIndex((folder) => moduleId.includes(`/${folder}`));
  return found < 0 ? LONG.length : found;
}
