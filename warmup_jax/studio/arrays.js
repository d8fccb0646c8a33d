/* Arrays of float64 as NumPy has them, as far as `report` and `lint` ask: `_python.py` says which function is which.
   Truths are 1 and 0. */

class Vector extends Float64Array {
  static get [Symbol.species]() {
    return Vector;
  }
  argmax() {
    return positionOfBest(this, (x, best) => x > best);
  }
  argmin() {
    return positionOfBest(this, (x, best) => x < best);
  }
  max() {
    return this[this.argmax()];
  }
  min() {
    return this[this.argmin()];
  }
  sum() {
    let sum = 0;
    for (let k = 0; k < this.length; k++) sum += this[k];
    return sum;
  }
  mean() {
    return this.sum() / this.length;
  }
  any() {
    return this.sum() !== 0;
  }
  all() {
    return this.sum() === this.length;
  }
}

/** The first NaN is better than all else, as in NumPy. */
function positionOfBest(values, isBetter) {
  let best = 0;
  for (let k = 0; k < values.length; k++) {
    if (Number.isNaN(values[k])) return k;
    if (isBetter(values[k], values[best])) best = k;
  }
  return best;
}

/** `of(k)` for each place; a loop of its own is several times as fast as `map`. */
function filled_(length, of) {
  const made = new Vector(length);
  for (let k = 0; k < length; k++) made[k] = of(k);
  return made;
}

function elementwise(a, b, operation) {
  if (!(a instanceof Vector)) return filled_(b.length, (k) => operation(Number(a), b[k]));
  if (b instanceof Vector) return filled_(a.length, (k) => operation(a[k], b[k]));
  return filled_(a.length, (k) => operation(a[k], Number(b)));
}

const array_ = (values) => filled_(values.length, (k) => values[k]);
const array_arange_ = (first, end) => filled_(end - first, (k) => first + k);
function array_linspace_(first, last, count) {
  const gap = (last - first) / (count - 1);
  return filled_(count, (k) => (k === count - 1 ? last : k * gap + first));
}
function array_concatenate_(arrays) {
  const all = new Vector(arrays.reduce((count, array) => count + array.length, 0));
  let count = 0;
  for (const array of arrays) all.set(array, (count += array.length) - array.length);
  return all;
}
const array_sort_ = (values) => values.slice().sort();
function array_flatnonzero_(values) {
  const found = [];
  for (let k = 0; k < values.length; k++) if (values[k] !== 0) found.push(k);
  return array_(found);
}
function array_compress_(mask, values) {
  const places = array_flatnonzero_(mask);
  return filled_(places.length, (k) => values[places[k]]);
}
function array_diff_(values, { prepend } = {}) {
  const all = prepend === undefined ? values : array_concatenate_([[prepend], values]);
  return filled_(Math.max(all.length - 1, 0), (k) => all[k + 1] - all[k]);
}
const array_searchsorted_ = (values, x) =>
  isNumber(x) ? bisect_left_(values, x) : x.map((each) => bisect_left_(values, each));
const array_isfinite_ = (values) => filled_(values.length, (k) => Number.isFinite(values[k]));
const array_floor_ = (values) => filled_(values.length, (k) => Math.floor(values[k]));
const array_argmax_ = (values) => values.argmax();
const array_argmin_ = (values) => values.argmin();
const array_sum_ = (values) => values.sum();
function array_so_far_(values) {
  let best = -Infinity;
  return filled_(values.length, (k) => (best = values[k] > best || Number.isNaN(values[k]) ? values[k] : best));
}
