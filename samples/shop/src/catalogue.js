const PRODUCTS = [
  { sku: 'tea-green', name: 'Green tea', price: 690 },
  { sku: 'tea-black', name: 'Black tea', price: 590 },
  { sku: 'pot', name: 'Tea pot', price: 2490 },
  { sku: 'cup', name: 'Cup', price: 850 },
];

/** The product, or an error that names what is missing. */
export function findProduct(sku) {
  const product = PRODUCTS.find((candidate) => candidate.sku === sku);
  if (!product) throw new Error(`no product ${sku}`);
  return product;
}
