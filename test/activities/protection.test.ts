import { describe, expect, it } from 'vitest';
import { protection } from '../../src/activities/protection.ts';

describe('protection', () => {
  it.each([
    ['.github/**', '.github/workflows/ci.yml'],
    ['**/*.tf', 'infra/.hidden/main.tf'],
    ['migrations', 'migrations/001.sql'],
    ['migrations/', 'migrations/deep/001.sql'],
    ['./go.sum', 'go.sum'],
    ['/go.sum', 'go.sum'],
    ['*.lock', 'a.lock'],
    ['config.yml', 'config.yml/now-a-folder'],
  ])('by %s covers %s', (pattern, path) => {
    expect(protection([pattern])(path)).toBe(true);
  });

  it.each([
    ['*.lock', 'web/a.lock'],
    ['migrations', 'src/migrations/001.sql'],
    ['go.sum', 'go.sums'],
  ])('by %s leaves %s alone', (pattern, path) => {
    expect(protection([pattern])(path)).toBe(false);
  });
});
