import { addCoupon, addItem, createCart } from './cart.js';
import { checkout } from './checkout.js';
import { receipt } from './receipt.js';

let cart = addItem(addItem(createCart(), 'tea-green'), 'cup', 2);
for (const code of process.argv.slice(2)) cart = addCoupon(cart, code);
console.log(receipt(checkout(cart)));
