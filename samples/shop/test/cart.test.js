import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCoupon, addItem, createCart, removeItem, subtotal } from '../src/cart.js';

test('adds up lines and quantities', () => {
  const cart = addItem(addItem(addItem(createCart(), 'cup'), 'pot'), 'cup', 2);
  assert.equal(cart.lines.length, 2);
  assert.equal(subtotal(cart), 3 * 850 + 2490);
});

test('leaves the cart that it was given as it is', () => {
  const cart = addItem(createCart(), 'cup');
  addItem(cart, 'cup');
  removeItem(cart, 'cup');
  addCoupon(cart, 'TEA10');
  assert.deepEqual(cart, addItem(createCart(), 'cup'));
});

test('refuses a quantity that is no whole number from 1', () => {
  for (const quantity of [0, -1, 1.5]) assert.throws(() => addItem(createCart(), 'cup', quantity), /quantity/);
});

test('takes each coupon once, in upper or lower case', () => {
  const cart = addCoupon(createCart(), ' tea10 ');
  assert.equal(cart.coupons[0].code, 'TEA10');
  assert.throws(() => addCoupon(cart, 'TEA10'), /used already/);
  assert.throws(() => addCoupon(cart, 'NONE'), /no coupon NONE/);
});
