import { percentOf } from './money.js';

/** What the coupons take off the goods, in cents. */
export function discountFor(goods, coupons) {
  let rest = goods;
  for (const coupon of coupons) rest -= amountOff(rest, coupon);
  return goods - rest;
}

function amountOff(rest, coupon) {
  return coupon.kind === 'percent' ? percentOf(rest, coupon.value) : coupon.value;
}
