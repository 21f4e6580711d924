import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shippingFor } from '../src/shipping.js';

test('is free from 50.00', () => {
  assert.equal(shippingFor(4999), 490);
  assert.equal(shippingFor(5000), 0);
});
