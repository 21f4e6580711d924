const COUPONS = [
  { code: 'TEA10', kind: 'percent', value: 10 },
  { code: 'SPRING20', kind: 'percent', value: 20 },
  { code: 'GIFT10', kind: 'fixed', value: 1000 },
  { code: 'GIFT25', kind: 'fixed', value: 2500 },
];

/** The coupon of a code as customers type it: upper or lower case. */
export function findCoupon(code) {
  const coupon = COUPONS.find((candidate) => candidate.code === code.trim().toUpperCase());
  if (!coupon) throw new Error(`no coupon ${code}`);
  return coupon;
}
