const SHIPPING = 490;
const FREE_FROM = 5000;

/** What sending goods of this value costs, in cents. */
export function shippingFor(goods) {
  return goods >= FREE_FROM ? 0 : SHIPPING;
}
