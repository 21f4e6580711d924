import { Client } from 'pg';
import { grantLedger } from '../../src/ledger/administer.ts';
import type { Postgres } from './postgres.ts';

export interface RolesOfDatabase {
  /** Addresses of one database, with its owner, who is no superuser, and with the role that processes have. */
  owner: string;
  app: string;
}

/** A database whose tables belong to one role, for another, which is not granted anything yet. */
export async function databaseOfRoles(server: Postgres, name: string): Promise<RolesOfDatabase> {
  const url = await server.createDatabase(name);
  const [owner, app] = [`${name}_owner`, `${name}_app`];
  for (const role of [owner, app]) await ask(url, `create role ${role} login password 'secret'`);
  await ask(url, `alter database ${name} owner to ${owner}`);
  const as = (role: string): string => url.replace('belay:belay', `${role}:secret`);
  return { owner: as(owner), app: as(app) };
}

/** The same with tables, and the role granted what processes do. */
export async function grantedDatabase(server: Postgres, name: string): Promise<RolesOfDatabase> {
  const roles = await databaseOfRoles(server, name);
  await grantLedger({ url: roles.owner }, `${name}_app`);
  return roles;
}

/** What one connection is answered, statement by statement; an error is its message. */
export async function ask(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const answers: unknown[] = [];
    for (const statement of statements)
      answers.push(
        await client.query(statement).then(
          ({ rows }) => rows,
          (error: Error) => error.message,
        ),
      );
    return answers;
  } finally {
    await client.end();
  }
}
