/** Declares the tests of everything that a ledger does, whatever its database. */
export async function declareSuites(): Promise<void> {
  await import('./runs.suite.ts');
  await import('./details.suite.ts');
  await import('./versions.suite.ts');
  await import('./hosts.suite.ts');
  await import('./pages.suite.ts');
  await import('./deletions.suite.ts');
  await import('./access.suite.ts');
  await import('./events.suite.ts');
  await import('../http/event-feed.suite.ts');
  await import('./retention.suite.ts');
  await import('./requests.suite.ts');
  await import('./questions.suite.ts');
}
