import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCoupon, addItem, createCart } from '../src/cart.js';
import { checkout } from '../src/checkout.js';

test('adds shipping to goods less the discount', () => {
  const order = checkout(addCoupon(addItem(createCart(), 'cup', 2), 'TEA10'));
  assert.equal(order.goods, 1700);
  assert.equal(order.discount, 170);
  assert.equal(order.shipping, 490);
  assert.equal(order.total, 1700 - 170 + 490);
});

test('pays for shipping when a coupon takes the goods below 50.00', () => {
  const cart = addItem(createCart(), 'pot', 2);
  assert.equal(checkout(addItem(cart, 'cup')).shipping, 0);
  assert.equal(checkout(addCoupon(cart, 'TEA10')).shipping, 490);
});

test('refuses an empty cart', () => {
  assert.throws(() => checkout(createCart()), /empty/);
});
