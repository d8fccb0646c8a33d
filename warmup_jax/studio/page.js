/* The page: what is shown, and what happens as one drags. */

const byId = (id) => document.getElementById(id);
const start = DATA.numbers.map((number) => stored(number.value, number, DATA.single));
const state = { numbers: [...start], total: DATA.total, perEpoch: moment(DATA.perEpoch), view: null };
const bound = (numbers) => bind(DATA, FORMULAS, PYTHON.KINDS, numbers);
const original = bound(start);
let schedule = original;
let spans = [];
let chart = null;

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/* Numbers. */

/** The places that hold the same value across the joints of stages, and so move together. */
function joinedWith(place) {
  const together = new Set([place]);
  if (!byId("together").checked) return [place];
  for (const here of together) {
    for (const [a, b] of DATA.links) {
      if ((a === here || b === here) && state.numbers[a] === state.numbers[b]) together.add(a).add(b);
    }
  }
  return [...together];
}

/** Take a new value, or say what is wrong with it and keep the old one. */
function change(place, value) {
  const number = DATA.numbers[place];
  const numbers = [...state.numbers];
  let problem = problemOf(number, value);
  if (!problem) {
    for (const each of joinedWith(place)) numbers[each] = stored(value, DATA.numbers[each], DATA.single);
    const candidate = bound(numbers);
    problem = candidate.problem;
    if (!problem) {
      schedule = candidate;
      state.numbers = numbers;
      followLength();
    }
  }
  say(problem, byId(`number-${place}`));
  showNumbers();
  refresh();
}

function say(problem, box) {
  for (const other of document.querySelectorAll("[aria-invalid]")) other.removeAttribute("aria-invalid");
  if (problem) box.setAttribute("aria-invalid", "true");
  byId("problem").replaceChildren(...(problem ? marked(`${problem} The old value is kept.`) : []));
  byId("problem").hidden = !problem;
}

function followLength() {
  const length = schedule.root.steps;
  if (byId("follow").checked && length) state.total = length;
}

function makeNumbers() {
  const largest = Math.max(...DATA.numbers.map((number) => (number.whole || number.low > 0 ? 0 : number.value)));
  const groups = new Map();
  DATA.numbers.forEach((number, place) => {
    if (number.fixed) return;
    const box = element("input", { id: `number-${place}`, inputMode: "decimal", autocomplete: "off" });
    const slider = element("input", { id: `slider-${place}`, type: "range", min: 0, step: 1 });
    const range = rangeOf(number, largest, DATA.total);
    slider.max = positionsOf(range);
    slider.ariaLabel = `${number.path} ${number.name}, slider`;
    box.addEventListener("change", () => change(place, parsed(box.value)));
    slider.addEventListener("input", () => change(place, valueAt(Number(slider.value), range)));
    number.range = range;
    const label = element("label", { htmlFor: box.id }, number.name);
    label.append(element("span", { hidden: true }, ` of ${number.path}`));
    if (!groups.has(number.path)) groups.set(number.path, []);
    groups.get(number.path).push(element("div", { className: "number" }, label, box, slider));
  });
  for (const [path, rows] of groups) {
    byId("numbers").append(element("details", { open: rows.length <= 20 }, element("summary", {}, path), ...rows));
  }
}

function showNumbers() {
  DATA.numbers.forEach((number, place) => {
    if (number.fixed) return;
    const text = numberText(state.numbers[place], number, DATA.single);
    byId(`number-${place}`).value = text;
    const slider = byId(`slider-${place}`);
    slider.value = positionOf(state.numbers[place], number.range);
    slider.setAttribute("aria-valuetext", text);
  });
  byId("total").value = state.total;
  byId("epoch").value = shownEpoch();
}

function shownEpoch() {
  return state.perEpoch === null ? "" : String(Number(state.perEpoch));
}

function changeRun() {
  const [total, perEpoch] = [parsed(byId("total").value), byId("epoch").value.trim()];
  const wrongTotal = !(Number.isInteger(total) && total >= 1 && total <= MOST_STEPS);
  const wrongEpoch = perEpoch !== "" && !(parsed(perEpoch) > 0);
  const problem = wrongTotal
    ? `The steps in the run must be a whole number, 1 to ${MOST_STEPS}.`
    : wrongEpoch
      ? "The steps per epoch must be a number above 0, or nothing."
      : "";
  if (!problem) {
    if (total !== state.total) byId("follow").checked = false;
    state.total = total;
    // A fraction, which a box cannot show, stays exact as long as nothing else is typed.
    if (perEpoch !== shownEpoch()) state.perEpoch = perEpoch === "" ? null : exactly(perEpoch.replace(/_/g, ""));
    state.view = null;
  }
  say(problem, byId(wrongTotal ? "total" : "epoch"));
  showNumbers();
  makeChart();
  refresh();
}

/* What follows from the curve. */

function showTable(about) {
  const [head, ...rows] = [...PYTHON._table(about), ...PYTHON._more(about).map((line) => [line])];
  const line = (tag, cells) => element("tr", {}, ...cells.map((cell) => element(tag, {}, cell)));
  const body = element("tbody", {}, ...rows.map((row) => line("td", row)));
  byId("stages").replaceChildren(element("thead", {}, line("th", head)), body);
  const summary = PYTHON._summary(about);
  byId("summary").textContent = summary;
  chart.root.querySelector("canvas").setAttribute("aria-label", `Learning rate over the run: ${summary}`);
}

function showFindings(findings) {
  const items = findings.map(({ code, severity, step, message, fix }) =>
    element(
      "li",
      { className: severity },
      element("b", {}, `${severity}: ${code}`),
      ...marked(` at step ${grouped(step)}: ${message} Fix: ${fix}`),
    ),
  );
  byId("findings").replaceChildren(...(items.length ? items : [element("li", {}, "Nothing to report.")]));
}

/** Text with `code` in it. */
function marked(text) {
  return text.split("`").map((piece, k) => (k % 2 ? element("code", {}, piece) : piece));
}

function showTexts() {
  byId("python").textContent = filled(DATA.text, DATA, state.numbers);
  byId("json").textContent = DATA.json
    ? filled(DATA.json, DATA, state.numbers)
    : "A schedule that holds a callable has no JSON.";
  byId("copy-json").disabled = DATA.json === null;
}

let asked = false;
let settling = 0;

/** Draw again before the next frame; once all is quiet, count every step. */
function refresh() {
  clearTimeout(settling);
  delete document.body.dataset.settled;
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
    settling = setTimeout(settle, 150, everyStep());
  });
}

function draw() {
  spans = PYTHON.spans(schedule.root, state.total);
  chart.setData(drawnData());
  byId("whole").hidden = state.view === null;
  showAll((total) => curveAt(drawnSteps(0, total)));
  readOut();
  showTexts();
}

function edgesOf(spans) {
  return spans.flatMap(({ begin, end }) => [begin, end]);
}

function curveAt(steps) {
  return new PYTHON.Curve(steps, steps.map(schedule.at));
}

function showAll(curve) {
  const run = new Run(state.total, state.perEpoch, DATA.accumulate, DATA.rounding, DATA.ramp);
  showTable(PYTHON._described(schedule.root, run, state.total, spans, curve(state.total)));
  showFindings(PYTHON.findings_of(PYTHON.case_of(schedule.root, run, curve, schedule.floats), PYTHON.RULES));
}

/** All the values that the table and the findings are made of, a slice at a time so that the page never waits. */
function* everyStep() {
  const curves = new Map();
  for (const total of new Set([state.total, PYTHON.horizon_of(schedule.root, state.total)])) {
    const edges = total > PYTHON.EVERY_STEP ? edgesOf(PYTHON.spans(schedule.root, total)) : [];
    const steps = PYTHON.steps_between(0, total, edges, PYTHON.EVERY_STEP);
    const values = new Vector(steps.length);
    for (let k = 0; k < steps.length; k++) {
      values[k] = schedule.at(steps[k]);
      if (k % 1024 === 1023) yield null;
    }
    curves.set(total, new PYTHON.Curve(steps, values));
  }
  yield (total) => curves.get(total);
}

function settle(slices) {
  const until = performance.now() + 8;
  while (performance.now() < until) {
    const curve = slices.next().value;
    if (curve) {
      showAll(curve);
      document.body.dataset.settled = "yes";
      return;
    }
  }
  settling = setTimeout(settle, 0, slices);
}

/* Buttons. */

async function copy(id) {
  const text = byId(id).textContent;
  try {
    await navigator.clipboard.writeText(text);
    byId("status").textContent = "Copied.";
  } catch (error) {
    getSelection().selectAllChildren(byId(id));
    byId("status").textContent = "Selected: press Ctrl+C to copy.";
  }
  setTimeout(() => (byId("status").textContent = ""), 2000);
}

function reset() {
  Object.assign(state, { numbers: [...start], total: DATA.total, perEpoch: moment(DATA.perEpoch), view: null });
  byId("follow").checked = !DATA.fixed;
  schedule = original;
  say("", null);
  showNumbers();
  makeChart();
  refresh();
}

byId("follow").disabled = original.root.steps === null;
byId("notes").append(...DATA.notes.flatMap((note) => element("p", {}, ...marked(note))));
makeNumbers();
reset();
byId("reset").addEventListener("click", reset);
byId("whole").addEventListener("click", () => look(null));
byId("step").addEventListener("input", readOut);
byId("original").addEventListener("change", refresh);
for (const id of ["total", "epoch"]) byId(id).addEventListener("change", changeRun);
for (const id of ["python", "json"]) byId(`copy-${id}`).addEventListener("click", () => copy(id));
byId("log").addEventListener("change", () => {
  makeChart();
  refresh();
});
byId("follow").addEventListener("change", () => {
  followLength();
  showNumbers();
  refresh();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  makeChart();
  refresh();
});
new ResizeObserver(() => chart.setSize(sizeOfChart())).observe(byId("chart"));
