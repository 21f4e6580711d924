import { isAbsolute } from 'node:path';
import { BelayError } from '../contracts/errors.ts';
import { localRepository, repositorySlug } from '../contracts/repository.ts';
import type { RepositoryRef } from '../contracts/repository.ts';
import { withoutUndefined } from '../contracts/without-undefined.ts';
import { takeOrder } from '../intake/order.ts';
import type { Order } from '../intake/order.ts';
import type { PlaceRequest } from '../intake/place.ts';
import { gitHubRepository } from '../intake/repository-name.ts';
import { requireShort } from '../intake/target.ts';
import type { Target } from '../intake/target.ts';
import { isAllowed, maySee } from './caller.ts';
import type { RawCall } from './route.ts';
import type { StartRunBody } from './schemas/orders.ts';
import { nothing } from './visible-run.ts';

type Ordering = Pick<RawCall, 'deps' | 'caller'>;

const LOCAL = /^(?:local\/|local:([\w.-]+)\/)([\w.-]+)$/;

/** The order for the run that a request asks for. Throws not_found for a repository that the caller may not see. */
export async function orderOf(call: Ordering, body: StartRunBody): Promise<Order> {
  const { deps, caller } = call;
  const { pipeline, base, fresh = false, engine, model, workspace, budgetUsd, priority, approve } = body;
  const order = await takeOrder(deps.intake, {
    target: targetOf(body),
    ...placeIn(call, body.repository),
    fresh,
    triggeredBy: caller.name,
    ...withoutUndefined({ pipeline, base }),
    requested: withoutUndefined({ engine, model, workspace, budgetUsd, priority, approve }),
  });
  // It may have been renamed: what counts is what it is called now.
  requireVisible(call, order.input.repository);
  return order;
}

function targetOf({ issue, request = '' }: StartRunBody): Target {
  if (issue !== undefined) return { kind: 'issue', key: String(Number(issue.replace('#', ''))) };
  requireShort(request);
  if (request.trim() === '') throw new BelayError({ code: 'issue_empty', message: 'The request is empty.' });
  return { kind: 'request', text: request.trim() };
}

/** Where the work is. Files of this machine are for those who administer it. */
function placeIn(call: Ordering, named: string): Pick<PlaceRequest, 'ref' | 'repository' | 'workingDirectory'> {
  if (isAbsolute(named)) {
    if (isAllowed(call.caller, 'admin') && call.caller.repositories === null) return { repository: named, workingDirectory: named };
    throw new BelayError({
      code: 'not_allowed',
      message: 'A path on this machine can only be named by admins, with a token for all repositories.',
      hint: 'Once it is known here, it is called `local/` and the name of its folder.',
    });
  }
  const ref = refOf(call, named);
  requireVisible(call, ref);
  // Nothing is looked up there: the repository is known.
  return { ref, workingDirectory: '/' };
}

function refOf({ deps }: Ordering, named: string): RepositoryRef {
  const [, owner = 'local', name] = LOCAL.exec(named.toLowerCase()) ?? [];
  const ref = name ? localRepository(`${owner}/${name}`) : gitHubRepository(named, deps.intake.gitHub);
  if (ref) return ref;
  throw new BelayError({
    code: 'invalid_input',
    message: 'The repository is neither `owner/name` on GitHub nor `local/name` on this machine.',
    hint: 'Name it as it is in the addresses of GitHub, or as `belay list` shows it.',
  });
}

function requireVisible({ caller }: Ordering, repository: RepositoryRef): void {
  const slug = repositorySlug(repository);
  if (!maySee(caller, slug)) throw nothing(`There is no repository ${slug}.`);
}
