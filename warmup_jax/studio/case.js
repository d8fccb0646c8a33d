/* What the rules look at: a schedule over a run, read once; as `lint/_case.py`. */

/** An exact fraction. */
class Ratio {
  constructor(over, under = 1n) {
    [this.over, this.under] = under < 0n ? [-BigInt(over), -under] : [BigInt(over), BigInt(under)];
  }
  plus(other) {
    return new Ratio(this.over * other.under + other.over * this.under, this.under * other.under);
  }
  minus(other) {
    return this.plus(new Ratio(-other.over, other.under));
  }
  times(other) {
    return new Ratio(this.over * other.over, this.under * other.under);
  }
  by(other) {
    return new Ratio(this.over * other.under, this.under * other.over);
  }
  floor() {
    const rest = ((this.over % this.under) + this.under) % this.under;
    return Number((this.over - rest) / this.under);
  }
  ceil() {
    return 0 - new Ratio(-this.over, this.under).floor();
  }
  value() {
    return Number(this.over) / Number(this.under);
  }
  below(other) {
    return this.over * other.under < other.over * this.under;
  }
}

const ZERO = new Ratio(0n);
const FAR = new Ratio(2n ** 31n); // later than any step

function smaller(a, b) {
  return b.below(a) ? b : a;
}

function larger(a, b) {
  return a.below(b) ? b : a;
}

/* A schedule inside another, `{node, begin, pace, low, high, inStairs, inCycle}`: its step `s` is the moment
   `begin + pace * s` of the run, and it is seen from `low` to `high`. */

function momentOf(one, step) {
  return one.begin.plus(one.pace.times(new Ratio(step)));
}

function inside(one, node, step = 0, changes = {}) {
  return { ...one, node, begin: momentOf(one, step), ...changes };
}

function between(one, first, last) {
  const [a, b] = [momentOf(one, first), momentOf(one, last)];
  return { low: larger(one.low, smaller(a, b)), high: smaller(one.high, larger(a, b)) };
}

function isBackwards(one) {
  return one.pace.below(ZERO);
}

/** All schedules in a tree, outer ones first, each where the run meets it; of a `Repeat` the first cycle. */
function placesOf(schedule, one) {
  return [one, ...placedChildren(schedule, one).flatMap((child) => placesOf(schedule, child))];
}

function placedChildren(schedule, one) {
  const { node } = one;
  const get = (name) => schedule.get(node, name);
  const inner = get("schedule");
  switch (node.kind) {
    case "Join":
      return placedStages(schedule, one);
    case "Repeat":
      return [inside(one, inner, 0, { inCycle: true, ...between(one, 0, schedule.length(inner) ?? 0) })];
    case "Stretch":
      return [
        inside(one, inner, 0, { pace: one.pace.times(new Ratio(BigInt(get("factor")), BigInt(get("divisor")))) }),
      ];
    case "Shift":
      return [inside(one, inner, get("by"))];
    case "Reverse":
      return [inside(one, inner, schedule.length(inner) ?? 0, { pace: one.pace.times(new Ratio(-1n)) })];
    case "Truncate":
      return [inside(one, inner, 0, between(one, 0, get("steps")))];
    case "Staircase":
      return [inside(one, inner, 0, { inStairs: true })];
    case "Scale":
    case "Clip":
      return [inside(one, inner)];
  }
  return SIGNS[node.kind] ? get("schedules").map((each) => inside(one, each)) : [];
}

function placedStages(schedule, one) {
  const stages = nonEmpty(schedule, one.node);
  let begin = 0;
  return stages.map(({ stage, length }, k) => {
    // The last stage goes on behind its end, unless time runs backwards.
    const goesOn = k === stages.length - 1 && !isBackwards(one);
    const limits = goesOn ? { low: larger(one.low, momentOf(one, begin)) } : between(one, begin, begin + length);
    const placed = inside(one, stage, begin, limits);
    begin += length;
    return placed;
  });
}

/** The stages of a `Join` that take part, with their lengths; 0 for one without end. */
function nonEmpty(schedule, join) {
  const stages = schedule.get(join, "stages").filter((stage) => schedule.length(stage) !== 0);
  return stages.map((stage) => ({ stage, length: schedule.length(stage) ?? 0 }));
}

/** The step from which an unbounded schedule has no other stage before it. */
function settledAt(schedule, places) {
  const moments = places.flatMap((one) => {
    const isTable = one.node.kind === "PiecewiseConstant";
    const length = isTable ? Math.max(0, ...schedule.get(one.node, "boundaries")) : schedule.length(one.node);
    const end = length === null ? ZERO : smaller(momentOf(one, length), one.high).plus(new Ratio(1n));
    return [end, one.low.below(FAR) ? one.low : ZERO];
  });
  return moments
    .filter((moment) => moment.below(FAR))
    .reduce(larger, ZERO)
    .ceil();
}

/** The cycle in which the run ends, `{cycle, begin, end}`, or null. */
function cycleOf(schedule, places, total) {
  const end = new Ratio(total);
  for (const one of places) {
    if (one.node.kind !== "Repeat" || isBackwards(one) || !(one.low.below(end) && end.below(one.high))) continue;
    const found = schedule.get(one.node, "schedule").kind !== "Constant" && cycleAt(schedule, one, end);
    if (found) return found;
  }
  return null;
}

function cycleAt(schedule, one, total) {
  const get = (name) => schedule.get(one.node, name);
  const [once, stretch, times] = [schedule.length(get("schedule")) ?? 0, get("stretch"), get("times")];
  const local = total.minus(one.begin).by(one.pace);
  if (!once || !ZERO.below(local)) return null;
  let [cycle, begin, end] = [0, 0, once];
  if (stretch === 1) {
    cycle = local.by(new Ratio(once)).ceil() - 1;
    [begin, end] = [cycle * once, (cycle + 1) * once];
  }
  for (; stretch > 1 && new Ratio(end).below(local); cycle++) [begin, end] = [end, end + (end - begin) * stretch];
  if (times !== null && cycle >= times) return null;
  return { cycle: cycle + 1, begin: momentOf(one, begin), end: momentOf(one, end) };
}

/** The first step behind what the rules read: the end of the run, of the schedule, or of a cycle. */
function horizonOf(schedule, total) {
  const places = placesOf(schedule, { node: schedule.tree, begin: ZERO, pace: new Ratio(1n), low: ZERO, high: FAR });
  const length = schedule.length(schedule.tree) ?? settledAt(schedule, places);
  const cycle = cycleOf(schedule, places, total);
  return { places, cycle, horizon: Math.min(Math.max(total, length, cycle ? cycle.end.ceil() : 0), MOST_STEPS) };
}

/** What the rules read; `curve(total)` gives the `{steps, values}` up to there. */
function makeCase(schedule, run, curve) {
  const { total } = run;
  const { places, cycle, horizon } = horizonOf(schedule, total);
  const { steps, values } = curve(total);
  const ahead = horizon === total ? { steps: [], values: [] } : curve(horizon);
  const later = ahead.steps
    .map((step, k) => ({ step, value: ahead.values[k] }))
    .filter(({ step, value }) => step >= total && Number.isFinite(value));
  const best = largest(values);
  const stairs = places.find((one) => one.node.kind === "Staircase");
  return {
    schedule,
    run,
    total,
    places,
    cycle,
    steps,
    values,
    later,
    best,
    length: schedule.length(schedule.tree),
    peak: Math.max(best, largest(later.map(({ value }) => value))),
    perEpoch: run.perEpoch ?? (stairs ? schedule.get(stairs.node, "every") : null),
    seams: seamsOf(schedule, places, steps),
    when: (step) => `step ${grouped(step)}${run.perEpoch ? ` (epoch ${general(step / run.perEpoch)})` : ""}`,
  };
}

function largest(values) {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}

/** The position of the first of the rising `steps` that is not before `step`. */
function positionIn(steps, step) {
  let [low, high] = [0, steps.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The boundaries between stages within the run; those under a `Staircase` are its stairs. */
function seamsOf(schedule, places, steps) {
  const seams = [];
  for (const one of places) {
    if (one.node.kind !== "Join" || one.inStairs) continue;
    const stages = nonEmpty(schedule, one.node);
    let end = 0;
    for (let k = 0; k + 1 < stages.length; k++) {
      end += stages[k].length;
      const moment = momentOf(one, end);
      const step = isBackwards(one) ? moment.floor() + 1 : moment.ceil();
      const pair = [stages[k].stage, stages[k + 1].stage];
      const [before, after] = isBackwards(one) ? pair.reverse() : pair;
      const isSeen = one.low.below(moment) && moment.below(one.high);
      // In a long run not all values are read.
      const isRead = [step - 1, step].every((each) => steps[positionIn(steps, each)] === each);
      if (isSeen && isRead) seams.push({ step, before, after, inCycle: one.inCycle });
    }
  }
  return seams.sort((a, b) => a.step - b.step);
}

/** The steps and values of what ends and of what begins at a seam. */
function around(about, step) {
  const cuts = [0, about.total, ...about.places.flatMap((one) => [one.low.ceil(), one.high.ceil()])];
  const begin = largest(cuts.filter((cut) => cut < step));
  const end = -largest(cuts.filter((cut) => cut > step).map((cut) => -cut));
  const [first, middle, last] = [begin, step, end].map((edge) => positionIn(about.steps, edge));
  const part = (from, to) => ({ steps: about.steps.slice(from, to), values: about.values.slice(from, to) });
  return { before: part(first, middle), after: part(middle, last) };
}
