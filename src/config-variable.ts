import { z } from 'zod';
import type { Kind } from './config-values.ts';

export const GROUPS = [
  'Where things are',
  'Database',
  'Artifacts',
  'Temporal',
  'Workers',
  'GitHub',
  'Agents',
  'How far a run may go',
  'People',
  'Triggers',
  'Workspaces',
  'API',
  'Secrets',
  'Logs',
] as const;

/** What people read about a variable: `.env.example` and `docs/settings.md` are made of it, and so is the error. */
export interface VariableDoc {
  group: (typeof GROUPS)[number];
  description: string;
  allowed: string;
  default?: string;
  example?: string;
  secret?: boolean;
}

type Description = Omit<VariableDoc, 'allowed' | 'default'>;

export const variableDocs = z.registry<VariableDoc>();

export const optional = <Value>({ schema, allowed }: Kind<Value>, doc: Description) =>
  schema.optional().register(variableDocs, { ...doc, allowed });

export const withDefault = <Value>({ schema, allowed }: Kind<Value>, fallback: string, doc: Description) =>
  schema.prefault(fallback).register(variableDocs, { ...doc, allowed, default: fallback });
