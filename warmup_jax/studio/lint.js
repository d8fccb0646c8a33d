/* Findings, as `warmup_jax/lint`: the same rules in the same order, but for those that need an optimizer or a dtype. */

const RULES = {
  "not-finite": notFinite,
  negative,
  "peak-not-reached": peakNotReached,
  "steps-as-epochs": stepsAsEpochs,
  "epochs-as-steps": epochsAsSteps,
  "micro-steps-as-steps": microStepsAsSteps,
  "ends-before-run": endsBeforeRun,
  "ends-inside-decay": endsInsideDecay,
  "restart-cut": restartCut,
  "zero-first-update": zeroFirstUpdate,
  "zero-tail": zeroTail,
  jump,
  "rise-after-decay": riseAfterDecay,
  "zero-length-stage": zeroLengthStage,
  "flat-stage": flatStage,
  vanishes,
};
const SEVERITIES = ["error", "warning", "info"];
const JUMP = 0.105; // of the peak: a decay to a tenth of it, and then 0, is no jump

/** What looks wrong with a schedule over a run; `curve(total)` gives the `{steps, values}` up to there. */
function lint(schedule, run, curve) {
  const about = makeCase(schedule, run, curve);
  const asked = about.values.every(Number.isFinite) ? Object.keys(RULES) : ["not-finite"];
  const findings = asked.flatMap((code) => RULES[code](about).map((found) => ({ code, ...found })));
  const rank = ({ severity }) => SEVERITIES.indexOf(severity);
  return findings.sort((a, b) => rank(a) - rank(b) || a.step - b.step);
}

function finding(severity, step, message, fix) {
  return { severity, step, message, fix };
}

/** More than a few steps, and more than 1 % of the run. */
function many(steps, total, few) {
  return steps > few && steps > 0.01 * total;
}

function lastOf(values) {
  return values[values.length - 1];
}

function positionOfMost(values) {
  return values.reduce((best, value, k) => (value > values[best] ? k : best), 0);
}

/* The values themselves. */

function notFinite({ steps, values, when }) {
  const k = values.findIndex((value) => !Number.isFinite(value));
  if (k < 0) return [];
  const shown = Number.isNaN(values[k]) ? "nan" : values[k] < 0 ? "-inf" : "inf";
  const before = steps[k] ? `, or leave it before: \`Truncate(schedule, ${steps[k] - 1})\`` : "";
  const message = `the rate is ${shown} at ${when(steps[k])}, the first such step.`;
  return [finding("error", steps[k], message, `Mend the \`Function\` there${before}.`)];
}

function negative({ steps, values, when }) {
  const k = values.findIndex((value) => value < 0);
  if (k < 0) return [];
  const low = -largest(values.map((value) => -value));
  const message = `the rate is below 0 from ${when(steps[k])} on, down to ${general(low)}: the updates go uphill there.`;
  const fix = "Put a floor under it: `Maximum(schedule, 0.0)`, or raise `start` or `stop` to 0.";
  return [finding("error", steps[k], message, fix)];
}

function zeroFirstUpdate({ steps, values, total, run }) {
  const first = values.findIndex((value) => value !== 0);
  const count = first < 0 ? total : steps[first];
  if (!count) return [];
  if (count === total) {
    const message = `the rate is 0 at each of ${grouped(total)} steps: nothing is learned.`;
    return [finding("error", 0, message, "Give the schedule a `peak` above 0, and a warmup shorter than the run.")];
  }
  const wholeEpochs = count > 1 && run.perEpoch !== null && count >= run.perEpoch;
  const severity = wholeEpochs || many(count, total, 3) ? "warning" : "info";
  const epochs = wholeEpochs ? " (a whole epoch or more)" : "";
  const message =
    count === 1
      ? "the first update has rate 0 and changes no parameter."
      : `the first ${grouped(count)} updates${epochs} have rate 0 and change no parameter.`;
  const skip = count === 1 ? ", or skip these steps: `Shift(schedule, -1)`" : "";
  return [finding(severity, 0, message, `Begin above 0, as with \`start=${general(values[first])}\`${skip}.`)];
}

function zeroTail({ steps, values, total, length, when }) {
  const last = values.findLastIndex((value) => value !== 0);
  if (last < 0) return [];
  const begin = steps[last] + 1;
  const end = length === null ? total : Math.min(total, length);
  if (!many(end - begin, total, 3)) return [];
  const message =
    `from ${when(begin)} on the rate is 0, for ${grouped(end - begin)} steps, ${percent((end - begin) / total)} of the ` +
    "run: they change no parameter.";
  const fix = `End the run there, \`Run(total=${begin})\`, or let the decay take longer.`;
  return [finding("warning", begin, message, fix)];
}

function jump(about) {
  const found = about.seams.flatMap(({ step, before, after }) => {
    const parts = around(about, step);
    const [from, to] = [lastOf(parts.before.values), parts.after.values[0]];
    const by = Math.abs(to - from);
    if (
      !(by > JUMP * about.peak && about.peak > 0) ||
      Math.min(parts.before.values.length, parts.after.values.length) < 3
    )
      return [];
    if (before.kind === "Constant" && after.kind === "Constant") return []; // it is meant
    if (by <= 2 * Math.max(fastest(parts.before), fastest(parts.after))) return [];
    const message =
      `the rate goes from ${general(from)} to ${general(to)} in one step, ${percent(by / about.peak)} of the peak, where a ` +
      `\`${before.type}\` ends and a \`${after.type}\` begins.`;
    const fix =
      "Let the second stage begin where the first one ends, as `warmup_into` and `cooldown` do; for restarts write " +
      "`Repeat`, or `cosine_restarts`.";
    return [finding("warning", step, message, fix)];
  });
  return firstOf(found);
}

/** The first of several findings of one kind, and how many there are. */
function firstOf(found) {
  if (found.length < 2) return found;
  return [{ ...found[0], message: `${found[0].message} So at ${grouped(found.length - 1)} more.` }];
}

/** The largest change in one step. */
function fastest({ steps, values }) {
  return largest(values.slice(1).map((value, k) => Math.abs(value - values[k]) / (steps[k + 1] - steps[k])));
}

function riseAfterDecay(about) {
  const little = 0.01 * about.peak;
  const atSeams = about.seams.flatMap(({ step, before, after, inCycle }) => {
    const parts = around(about, step);
    const [fall, rise] = [parts.before.values, parts.after.values];
    const [low, top] = [lastOf(fall), largest(rise)];
    if (inCycle || before.kind === "Truncate" || top - low <= little) return [];
    const lowest = -largest(fall.map((value) => -value));
    if (largest(fall) - low <= little || low > lowest + little) return [];
    const fallsAgain = rise[0] >= top - little;
    const isSmall = fallsAgain ? top - low <= JUMP * about.peak : top < 0.3 * about.peak;
    return isSmall ? [riseFinding(about, step, low, top, `when a \`${after.type}\` begins`)] : [];
  });
  const functions = about.places.filter((one) => one.node.kind === "Function");
  const inFunctions = functions.flatMap((one) => {
    const [begin, end] = [one.low.ceil(), Math.min(one.high.ceil(), about.total)];
    const kept = about.steps.map((_, k) => k).filter((k) => begin <= about.steps[k] && about.steps[k] < end);
    return rebound(
      about,
      kept.map((k) => about.steps[k]),
      kept.map((k) => about.values[k]),
      little,
    );
  });
  return firstOf([...atSeams, ...inFunctions]);
}

/** One fall and one rise to the end, that stays below where the fall began. */
function rebound(about, steps, values, little) {
  if (!values.length) return [];
  const top = positionOfMost(values);
  const low = top + positionOfMost(values.slice(top).map((value) => -value));
  const rises = (k) => values[k + 1] > values[k];
  const falls = (k) => values[k + 1] < values[k];
  for (let k = top; k + 1 < values.length; k++) if (k < low ? rises(k) : falls(k)) return [];
  const last = lastOf(values);
  if (last - values[low] <= little || last >= 0.99 * values[top]) return [];
  return [riseFinding(about, steps[low], values[low], last, "within a `Function`")];
}

function riseFinding({ when }, step, low, top, where) {
  const message = `after its decay the rate rises again at ${when(step)}, from ${general(low)} to ${general(top)}, ${where}.`;
  const fix =
    `Hold the end of the decay, as with \`Truncate(schedule, ${step})\`; a second warmup that is meant is written ` +
    "`rewarm(schedule, at=..., steps=..., peak=...)`.";
  return finding("warning", step, message, fix);
}

function vanishes({ schedule, steps, values, total, when }) {
  const last = values.findLastIndex((value) => value !== 0);
  const fades = last >= 0 && Math.abs(values[last]) < 1e-30;
  const tooSmall = (x) => x !== 0 && Math.abs(x) < SMALLEST_FLOAT;
  const gone = (k) => (last < 0 ? schedule.scalars.some(tooSmall) : tooSmall(values[k]) || (fades && k > last));
  const found = steps.map((_, k) => k).filter(gone);
  if (!found.length || !many((found.length / steps.length) * total, total, 0)) return [];
  const message =
    `from ${when(steps[found[0]])} on the rate is closer to 0 than ${general(SMALLEST_FLOAT)}, the smallest normal number of ` +
    `float32: it counts as 0, at ${percent(found.length / steps.length)} of the steps.`;
  const fix = "Mend the factor or the length of the decay, or raise the numbers.";
  return [finding("warning", steps[found[0]], message, fix)];
}

/* The length of the schedule and that of the run. */

function peakNotReached(about) {
  const { total, values, later, best, peak, when } = about;
  if (!(peak > 0) || best >= 0.99 * peak) return [];
  const at = later[positionOfMost(later.map(({ value }) => value))].step;
  const rises = total > 1 && values.every((value, k) => k === 0 || value >= values[k - 1]);
  const message =
    `the run ${rises ? "never leaves the warmup" : "ends before its peak"}: of the peak ${general(peak)} at step ${grouped(at)} ` +
    `it reaches ${general(best)}, ${percent(Math.max(best, 0) / peak)}, by its last step, ${when(total - 1)}.`;
  const fix =
    unitFix(about) ||
    `Train for more than ${grouped(at)} steps, or shorten the warmup: \`warmup=run.steps('5%')\` is ${grouped(Math.floor(0.05 * total + 0.5))}.`;
  return [finding(rises ? "error" : "warning", total - 1, message, fix)];
}

function endsInsideDecay(about) {
  const { total, values, later, best, peak, cycle, when } = about;
  if (!later.length || !(best >= 0.99 * peak && peak > 0) || cycle) return [];
  const last = lastOf(values);
  const { value: low, step: at } = later[positionOfMost(later.map(({ value }) => -value))];
  if (last - low <= 0.01 * peak || at === total) return []; // a single step is not missed
  const message =
    `the run ends at ${when(total)}, before the decay does: the last rate is ${general(last)}, and ` +
    `${percent((last - low) / (peak - low))} of the way from the peak ${general(peak)} to ${general(low)}, at step ${grouped(at)}, is left.`;
  const fix =
    unitFix(about) ||
    `End the decay with the run, at step ${grouped(total)}, as with \`total=run.total\` where there is a \`total\`; or ` +
      "end it earlier with `cooldown(schedule, at=..., steps=...)`.";
  return [finding("warning", total - 1, message, fix)];
}

function endsBeforeRun(about) {
  const { total, values, length, peak, when } = about;
  if (length === null || !many(total - length, total, 1)) return [];
  const [rest, last] = [total - length, lastOf(values)];
  const severity = last === 0 ? "error" : last >= 0.99 * peak ? "info" : "warning";
  const message =
    `the schedule ends at ${when(length)}, and the last ${grouped(rest)} of ${grouped(total)} steps, ` +
    `${percent(rest / total)}, stay at ${general(last)}.`;
  const held = last > 0 ? `; or, if it is to be held, write \`extend(schedule, ${rest})\`` : "";
  const other =
    severity === "info"
      ? `If the rate is to stay there, say so with \`extend(schedule, ${rest})\`.`
      : `Make the schedule as long as the run, \`total=run.total\` (${grouped(total)}), or stretch it: \`Stretch(schedule, ${total}, ${length})\`${held}.`;
  return [finding(severity, length, message, unitFix(about) || other)];
}

function epochsAsSteps(about) {
  const { total, length, perEpoch } = about;
  if (length === null || !isTimes(total, length, perEpoch))
    return firstOf(about.places.flatMap((one) => shortPart(about, one)));
  const message = `${bothLengths(about)}, with ${general(perEpoch)} steps in an epoch: its lengths look like epochs.`;
  const fix = `Turn epochs into steps, as in \`run.steps('3 epochs')\`, or stretch the schedule: \`Stretch(schedule, ${fractionText(perEpoch)})\`.`;
  return [finding("warning", length, message, fix)];
}

/** A table or a cycle inside the schedule whose steps could be epochs of the run, and are few where it is seen. */
function shortPart({ schedule, total, run, when }, one) {
  const epoch = run.perEpoch;
  const get = (name) => schedule.get(one.node, name);
  const seen = smaller(one.high, new Ratio(total)).minus(one.begin).value();
  let [last, most, isAt, whose] = [0, 0, "", ""];
  if (epoch === null || one.inCycle) return [];
  if (one.node.kind === "PiecewiseConstant") {
    [last, most, isAt, whose] = [get("boundaries").at(-1) ?? 0, seen / 20, "the last boundary is at", "the boundaries"];
  } else if (one.node.kind === "Repeat" && !(get("schedule").kind === "Constant" && get("scale") > 0.9)) {
    // Many small stairs, each a little below the one before, are meant.
    [last, most] = [schedule.length(get("schedule")) ?? 0, Math.min(seen / 100, epoch / 10)];
    [isAt, whose] = ["the first cycle ends at", `its cycles of ${grouped(last)} steps`];
  }
  const steps = one.pace.value() * last;
  if (!(0 < steps && steps <= most) || last * epoch > total) return [];
  const step = larger(momentOf(one, last), ZERO).ceil();
  const message =
    `${isAt} ${when(step)}, in a run of ${grouped(total)} steps with ${general(epoch)} in an epoch: ${whose} look ` +
    "like epochs.";
  const fix = `Turn epochs into steps: \`run.steps('${last} epochs')\` is ${grouped(Math.floor(last * epoch + 0.5))}.`;
  return [finding("warning", step, message, fix)];
}

function stepsAsEpochs(about) {
  const { total, length, perEpoch, run } = about;
  const micro = run.accumulate;
  if (length === null || perEpoch === null) return [];
  if (!isTimes(length, total, perEpoch) && !isTimes(length, total, perEpoch * micro)) return [];
  const microSteps = micro === 1 ? "" : ` of ${micro} micro-steps each`;
  const message =
    `${bothLengths(about)}, with ${general(perEpoch)} steps${microSteps} in an epoch: its lengths look like steps, but it is ` +
    "asked once per epoch.";
  const known = Number.isInteger(perEpoch) ? `steps_per_epoch=${perEpoch}` : "examples=..., batch_size=...";
  const fix = isAskedOncePerStair(about)
    ? "Ask the schedule at every update: leave out the `Staircase` and the `Stretch` inside it."
    : `Ask the schedule at every update, and count the run in updates: \`Run(total='${total} epochs', ${known})\`; if it ` +
      `takes ${grouped(total)} updates, the schedule is to have \`total=${total}\`.`;
  return [finding("warning", total - 1, message, fix)];
}

function microStepsAsSteps(about) {
  const { total, length, run } = about;
  const micro = run.accumulate;
  if (!length) return [];
  const both = `${bothLengths(about)}, with ${micro} micro-steps in an update`;
  if (isTimes(length, total, micro)) {
    const fix =
      `Turn micro-steps into updates: \`run.steps('${length} micro-steps')\` is ${grouped(Math.round(length / micro))}; or shrink ` +
      `the schedule: \`Stretch(schedule, 1, ${micro})\`.`;
    return [finding("warning", total - 1, `${both}: its lengths look like micro-steps, but a step is an update.`, fix)];
  }
  if (isTimes(total, length, micro)) {
    const fix =
      `Count the run in updates: \`Run(total='${total} micro-steps', accumulate=${micro})\`; or stretch the schedule: ` +
      `\`Stretch(schedule, ${micro})\`.`;
    const message = `${both}: the run looks counted in micro-steps, or the schedule divided by them twice.`;
    return [finding("warning", length, message, fix)];
  }
  return [];
}

/** What to write where the two lengths are apart by a unit: the cause of what other rules see. */
function unitFix(about) {
  return [epochsAsSteps, stepsAsEpochs, microStepsAsSteps].flatMap((rule) => rule(about))[0]?.fix;
}

function bothLengths({ length, total }) {
  return `the schedule is ${grouped(length)} steps long and the run ${grouped(total)}`;
}

/** One is so many times the other, within 5 %; a factor below 2 tells nothing. */
function isTimes(longer, shorter, factor) {
  return factor !== null && factor >= 2 && Math.abs(longer - shorter * factor) <= 0.05 * shorter * factor;
}

function isAskedOncePerStair({ schedule, places }) {
  return places.some(({ node }) => {
    if (node.kind !== "Staircase") return false;
    const inner = schedule.get(node, "schedule");
    const get = (name) => schedule.get(inner, name);
    return inner.kind === "Stretch" && get("factor") === schedule.get(node, "every") * get("divisor");
  });
}

/** `2` or `5, 2`: the arguments of a `Stretch`. */
function fractionText(x) {
  let under = 1;
  while (under < 1000 && Math.abs(x * under - Math.round(x * under)) > 1e-9 * x * under) under++;
  return under === 1 ? String(x) : `${Math.round(x * under)}, ${under}`;
}

function restartCut({ total, values, later, peak, cycle }) {
  if (!cycle || !new Ratio(total).below(cycle.end) || !later.length) return [];
  const last = lastOf(values);
  const stop = lastOf(later.filter(({ step }) => new Ratio(step).below(cycle.end))).value;
  if (last - stop <= 0.05 * peak) return [];
  const [begin, end] = [cycle.begin.ceil(), cycle.end.ceil()];
  const missing = cycle.end.minus(new Ratio(total)).by(cycle.end.minus(cycle.begin)).value();
  const message =
    `the run ends in cycle ${cycle.cycle}, of the steps ${grouped(begin)} to ${grouped(end - 1)}: ${grouped(end - total)} steps, ` +
    `${percent(missing)} of the cycle, are missing, and the last rate is ${general(last)} instead of ${general(stop)}.`;
  const before = begin ? `\`Run(total=${begin})\` or ` : "";
  const fix = `End the run with a cycle, ${before}\`Run(total=${end})\`, or let its cycles be so long that they fill it.`;
  return [finding("warning", total - 1, message, fix)];
}

/** The value at the end of a stage, where it is one of its numbers. */
function endOf(schedule, node) {
  if (node.kind === "Reverse") return schedule.get(schedule.get(node, "schedule"), "start") ?? null;
  return schedule.get(node, "stop") ?? schedule.get(node, "value") ?? null;
}

function zeroLengthStage({ schedule, places, total }) {
  const found = [];
  for (const one of places.filter(({ node }) => node.kind === "Join")) {
    let [begin, before] = [0, null];
    schedule.get(one.node, "stages").forEach((stage, k) => {
      const length = schedule.length(stage);
      const step = larger(momentOf(one, begin), ZERO).ceil();
      const isWarmup = k === 0 && stage.kind === "Linear"; // `warmup=0` in a recipe
      if (length === 0 && step <= total && !isWarmup) found.push(zeroLength(schedule, one, k, stage, before, step));
      if (length !== 0) [begin, before] = [begin + (length ?? 0), stage];
    });
  }
  return found;
}

function zeroLength(schedule, { inCycle }, k, stage, before, step) {
  const stop = endOf(schedule, stage);
  const loses = before !== null && !inCycle && (stop === null || stop !== endOf(schedule, before));
  const to = stop === null ? "" : ` to ${general(stop)}`;
  const message =
    `stage ${k}, a \`${stage.type}\`${to}, has length 0 and vanishes` +
    (loses ? ", and its change of the rate with it." : "; the rate is as if it were not there.");
  const fix = loses
    ? "Give it a length, such as `run.steps('10%')`; in a recipe, leave room for it in `total`. Or leave it out."
    : "None is needed; without the stage the values are the same.";
  return finding(loses ? "warning" : "info", step, message, fix);
}

function flatStage({ schedule, places, total }) {
  const found = [];
  for (const { node, low } of places) {
    const [start, stop] = [schedule.get(node, "start"), schedule.get(node, "stop")];
    if (start === undefined || start !== stop || !schedule.length(node) || !low.below(new Ratio(total))) continue;
    const message = `this \`${node.type}\` goes from ${general(start)} to the same number: it is a \`Constant\`.`;
    const fix = `Give it another \`stop\`, or write \`Constant(${general(start)}, ${schedule.length(node)})\`.`;
    found.push(finding("warning", larger(low, ZERO).ceil(), message, fix));
  }
  return firstOf(found);
}
