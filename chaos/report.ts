import type { Played } from './campaign.ts';

export interface Totals {
  minutes: number;
  orders: number;
  kills: number;
  lost: number;
  duplicates: number;
  parkedOnce: number;
  violations: number;
}

export function totalsOf(played: readonly Played[]): Totals {
  const sum = (of: (each: Played) => number): number => played.reduce((total, each) => total + of(each), 0);
  return {
    minutes: sum(({ seconds }) => seconds) / 60,
    orders: sum(({ orders }) => orders),
    kills: sum(({ kills }) => kills),
    lost: sum(({ lost }) => lost),
    duplicates: sum(({ duplicates }) => duplicates),
    parkedOnce: sum(({ parkedOnce }) => parkedOnce.length),
    violations: sum(({ violations }) => violations.length),
  };
}

/** One row a play, and the sums. */
export function tableOf(played: readonly Played[]): string {
  const head = ['scenario', 'seed', 's', 'orders', 'kills', 'faults', 'ended', 'parked first', 'lost', 'duplicates', 'holds'];
  const rows = played.map((each) => [
    each.scenario,
    each.seed,
    each.seconds.toFixed(0),
    `${each.orders}`,
    `${each.kills}`,
    `${each.faults.length}`,
    each.skipped ??
      Object.entries(each.ends)
        .map(([end, count]) => `${count} ${end}`)
        .join(', '),
    `${each.parkedOnce.length}`,
    `${each.lost}`,
    `${each.duplicates}`,
    each.skipped ? '–' : each.violations.length === 0 ? 'yes' : [...new Set(each.violations.map(({ invariant }) => invariant))].join(', '),
  ]);
  const { minutes, orders, kills, lost, duplicates, parkedOnce, violations } = totalsOf(played);
  const faults = played.reduce((total, each) => total + each.faults.length, 0);
  const sums = [
    '**all**',
    '',
    (minutes * 60).toFixed(0),
    `${orders}`,
    `${kills}`,
    `${faults}`,
    '',
    `${parkedOnce}`,
    `${lost}`,
    `${duplicates}`,
    violations === 0 ? 'yes' : 'no',
  ];
  return [head, head.map(() => '---'), ...rows, sums].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
