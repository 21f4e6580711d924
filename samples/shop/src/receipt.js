import { formatMoney } from './money.js';

const WIDTH = 32;

/** The order as text for a narrow printer. */
export function receipt(order) {
  const rows = order.lines.map((line) => row(`${line.quantity} x ${line.name}`, line.price * line.quantity));
  rows.push(row('Goods', order.goods));
  if (order.coupons.length > 0) rows.push(row(`Coupons ${couponCodes(order)}`, -order.discount));
  rows.push(row('Shipping', order.shipping), row('Total', order.total));
  return rows.join('\n');
}

/** In the order in which the customer entered them. */
function couponCodes(order) {
  return order.coupons.map((coupon) => coupon.code).join(', ');
}

function row(label, cents) {
  const amount = formatMoney(cents);
  return label.padEnd(WIDTH - amount.length) + amount;
}
