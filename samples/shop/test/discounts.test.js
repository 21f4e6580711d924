import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCoupon } from '../src/coupons.js';
import { discountFor } from '../src/discounts.js';

test('takes nothing off without coupons', () => {
  assert.equal(discountFor(2000, []), 0);
});

test('takes a percentage off', () => {
  assert.equal(discountFor(2000, [findCoupon('TEA10')]), 200);
});

test('takes a fixed amount off', () => {
  assert.equal(discountFor(2000, [findCoupon('GIFT10')]), 1000);
});

test('takes the second percentage off what the first has left', () => {
  assert.equal(discountFor(2000, [findCoupon('TEA10'), findCoupon('SPRING20')]), 200 + 360);
});
