import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatMoney, percentOf } from '../src/money.js';

test('shows cents with two digits', () => {
  assert.equal(formatMoney(1250), '12.50');
  assert.equal(formatMoney(5), '0.05');
  assert.equal(formatMoney(-340), '-3.40');
});

test('rounds a percentage to whole cents', () => {
  assert.equal(percentOf(995, 10), 100);
  assert.equal(percentOf(994, 10), 99);
});
