import type { NewDelivery } from '../../src/contracts/service-records.ts';
import { processDeliveries } from '../../src/triggers/deliveries.ts';
import { handleDelivery } from '../../src/triggers/handle-delivery.ts';
import { triggerDesk } from './trigger-desk.ts';
import { commentEvent, issueEvent } from './webhook-payloads.ts';
import { SECRET, signed, webhookServer } from './webhooks.ts';

/** Numbers below a limit, the same each time: a failure can be looked at again. */
export function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function shuffled<Item>(items: Item[]): Item[] {
  const random = dice(42);
  for (let last = items.length - 1; last > 0; last--) {
    const other = random(last + 1);
    [items[last], items[other]] = [items[other] as Item, items[last] as Item];
  }
  return items;
}

const deliveryOf = (number: number): NewDelivery => ({
  id: `delivery-${number}`,
  source: 'github',
  event: 'issues',
  receivedAt: new Date().toISOString(),
  payload: JSON.stringify(issueEvent({ action: 'labeled', label: 'belay', number })),
});

/** So many deliveries, each of them several times and in any order, processed by two at once: the issues that were started, and what failed. */
export async function shuffledDeliveries({ issues, times }: { issues: number; times: number }) {
  await using desk = await triggerDesk();
  const problems: unknown[] = [];
  const options = {
    ledger: desk.ledger,
    handle: handleDelivery.bind(undefined, desk.deps),
    isPaused: () => Promise.resolve(false),
    onProblem: (error: unknown) => problems.push(error),
  };
  await using one = processDeliveries(options);
  await using other = processDeliveries(options);
  for (const number of shuffled(Array.from({ length: issues * times }, (_, index) => 1 + (index % issues)))) {
    const isNew = await desk.ledger.storeDelivery(deliveryOf(number));
    if (isNew) (number % 2 === 0 ? one : other).wake();
  }
  for (const each of [one, other]) each.wake();
  await Promise.all([one.idle(), other.idle()]);
  return { started: desk.starts.map(({ issueKey }) => issueKey), problems };
}

const EVENTS = ['issues', 'issue_comment', 'push', 'no_such_event', ''];
const PARTS = ['', '{', '}', '[', '"', 'null', '-1', '1e999', '\u0000', '\ud800', '/belay run', '__proto__', '../..', '"action":"labeled"'];

/** A delivery that is not quite one: cut, with parts put in, with another signature, another event. */
function mutated(random: (below: number) => number) {
  const sender = STRANGER;
  const sound = random(2) === 0 ? issueEvent({ action: 'labeled', label: 'belay', sender }) : commentEvent({ body: '/belay run', sender });
  let body = JSON.stringify(sound);
  for (let changes = 1 + random(3); changes > 0; changes--) {
    const at = random(body.length);
    body = body.slice(0, at) + (PARTS[random(PARTS.length)] ?? '') + body.slice(at + random(8));
  }
  const isSigned = random(2) === 0;
  const event = EVENTS[random(EVENTS.length)] ?? '';
  const signature = isSigned ? signed(body, SECRET) : signed(body, `${SECRET}${random(9)}`);
  return { body, event, isSigned, headers: { 'x-hub-signature-256': signature } };
}

/** One in so many is as it should be, from somebody who may write, and about an issue of its own. */
const SOUND_EVERY = 50;
/** No mutation makes such a number. */
const FIRST_SOUND = 1_000_000_000;
const STRANGER = { id: 8, login: 'mallory', type: 'User' };

/**
 * Mutated deliveries over HTTP with sound ones among them, all of them processed: how they were answered, and what was started. Nobody
 * has signed half of the mutated ones, and of those that are signed the sender may nothing: only the sound ones start something.
 */
export async function mutatedDeliveries({ count, seed }: { count: number; seed: number }) {
  const random = dice(seed);
  await using desk = await triggerDesk();
  await using server = await webhookServer({ refusalsPerMinute: Infinity, store: (delivery) => desk.ledger.storeDelivery(delivery) });
  const problems: unknown[] = [];
  const answers = new Map<number, number>();
  const sound: string[] = [];
  let unsignedTaken = 0;
  for (let done = 0; done < count; done++) {
    if (done % SOUND_EVERY === 0) {
      const number = FIRST_SOUND + done;
      sound.push(String(number));
      await (await server.deliver({ payload: issueEvent({ action: 'labeled', label: 'belay', number }) })).text();
    }
    const { isSigned, ...delivery } = mutated(random);
    const answer = await server.deliver(delivery);
    await answer.text();
    answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
    if (!isSigned && answer.status < 400) unsignedTaken++;
  }
  const handle = handleDelivery.bind(undefined, desk.deps);
  const onProblem = (error: unknown): void => void problems.push(error);
  await using deliveries = processDeliveries({ ledger: desk.ledger, handle, isPaused: () => Promise.resolve(false), onProblem });
  await deliveries.idle();
  const started = desk.starts.map(({ issueKey }) => issueKey);
  return { answers: Object.fromEntries(answers), unsignedTaken, sound, started, problems };
}
