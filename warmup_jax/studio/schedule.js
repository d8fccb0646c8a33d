/* A schedule with its numbers: its nodes, values, text and limits. */

/** The schedule of a template, its formulas, the classes of its nodes and its numbers. */
function bind(data, formulas, kinds, numbers) {
  const leaves = data.leaves.map((at) => (Array.isArray(at) ? at.map((k) => numbers[k]) : numbers[at]));
  const formula = formulas.value(leaves);
  const lengths = formulas.lengths(leaves)([]);
  const holds = formulas.holds(leaves)([]);
  return {
    root: nodeOf(data.tree, kinds, numbers, lengths),
    floats: leaves.filter((leaf) => !Array.isArray(leaf)),
    at: (step) => formula([Math.min(Math.max(step, -MOST_STEPS), MOST_STEPS)])[0],
    problem: data.conditions[holds.findIndex((each) => !each)] ?? "",
  };
}

/** A node with its fields, as the functions of `report` and `lint` see a schedule. */
function nodeOf(spec, kinds, numbers, lengths) {
  const node = Object.create(kinds[spec.kind]);
  const value = (field) => {
    if (field === null) return null;
    if (Array.isArray(field)) return field.map(value);
    if (field.kind !== undefined) return nodeOf(field, kinds, numbers, lengths);
    if (field.static !== undefined) return new Static(field.static, field.callable);
    if (field.constant !== undefined) return field.constant;
    return Array.isArray(field.place) ? field.place.map((k) => numbers[k]) : numbers[field.place];
  };
  for (const [name, field] of Object.entries(spec.fields)) node[name] = value(field);
  const hidden = (name, value) => Object.defineProperty(node, name, { value });
  if (!("steps" in spec.fields)) hidden("steps", spec.endless ? null : (lengths[spec.index] ?? spec.steps));
  if (spec.placed) {
    const inner = [...innerOf(node)];
    const schedule = (which) => (isNumber(which) ? inner[which] : nodeOf(which, kinds, numbers, lengths));
    hidden(
      "$placed",
      spec.placed.map(([which, ...rest]) => [schedule(which), ...rest.map(moment)]),
    );
  }
  return node;
}

function moment(x) {
  return Array.isArray(x) ? new Ratio(BigInt(x[0]), BigInt(x[1])) : x;
}

/** The nodes in the fields of a node. */
function* innerOf(node) {
  for (const value of Object.values(node)) {
    for (const inner of Array.isArray(value) ? value : [value]) if (inner?.$type) yield inner;
  }
}

function nodesOf(node) {
  return [node, ...[...innerOf(node)].flatMap(nodesOf)];
}

/** A number as the schedule stores it. */
function stored(x, number, single) {
  return number.whole || !single ? x : Math.fround(x);
}

/* Text. */

function numberText(x, number, single) {
  return number.whole ? String(x) : pythonFloat(single ? shortest(x) : x);
}

function filled(pieces, data, numbers) {
  return pieces
    .map((piece) => (typeof piece === "string" ? piece : numberText(numbers[piece], data.numbers[piece], data.single)))
    .join("");
}

/* Limits, as the types of the fields say. */

/** What is wrong with a number, in words, or "". */
function problemOf(number, x) {
  const { name, path, whole, low, high, above, below, words } = number;
  const wanted = `\`${path.split(" ").at(-1)}(${name}=...)\` must be ${words}`;
  if (Number.isNaN(x) || (whole && !Number.isInteger(x))) return `${wanted}.`;
  // Above 0 is at least the smallest normal number.
  const isIn =
    (above ? x > low : x >= low) && (below ? x < high : x <= high) && !(above && low === 0 && x < SMALLEST_FLOAT);
  const limit = x > high ? `, at most ${general(high, 10)}` : "";
  return isIn ? "" : `${wanted}${words.includes(general(high, 10)) ? "" : limit}; got ${x}.`;
}
