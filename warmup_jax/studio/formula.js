/* What the formulas of a schedule call, as `_javascript.py` writes them. */

const f32_ = Math.fround;
const divide_ = (a, b) => (b === 0 ? -1 : Math.trunc(a / b));
const remainder_ = (a, b) => (b === 0 ? a : a % b);
const power_ = (a, b) => (a === 1 ? 1 : Math.pow(a, b));
const even_ = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const raised_ = (multiply, x, exponent) => {
  let product = null;
  for (let n = Math.abs(exponent); n > 0; n >>= 1, x = multiply(x, x)) {
    if (n & 1) product = product === null ? x : multiply(product, x);
  }
  return exponent < 0 ? 1 / product : product;
};
const within_ = (x, low, high) => Math.min(Math.max(x, low), high);
const largest_ = (array) => array.reduce((best, x, i) => (x > array[best] ? i : best), 0);
const smallest_ = (array) => array.reduce((best, x, i) => (x < array[best] ? i : best), 0);
const running_ = (combine, array, reverse) => {
  const out = reverse ? [...array].reverse() : [...array];
  for (let i = 1; i < out.length; i++) out[i] = combine(out[i - 1], out[i]);
  return reverse ? out.reverse() : out;
};
const loop_ = (test, body, carry) => {
  while (test(...carry)) carry = body(...carry);
  return carry;
};
const scan_ = (body, carry, arrays, length, reverse) => {
  const rows = new Array(length);
  for (let k = 0; k < length; k++) {
    const i = reverse ? length - 1 - k : k;
    const out = body(...carry, ...arrays.map((array) => array[i]));
    carry = out.slice(0, carry.length);
    rows[i] = out.slice(carry.length);
  }
  return [...carry, ...(rows[0] ?? []).map((_, j) => rows.map((row) => row[j]))];
};
