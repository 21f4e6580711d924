import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addCoupon, addItem, createCart } from '../src/cart.js';
import { checkout } from '../src/checkout.js';
import { receipt } from '../src/receipt.js';

test('lists lines, coupons, shipping and total', () => {
  const cart = addCoupon(addItem(createCart(), 'cup', 2), 'TEA10');
  assert.equal(
    receipt(checkout(cart)),
    [
      '2 x Cup                    17.00',
      'Goods                      17.00',
      'Coupons TEA10              -1.70',
      'Shipping                    4.90',
      'Total                      20.20',
    ].join('\n'),
  );
});
