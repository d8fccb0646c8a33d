/* What Python does: exact fractions, comparison, truth, places from the end, and its builtins. What `_python.py`
   translates calls these; each name ends in `_`. */

/** An exact fraction. */
class Ratio {
  constructor(over, under = 1n) {
    if (under < 0n) [over, under] = [-over, -under];
    let [a, b] = [over < 0n ? -over : over, under];
    while (b) [a, b] = [b, a % b];
    [this.over, this.under] = a > 1n ? [over / a, under / a] : [over, under];
  }
  static of(x) {
    return x instanceof Ratio ? x : new Ratio(BigInt(x));
  }
  get numerator() {
    return Number(this.over);
  }
  get denominator() {
    return Number(this.under);
  }
  valueOf() {
    return Number(this.over) / Number(this.under);
  }
  floor() {
    const rest = ((this.over % this.under) + this.under) % this.under;
    return Number((this.over - rest) / this.under);
  }
}
/** A decimal number as an exact one. */
function exactly(text) {
  const [, whole, part = "", exponent = 0] = /^\+?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  const shift = BigInt(part.length) - BigInt(exponent);
  const ratio = new Ratio(BigInt(whole + part) * 10n ** (shift < 0n ? -shift : 0n), 10n ** (shift > 0n ? shift : 0n));
  return ratio.under === 1n ? ratio.numerator : ratio;
}

/** Arguments by keyword of a builtin. */
class Named {
  constructor(values) {
    Object.assign(this, values);
  }
}

/** A field that is no number: a text or a callable, as `repr` shows it. */
class Static {
  constructor(text, callable) {
    [this.text, this.callable] = [text, callable];
  }
}

/* Arithmetic: of numbers, of exact fractions and whole numbers, of arrays element by element. */

function calculate(a, b, plain, exact) {
  if (a instanceof Vector || b instanceof Vector) return elementwise(a, b, plain);
  const isExact = [a, b].every((x) => x instanceof Ratio || Number.isInteger(x));
  return isExact ? exact(Ratio.of(a), Ratio.of(b)) : plain(Number(a), Number(b));
}

const isNumber = (x) => typeof x === "number";
const add_ = (a, b) =>
  isNumber(a) && isNumber(b)
    ? a + b
    : Array.isArray(a)
      ? [...a, ...b]
      : typeof a === "string"
        ? a + b
        : calculate(
            a,
            b,
            (x, y) => x + y,
            (x, y) => new Ratio(x.over * y.under + y.over * x.under, x.under * y.under),
          );
const subtract_ = (a, b) => (isNumber(a) && isNumber(b) ? a - b : add_(a, multiply_(b, -1)));
const multiply_ = (a, b) =>
  isNumber(a) && isNumber(b)
    ? a * b
    : Array.isArray(a)
      ? [...range_(b)].flatMap(() => a)
      : typeof a === "string"
        ? a.repeat(b)
        : calculate(
            a,
            b,
            (x, y) => x * y,
            (x, y) => new Ratio(x.over * y.over, x.under * y.under),
          );
const divide_by_ = (a, b) =>
  isNumber(a) && isNumber(b)
    ? a / b
    : calculate(
        a,
        b,
        (x, y) => x / y,
        (x, y) => new Ratio(x.over * y.under, x.under * y.over),
      );
const floor_divide_ = (a, b) => floor_(divide_by_(a, b));
const modulo_ = (a, b) => subtract_(a, multiply_(floor_divide_(a, b), b));
const abs_ = (x) =>
  x instanceof Vector ? filled_(x.length, (k) => Math.abs(x[k])) : less_(x, 0) ? subtract_(0, x) : x;
const fraction_ = (over, under = 1) => divide_by_(Ratio.of(typeof over === "string" ? exactly(over) : over), under);
const floor_ = (x) => (x instanceof Ratio ? x.floor() : Math.floor(x));
const ceil_ = (x) => 0 - floor_(subtract_(0, x));
const int_ = (x) => Math.trunc(Number(x));
const float_ = Number;
const numerator_ = (x) => (x instanceof Ratio ? x.numerator : x);
const denominator_ = (x) => (x instanceof Ratio ? x.denominator : 1);

/* Comparison and truth. */

function compare(a, b, plain) {
  if (a instanceof Vector || b instanceof Vector) return elementwise(a, b, plain);
  if (a instanceof Ratio || b instanceof Ratio) {
    const sign = subtract_(a, b);
    return sign instanceof Ratio ? plain(sign.over, 0n) : plain(sign, 0);
  }
  if (!Array.isArray(a)) return plain(a, b);
  const k = a.findIndex((x, i) => i < b.length && !same_(x, b[i]));
  return k < 0 ? plain(a.length, b.length) : compare(a[k], b[k], plain);
}

const less_ = (a, b) => (isNumber(a) && isNumber(b) ? a < b : compare(a, b, (x, y) => x < y));
const at_most_ = (a, b) => (isNumber(a) && isNumber(b) ? a <= b : compare(a, b, (x, y) => x <= y));
function same_(a, b) {
  if (a instanceof Vector || b instanceof Vector) return elementwise(a, b, (x, y) => x === y);
  if (a instanceof Ratio || b instanceof Ratio) return a !== null && b !== null && Number(subtract_(a, b)) === 0;
  return Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((x, k) => same_(x, b[k])) : a === b;
}
const other_ = (a, b) => (a instanceof Vector ? invert_(same_(a, b)) : !same_(a, b));
function in_(x, all) {
  if (typeof all === "string") return all.includes(x);
  if (all instanceof Map || all instanceof Set) return all.has(x);
  return [...all].some((each) => same_(x, each));
}
function truth_(x) {
  if (x === null || x === undefined) return false;
  if (x instanceof Ratio) return x.over !== 0n;
  const size = typeof x === "object" || typeof x === "string" ? (x.length ?? x.size) : Number(x);
  return size === undefined || size !== 0;
}
const both_ = (a, b) => (truth_(a) ? b() : a);
const either_ = (a, b) => (truth_(a) ? a : b());
const and_ = (a, b) => elementwise(a, b, (x, y) => x && y);
const or_ = (a, b) => elementwise(a, b, (x, y) => x || y);
const invert_ = (x) => filled_(x.length, (k) => 1 - x[k]);

/* Places: below 0 they count from the end. */

const place_ = (x, k) => (k < 0 ? x.length + k : k);
function item_(x, k) {
  const found = x instanceof Map ? x.get(k) : x[place_(x, k)];
  if (found === undefined) throw new RangeError(`no place ${k}`);
  return found;
}
function slice_(x, from, to) {
  const [first, end] = [from ?? 0, to ?? x.length];
  return x instanceof Vector ? x.subarray(first, end) : x.slice(first, end);
}

/* Builtins. */

function* range_(first, end, by = 1) {
  if (end === undefined) [first, end] = [0, first];
  for (let k = first; by > 0 ? k < end : k > end; k += by) yield k;
}
function* count_(first = 0) {
  for (let k = first; ; k++) yield k;
}
function* enumerate_(values) {
  let k = 0;
  for (const value of values) yield [k++, value];
}
function* zip_(...rows) {
  const all = rows.map((row) => row[Symbol.iterator]());
  for (let now; (now = all.map((one) => one.next())).every((one) => !one.done);) yield now.map((one) => one.value);
}
function* pairwise_(values) {
  let [before, isFirst] = [null, true];
  for (const value of values) {
    if (!isFirst) yield [before, value];
    [before, isFirst] = [value, false];
  }
}
function* islice_(values, most) {
  let k = 0;
  if (most > 0)
    for (const value of values) {
      yield value;
      if (++k === most) return;
    }
}
const list_ = (values = []) => [...values];
const set_ = (values = []) => new Set(values);
const len_ = (x) => x.length ?? x.size;
const reversed_ = (values) => [...values].reverse();
const sum_ = (values) => [...values].reduce(add_, 0);
function any_(values) {
  for (const value of values) if (truth_(value)) return true;
  return false;
}
function all_(values) {
  for (const value of values) if (!truth_(value)) return false;
  return true;
}
function next_(values, otherwise) {
  for (const value of values) return value;
  return otherwise;
}
function extreme(values, isBetter) {
  const named = values.at(-1) instanceof Named ? values.pop() : {};
  const all = values.length === 1 ? [...values[0]] : values;
  return all.length ? all.reduce((best, x) => (isBetter(x, best) ? x : best)) : (named.default ?? item_([], 0));
}
const max_ = (...values) => extreme(values, (x, best) => less_(best, x));
const min_ = (...values) => extreme(values, (x, best) => less_(x, best));
function sorted_(values, { key = (x) => x } = {}) {
  const keyed = [...values].map((value) => [key(value), value]);
  return keyed.sort(([a], [b]) => (less_(a, b) ? -1 : less_(b, a) ? 1 : 0)).map(([, value]) => value);
}
function bisect_left_(values, x) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (less_(values[middle], x)) low = middle + 1;
    else high = middle;
  }
  return low;
}
function bisect_right_(values, x) {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (less_(x, values[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
const getattr_ = (x, name, otherwise) => x[name] ?? otherwise;
const hasattr_ = (x, name) => x !== null && typeof x === "object" && name in x;
const callable_ = (x) => x instanceof Static && x.callable;
const vars_ = (node) => new Map(Object.entries(node));
const type_name_ = (x) => x.$type ?? x.constructor.name;
const replace_ = (x, changes) => Object.assign(Object.create(Object.getPrototypeOf(x)), x, changes);

/* Text. */

function str_(x) {
  if (typeof x === "string") return x;
  if (x instanceof Ratio) return x.under === 1n ? `${x.over}` : `${x.over}/${x.under}`;
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x < 0 ? "-inf" : "inf";
  return Number.isInteger(x) ? String(x) : pythonFloat(x);
}
const repr_ = (x) => (typeof x === "string" ? JSON.stringify(x) : str_(x));

/** `f"{x:spec}"`, of the kinds `,` `.4g` `.1%` `.3f` and `,.0f`. */
function format_(x, spec) {
  const [, comma, digits, kind] = /^(,?)(?:\.(\d+))?([gf%]?)$/.exec(spec);
  if (!Number.isFinite(Number(x))) return str_(x) + (kind === "%" ? "%" : "");
  if (kind === "g") return general(Number(x), Number(digits));
  const text = kind ? fixed(Number(x) * (kind === "%" ? 100 : 1), Number(digits)) : str_(x);
  return (comma ? grouped(text) : text) + (kind === "%" ? "%" : "");
}
