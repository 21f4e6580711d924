import type { Route } from './route.ts';
import { ARTIFACT_ROUTES } from './resources/artifacts.ts';
import { EVENT_ROUTES } from './resources/events.ts';
import { healthRoutes } from './resources/health.ts';
import { LOG_ROUTES } from './resources/logs.ts';
import { ORDER_ROUTES } from './resources/run-orders.ts';
import { RECORD_ROUTES } from './resources/run-records.ts';
import { RUN_ROUTES } from './resources/runs.ts';
import { SERVICE_ROUTES } from './resources/service.ts';

const RESOURCES: readonly Route[] = [
  ...RUN_ROUTES,
  ...ORDER_ROUTES,
  ...RECORD_ROUTES,
  ...LOG_ROUTES,
  ...EVENT_ROUTES,
  ...ARTIFACT_ROUTES,
  ...SERVICE_ROUTES,
];

/** Every route of the API: what Express answers and what the OpenAPI document says are both made of it. */
export const ROUTES: readonly Route[] = [...RESOURCES, ...healthRoutes(RESOURCES)];
