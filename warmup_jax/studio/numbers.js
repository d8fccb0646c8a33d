/* Numbers as Python writes them, and the ranges of the sliders. */

const SMALLEST_FLOAT = 2 ** -126;
const MOST_STEPS = 2 ** 31 - 1;

/** A rounded text, a tie to the even digit as Python rounds it; `exact()` is the same with all digits. */
function tieToEven(text, exact) {
  const isTie = /[13579]$/.test(text) && /^\.?50*$/.test(exact().slice(text.length));
  return isTie ? exact().slice(0, text.length) : text;
}

/** `[mantissa, exponent]` with so many digits. */
function scientific(x, digits) {
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  return [tieToEven(mantissa, () => x.toExponential(100).split("e")[0]), exponent];
}

function fixed(x, places) {
  return tieToEven(x.toFixed(places), () => x.toFixed(100));
}

/** The number with the fewest digits that rounds to the same float32. */
function shortest(x) {
  for (let digits = 1; digits <= 9; digits++) {
    const [mantissa, exponent] = scientific(Math.abs(x), digits);
    const whole = Number(mantissa.replace(".", ""));
    // Above a power of two the next number is further away than below it: then the larger one may be near enough.
    for (const near of [whole, whole + 1]) {
      const shorter = Math.sign(x) * Number(`${near}e${exponent - digits + 1}`);
      if (Math.fround(shorter) === x) return shorter;
    }
  }
  return x;
}

/** `repr` of a Python float. */
function pythonFloat(x) {
  if (x === 0) return "0.0";
  const [digits, exponent] = x.toExponential().split("e");
  if (exponent < -4 || exponent >= 16) return `${digits}e${twoDigits(exponent)}`;
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

/** Python's `{x:.4g}`. */
function general(x, digits = 4) {
  if (x === 0) return "0";
  const [mantissa, exponent] = scientific(x, digits);
  if (exponent < -4 || exponent >= digits) return `${trimmed(mantissa)}e${twoDigits(exponent)}`;
  return trimmed(fixed(x, digits - 1 - exponent));
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function twoDigits(exponent) {
  return `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** Python's `{x:,}`. */
function grouped(whole) {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A number as typed, with Python's underscores; NaN for anything else. */
function parsed(text) {
  const plain = text.trim().replace(/(?<=\d)_(?=\d)/g, "");
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
}

/**
 * What a slider goes through: `{low, high, scale}`. A whole number moves by 1 or more; a rate of 0 or above on a
 * logarithmic scale that begins with 0 itself, with the same range for all rates of the schedule.
 */
function rangeOf(number, largestRate, total) {
  const { value, low, high, whole, inSteps } = number;
  const clipped = (a, b, scale) => ({ low: Math.max(a, low), high: Math.min(b, high), scale });
  if (whole && low < 0) return clipped(-total, total, "whole");
  if (whole) return clipped(0, inSteps ? Math.max(2 * value, total) : Math.max(4 * value, 12), "whole");
  if (low > 0 && high < 1) return clipped(low, high, "near one");
  if (low > 0 || (low === 0 && number.above)) return clipped(value / 100, value * 100, "log");
  if (Math.max(-low, high) <= 1000) return clipped(low, high, "linear");
  if (value < 0) return clipped(2 * value, -2 * value, "linear");
  const top = Math.max(value, largestRate || 1);
  return clipped(Math.min(top / 1e4, value / 10 || top), top * 10, "log from 0");
}

const POSITIONS = 1000;

/** How many positions a slider has: one for each whole number, or as many as a finger can tell apart. */
function positionsOf(range) {
  return range.scale === "whole" ? Math.max(1, Math.min(POSITIONS, range.high - range.low)) : POSITIONS;
}

function positionOf(value, range) {
  const share = {
    whole: () => (value - range.low) / (range.high - range.low),
    linear: () => (value - range.low) / (range.high - range.low),
    log: () => Math.log(value / range.low) / Math.log(range.high / range.low),
    "log from 0": () =>
      value > 0
        ? (1 + Math.max(0, Math.log(value / range.low) / Math.log(range.high / range.low)) * (POSITIONS - 1)) /
          POSITIONS
        : 0,
    "near one": () => Math.log((1 - value) / (1 - range.low)) / Math.log((1 - range.high) / (1 - range.low)),
  }[range.scale]();
  return Math.round(Math.min(Math.max(share, 0), 1) * positionsOf(range));
}

function valueAt(position, range) {
  const share = position / positionsOf(range);
  if (range.scale === "whole") return Math.round(range.low + share * (range.high - range.low));
  if (range.scale === "linear") return rounded(range.low + share * (range.high - range.low));
  if (range.scale === "log") return rounded(range.low * (range.high / range.low) ** share);
  if (range.scale === "near one") {
    const rest = (1 - range.low) * ((1 - range.high) / (1 - range.low)) ** share;
    return Math.min(Math.max(1 - rounded(rest), range.low), range.high);
  }
  if (position === 0) return 0;
  return rounded(range.low * (range.high / range.low) ** ((position - 1) / (POSITIONS - 1)));
}

/** To three digits: what a slider can mean. */
function rounded(x) {
  return Number(x.toPrecision(3));
}
