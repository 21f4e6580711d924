import { findCoupon } from './coupons.js';
import { findProduct } from './catalogue.js';

/** An empty cart. Carts are never changed: every function returns a new one. */
export function createCart() {
  return { lines: [], coupons: [] };
}

export function addItem(cart, sku, quantity = 1) {
  if (!Number.isInteger(quantity) || quantity < 1) throw new Error(`quantity must be a whole number from 1, not ${quantity}`);
  const { name, price } = findProduct(sku);
  const present = cart.lines.find((line) => line.sku === sku);
  if (!present) return { ...cart, lines: [...cart.lines, { sku, name, price, quantity }] };
  const more = { ...present, quantity: present.quantity + quantity };
  return { ...cart, lines: cart.lines.map((line) => (line === present ? more : line)) };
}

export function removeItem(cart, sku) {
  return { ...cart, lines: cart.lines.filter((line) => line.sku !== sku) };
}

/** Uses a coupon. Each can be used once in a cart. */
export function addCoupon(cart, code) {
  const coupon = findCoupon(code);
  if (cart.coupons.some((used) => used.code === coupon.code)) throw new Error(`coupon ${coupon.code} is used already`);
  return { ...cart, coupons: [...cart.coupons, coupon] };
}

/** What the goods cost before coupons, in cents. */
export function subtotal(cart) {
  return cart.lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
}
