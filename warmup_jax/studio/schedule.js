/* A schedule with its numbers: its values, text, limits and stages, as in `report.py`. */

const EVERY_STEP = 2 ** 20;
const MOST_CYCLES = 12;
const MOST_ROWS = 40;
const SAME = 3e-7;
const SIGNS = { Product: " * ", Sum: " + ", Minimum: " | ", Maximum: " | " };

/** The schedule of a template, its formulas and its numbers. */
function bind(data, value, lengths, numbers) {
  const leaves = data.leaves.map((at) => (Array.isArray(at) ? at.map((k) => numbers[k]) : numbers[at]));
  const formula = value(leaves);
  const ends = lengths(leaves)([]);
  const read = (field) => (Array.isArray(field.place) ? field.place.map((k) => numbers[k]) : numbers[field.place]);
  return {
    tree: data.tree,
    scalars: leaves.filter((leaf) => !Array.isArray(leaf)),
    at: (step) => formula([Math.min(Math.max(step, -MOST_STEPS), MOST_STEPS)])[0],
    length: (node) => (node.endless ? null : ends[node.index]),
    /** The field of a node: a number, the numbers of a table, null, or the nodes below. */
    get: (node, name) => (node.fields[name]?.place === undefined ? node.fields[name] : read(node.fields[name])),
  };
}

/** A number as the schedule stores it. */
function stored(x, number, single) {
  return number.whole || !single ? x : Math.fround(x);
}

function childrenOf(node) {
  return Object.values(node.fields)
    .flatMap((field) => (Array.isArray(field) ? field : [field]))
    .filter((field) => field?.kind);
}

function nodesOf(node) {
  return [node, ...childrenOf(node).flatMap(nodesOf)];
}

/* Text. */

function numberText(x, number, single) {
  return number.whole ? String(x) : pythonFloat(single ? shortest(x) : x);
}

function pythonText(data, numbers) {
  return data.text
    .map((piece) => (typeof piece === "string" ? piece : numberText(numbers[piece], data.numbers[piece], data.single)))
    .join("");
}

/** The same as `text.to_dict`, or null for a schedule that holds a callable. */
function jsonText(data, numbers) {
  const shown = (at) => Number(numberText(numbers[at], data.numbers[at], data.single));
  const entry = (field) => {
    if (field === null) return null;
    if (field.kind) return tree(field);
    if (field.static !== undefined) throw new TypeError("a callable has no JSON");
    return Array.isArray(field)
      ? field.map(entry)
      : Array.isArray(field.place)
        ? field.place.map(shown)
        : shown(field.place);
  };
  const tree = (node) => {
    const fields = Object.fromEntries(Object.entries(node.fields).map(([name, field]) => [name, entry(field)]));
    if (node.kind !== "PiecewiseLinear") return { type: node.type, ...fields };
    return { type: node.type, points: fields.boundaries.map((step, k) => [step, fields.values[k]]) };
  };
  try {
    return JSON.stringify({ version: 1, schedule: tree(data.tree) }, null, 2);
  } catch (error) {
    return null;
  }
}

/* Limits, as the constructors check them. */

/** What is wrong with the number `place` in words, or "" */
function problemOf(number, x) {
  const name = `${number.path.split(" ").at(-1)}(${number.name}=...)`;
  const kind = number.whole ? "a whole number" : "a number";
  if (Number.isNaN(x) || (number.whole && !Number.isInteger(x))) return `${name} must be ${kind}.`;
  if (number.low === SMALLEST_FLOAT && x < number.low) return `${name} must be above 0; got ${x}.`;
  if (x < number.low) return `${name} must be ${kind}, ${general(number.low, 10)} or more; got ${x}.`;
  if (x > number.high) return `${name} must be ${kind}, at most ${general(number.high, 10)}; got ${x}.`;
  return "";
}

/** What is wrong with the numbers together, in words, or "". */
function problemOfAll(schedule) {
  for (const node of nodesOf(schedule.tree)) {
    const get = (name) => schedule.get(node, name);
    const message = (CONFLICTS[node.kind] ?? (() => ""))(get, schedule, node);
    if (message) return `${node.type}: ${message}`;
  }
  return "";
}

function tooFar(a, b) {
  return Math.abs(b - a) > LARGEST_FLOAT && `the two ends must be at most ${general(LARGEST_FLOAT, 3)} apart.`;
}

function tooLong(steps) {
  return (
    steps > MOST_STEPS && `it must be at most ${grouped(MOST_STEPS)} steps long in all; this is ${grouped(steps)}.`
  );
}

function notRising(steps) {
  const k = steps.findIndex((step, i) => i > 0 && step <= steps[i - 1]);
  return k > 0 && `the steps must rise, none twice; got ${steps[k]} after ${steps[k - 1]}.`;
}

function repeated(get, schedule) {
  const once = schedule.length(get("schedule"));
  let [times, cycle, steps] = [get("times"), once, 0];
  if (get("stretch") === 1) return tooLong(once * times);
  for (; times > 0 && once > 0 && steps <= MOST_STEPS; times--, cycle *= get("stretch")) steps += cycle;
  return tooLong(steps);
}

function geometric(get) {
  const [start, stop] = [get("start"), get("stop")];
  const [low, high] = [Math.min(Math.abs(start), Math.abs(stop)), Math.max(Math.abs(start), Math.abs(stop))];
  if (low < SMALLEST_FLOAT) return "neither end may be 0: a constant factor never reaches it.";
  if (start > 0 !== stop > 0) return "both ends must have the same sign.";
  return (high > low * LARGEST_FLOAT && "the two ends are too far apart.") || tooFar(start, stop);
}

const twoEnds = (get) => tooFar(get("start"), get("stop"));
const CONFLICTS = {
  Linear: twoEnds,
  Cosine: twoEnds,
  Polynomial: twoEnds,
  Rex: twoEnds,
  Tanh: (get) => twoEnds(get) || (get("lower") >= get("upper") && "lower must be below upper."),
  Geometric: geometric,
  Exponential: (get) => tooFar(get("start"), get("limit")),
  Clip: (get) => get("low") > get("high") && "low must be at most high.",
  PiecewiseConstant: (get) => notRising(get("boundaries")),
  PiecewiseLinear: (get) =>
    notRising(get("boundaries")) ||
    (get("values").some((x, k, all) => k > 0 && tooFar(all[k - 1], x)) && "two values are too far apart."),
  Truncate: (get, schedule) => {
    const whole = schedule.length(get("schedule"));
    return (
      whole !== null &&
      get("steps") > whole &&
      `steps must be at most the length of the schedule in it, ${grouped(whole)}.`
    );
  },
  Join: (get, schedule) => tooLong(get("stages").reduce((sum, stage) => sum + (schedule.length(stage) ?? 0), 0)),
  Repeat: repeated,
  Stretch: (get, schedule) =>
    tooLong(Math.ceil(((schedule.length(get("schedule")) ?? 0) * get("factor")) / get("divisor"))),
  Shift: (get, schedule) => tooLong((schedule.length(get("schedule")) ?? 0) + get("by")),
};

/* Stages, as `report.spans`. */

/** The stages on the time line of a run: `{name, begin, end}`, one after another, from 0 to `total`. */
function spansOf(schedule, total) {
  return covered(schedule, schedule.tree, total);
}

function span(name, begin, end, stage = null) {
  return { name, begin, end, stage };
}

function covered(schedule, node, total) {
  const parts = partsOf(schedule, node, total);
  const end = parts.at(-1)?.end ?? 0;
  return end < total ? [...parts, span("held", end, total)] : parts;
}

function partsOf(schedule, node, whole) {
  const length = schedule.length(node);
  const total = length === null ? whole : Math.min(whole, length);
  if (total <= 0) return [];
  const inner = schedule.get(node, "schedule");
  const number = (name) => schedule.get(node, name);
  switch (node.kind) {
    case "Join":
      return number("stages").reduce((parts, stage) => {
        const begin = parts.at(-1)?.end ?? 0;
        return [...parts, ...moved(partsOf(schedule, stage, total - begin), begin, total)];
      }, []);
    case "Repeat":
      return cyclesOf(schedule, node, total);
    case "Stretch": {
      const [factor, divisor] = [number("factor"), number("divisor")];
      return stretched(partsOf(schedule, inner, ceilDivide(total, divisor, factor)), factor, divisor, total);
    }
    case "Reverse": {
      const turned = partsOf(schedule, inner, length).reverse();
      const from = (end) => (end === length ? 0 : length - end + 1);
      return moved(
        turned.map((part) => span(part.name, from(part.end), length - part.begin + 1, part.stage)),
        0,
        total,
      );
    }
    case "Shift": {
      const by = number("by");
      const before = by > 0 ? [span("held", 0, Math.min(by, total))] : [];
      return [...before, ...moved(partsOf(schedule, inner, total - by), by, total)];
    }
    case "Truncate":
      return covered(schedule, inner, total);
    case "Staircase":
    case "Scale":
    case "Clip":
      return partsOf(schedule, inner, total);
  }
  return SIGNS[node.kind] ? sideBySide(schedule, node, total) : [span(node.type, 0, total, node)];
}

/** `ceil(step * factor / divisor)` of whole numbers whose product may leave 2**53. */
function ceilDivide(step, factor, divisor) {
  return Number((BigInt(step) * BigInt(factor) + BigInt(divisor) - 1n) / BigInt(divisor));
}

function moved(parts, by, total) {
  return parts
    .map((part) => ({ ...part, begin: Math.max(part.begin + by, 0), end: Math.min(part.end + by, total) }))
    .filter((part) => part.begin < part.end);
}

function stretched(parts, factor, divisor, total) {
  const later = (step) => ceilDivide(step, factor, divisor);
  return moved(
    parts.map((part) => ({ ...part, begin: later(part.begin), end: later(part.end) })),
    0,
    total,
  );
}

function cyclesOf(schedule, node, total) {
  const once = schedule.length(schedule.get(node, "schedule"));
  const stretch = schedule.get(node, "stretch");
  if (!once) return [];
  const inner = partsOf(schedule, schedule.get(node, "schedule"), once);
  const cycles = Math.ceil(total / once);
  if (stretch === 1 && cycles > MOST_CYCLES) {
    const names = [...new Set(inner.map((part) => part.name))].join(" and ");
    return [span(`${names}, ${grouped(cycles)} cycles`, 0, total)];
  }
  const parts = [];
  for (let cycle = 1, begin = 0, power = 1; begin < total; cycle++, begin += once * power, power *= stretch) {
    const named = inner.map((part) => ({ ...part, name: `${part.name}, cycle ${cycle}` }));
    parts.push(...moved(stretched(named, power, 1, once * power), begin, total));
  }
  return parts;
}

function sideBySide(schedule, node, total) {
  const several = schedule.get(node, "schedules").filter((one) => schedule.length(one) !== 0);
  const tracks = several.map((one) => covered(schedule, one, total));
  const edges = [...new Set(tracks.flat().flatMap((part) => [part.begin, part.end]))].sort((a, b) => a - b);
  return edges.slice(1).map((end, k) => {
    const now = tracks.map((track) => track.find((part) => part.begin <= edges[k] && edges[k] < part.end));
    const names = now.map((part) => part.name).filter((name) => name !== "held");
    return span(names.join(SIGNS[node.kind]) || "held", edges[k], end);
  });
}

/* The curve, as `report.curve` and `report.describe`. */

/** The steps that `report.curve` asks for; fewer of them if `most` is smaller, for a drawing. */
function stepsOf(total, spans, most = EVERY_STEP, first = 0) {
  const count = total - first;
  if (count <= most) return Array.from({ length: count }, (_, k) => first + k);
  const gap = (count - 1) / (most - 1);
  const even = Array.from({ length: most }, (_, k) => first + Math.floor(k * gap));
  const near = spans.flatMap(({ begin, end }) => [begin, end].flatMap((edge) => [edge - 1, edge, edge + 1]));
  const inside = near.filter((step) => first <= step && step < total);
  const sorted = Float64Array.from([...even, total - 1, ...inside]).sort();
  return Array.from(sorted).filter((step, k) => k === 0 || step > sorted[k - 1]);
}

/** The sum of the values at all steps, those between two points as on a straight line. */
function areaOf(steps, values, first = 0, last = steps.length) {
  let sum = 0;
  for (let k = first; k + 1 < last; k++) {
    const gap = steps[k + 1] - steps[k];
    sum += (values[k] * (gap + 1) + values[k + 1] * (gap - 1)) / 2;
  }
  return sum + values[last - 1];
}

/** The steps before the first rise ends. */
function warmupOf(steps, values) {
  let top = -Infinity;
  for (const value of values) {
    top = Math.max(top, value);
    if (value < top - SAME * Math.abs(top)) break;
  }
  return steps[values.findIndex((value) => value >= top - SAME * Math.abs(top))];
}

/** The rows of the table, and the summary: `report.describe`. */
function describe(spans, steps, values, total) {
  let first = 0;
  const stages = spans.map(({ name, begin, end }) => {
    const from = first;
    while (first < steps.length && steps[first] < end) first++;
    const ends = { firstValue: values[from], lastValue: values[first - 1] };
    return {
      name,
      first: begin,
      last: end - 1,
      ...ends,
      share: (end - begin) / total,
      area: areaOf(steps, values, from, first),
    };
  });
  const highest = values.reduce((best, value, k) => (value > values[best] ? k : best), 0);
  const area = areaOf(steps, values);
  return { stages, peak: values[highest], peakStep: steps[highest], warmup: warmupOf(steps, values), area, total };
}
