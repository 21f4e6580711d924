import { subtotal } from './cart.js';
import { discountFor } from './discounts.js';
import { shippingFor } from './shipping.js';

/** The order of a cart; all amounts in cents. */
export function checkout(cart) {
  if (cart.lines.length === 0) throw new Error('the cart is empty');
  const goods = subtotal(cart);
  const discount = discountFor(goods, cart.coupons);
  const shipping = shippingFor(goods - discount);
  return { lines: cart.lines, coupons: cart.coupons, goods, discount, shipping, total: goods - discount + shipping };
}
