/* Arrays of float64 as NumPy has them, as far as `report` and `lint` ask: `_python.py` says which function is which.
   Truths are 1 and 0. */

class Vector extends Float64Array {
  static get [Symbol.species]() {
    return Vector;
  }
  argmax() {
    return this.reduce((best, x, k) => (x > this[best] || (x !== x && this[best] === this[best]) ? k : best), 0);
  }
  argmin() {
    return this.reduce((best, x, k) => (x < this[best] || (x !== x && this[best] === this[best]) ? k : best), 0);
  }
  max() {
    return this[this.argmax()];
  }
  min() {
    return this[this.argmin()];
  }
  sum() {
    return this.reduce((sum, x) => sum + x, 0);
  }
  mean() {
    return this.sum() / this.length;
  }
  any() {
    return this.some((x) => x !== 0);
  }
  all() {
    return this.every((x) => x !== 0);
  }
}

function elementwise(a, b, operation) {
  if (!(a instanceof Vector)) return b.map((x) => operation(Number(a), x));
  return b instanceof Vector ? a.map((x, k) => operation(x, b[k])) : a.map((x) => operation(x, Number(b)));
}

const array_ = (values) => Vector.from(values);
const array_arange_ = (first, end) => new Vector(end - first).map((_, k) => first + k);
function array_linspace_(first, last, count) {
  const gap = (last - first) / (count - 1);
  return new Vector(count).map((_, k) => (k === count - 1 ? last : k * gap + first));
}
function array_concatenate_(arrays) {
  const all = new Vector(arrays.reduce((count, array) => count + array.length, 0));
  let count = 0;
  for (const array of arrays) all.set(array, (count += array.length) - array.length);
  return all;
}
const array_sort_ = (values) => values.slice().sort();
const array_compress_ = (mask, values) => values.filter((_, k) => mask[k] !== 0);
function array_diff_(values, { prepend } = {}) {
  const all = prepend === undefined ? values : array_concatenate_([[prepend], values]);
  return all.subarray(1).map((x, k) => x - all[k]);
}
const array_searchsorted_ = (values, x) => (isNumber(x) ? bisect_left_(values, x) : x.map((y) => bisect_left_(values, y)));
function array_flatnonzero_(values) {
  const found = [];
  values.forEach((x, k) => x !== 0 && found.push(k));
  return array_(found);
}
const array_isfinite_ = (values) => values.map(Number.isFinite);
const array_floor_ = (values) => values.map(Math.floor);
const array_argmax_ = (values) => values.argmax();
const array_argmin_ = (values) => values.argmin();
const array_sum_ = (values) => values.sum();
function array_so_far_(values) {
  let best = -Infinity;
  return values.map((x) => (best = x > best || x !== x ? x : best));
}
