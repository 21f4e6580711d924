import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { SEARCH_ATTRIBUTES } from '../contracts/constants.ts';

/**
 * Measured with server 1.29 on two cores: an activity takes 8 ms instead of 100 ms, short timers are exact instead of a second late,
 * and priorities and fairness keys are honoured, for which a small installation needs one partition. docker-compose uses the same.
 */
export const DYNAMIC_CONFIG: Readonly<Record<string, number | string | boolean>> = {
  'history.transferProcessorMaxPollRPS': 5000,
  'history.timerProcessorMaxPollRPS': 1000,
  'history.timerProcessorMaxTimeShift': '5ms',
  'matching.enableFairness': true,
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  // It would ask Temporal's site for newer versions.
  'frontend.enableServerVersionCheck': false,
};

const LOOPBACK = '127.0.0.1';

export interface ServerPorts {
  frontend: number;
  ui: number;
}

/** What the CLI is started with. */
export function devServerArguments({ home, ports }: { home: string; ports: ServerPorts }): string[] {
  const flags = {
    ip: LOOPBACK,
    port: ports.frontend,
    'ui-ip': LOOPBACK,
    'ui-port': ports.ui,
    'db-filename': join(home, 'temporal.db'),
    // As fast as memory in this mode.
    'sqlite-pragma': 'journal_mode=WAL',
    'log-level': 'warn',
    'log-format': 'json',
    color: 'never',
  };
  return [
    'server',
    'start-dev',
    '--disable-config-env',
    '--disable-config-file',
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => ['--dynamic-config-value', `${key}=${JSON.stringify(value)}`]),
  ];
}

/** Ports of the loopback interface that are free now. */
export async function freePorts(): Promise<ServerPorts> {
  const [frontend, ui] = [createServer(), createServer()];
  const ports = { frontend: await listen(frontend), ui: await listen(ui) };
  await Promise.all([close(frontend), close(ui)]);
  return ports;
}

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, LOOPBACK), 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
