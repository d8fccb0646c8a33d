/* The curve: drawn with uPlot, its stages shaded, its steps pointed at. */

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Where a drawing needs points: evenly spaced, and at each change of a stage or a table. */
function drawnSteps(first, end) {
  const tables = nodesOf(schedule.root).flatMap((node) => node.boundaries ?? []);
  const edges = [...edgesOf(spans), ...(tables.length > 200 ? [] : tables)];
  return PYTHON.steps_between(first, end, edges.length > 3000 ? [] : edges, 1500);
}

/** The curve now and at first, at the steps in view. */
function drawnData() {
  const steps = [...drawnSteps(...(state.view ?? [0, state.total]))];
  const visible = byId("log").checked ? (value) => (value > 0 ? value : null) : (value) => value;
  const old = byId("original").checked ? steps.map((step) => visible(original.at(step))) : steps.map(() => null);
  return [steps, old, steps.map((step) => visible(schedule.at(step)))];
}

function shadeStages(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  const right = bbox.left + bbox.width;
  spans.forEach(({ name, begin, end }, k) => {
    const from = Math.max(plot.valToPos(begin, "x", true), bbox.left);
    const to = Math.min(plot.valToPos(end, "x", true), right);
    if (to <= from) return;
    ctx.fillStyle = colour("band");
    if (k % 2 === 0) ctx.fillRect(from, bbox.top, to - from, bbox.height);
    const inset = 5 * devicePixelRatio;
    if (ctx.measureText(name).width + 2 * inset > to - from) return;
    ctx.fillStyle = colour("faint");
    ctx.fillText(name, from + inset, bbox.top + inset);
  });
  ctx.restore();
}

// The names of the stages stand above the curve.
const ROOM_FOR_NAMES = { min: { pad: 0.05, soft: 0, mode: 3 }, max: { pad: 0.18, soft: 0, mode: 3 } };

function makeChart() {
  chart?.destroy();
  const axis = {
    stroke: colour("faint"),
    grid: { stroke: colour("line"), width: 0.5 },
    ticks: { stroke: colour("line") },
  };
  const epochs = state.perEpoch && {
    ...axis,
    scale: "epoch",
    side: 0,
    label: "epoch",
    grid: { show: false },
    size: 30,
    labelSize: 18,
  };
  const named = (_, ticks) => ticks.map((tick) => (tick === null ? "" : general(tick)));
  chart = new uPlot(
    {
      ...sizeOfChart(),
      legend: { show: false },
      scales: {
        x: { time: false },
        y: byId("log").checked ? { distr: 3 } : { range: ROOM_FOR_NAMES },
        epoch: {
          time: false,
          from: "x",
          ori: 0,
          range: (_, low, high) => [low, high].map((step) => step / (state.perEpoch || 1)),
        },
      },
      axes: [
        {
          ...axis,
          label: "step",
          size: 34,
          labelSize: 18,
          values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? grouped(tick) : "")),
        },
        { ...axis, size: 70, values: named },
        ...(epochs ? [epochs] : []),
      ],
      series: [
        {},
        { stroke: colour("old"), width: 1.5, dash: [6, 4], points: { show: false } },
        { stroke: colour("curve"), width: 2, points: { show: false } },
      ],
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, bind: { dblclick: () => () => look(null) } },
      hooks: { drawClear: [shadeStages], setCursor: [pointed], setSelect: [selected] },
    },
    drawnData(),
    byId("chart"),
  );
  chart.root.querySelector("canvas").setAttribute("role", "img");
}

function sizeOfChart() {
  const width = byId("chart").clientWidth;
  return { width, height: Math.max(260, Math.min(420, Math.round(width * 0.5))) };
}

/** Show the steps from `view[0]` to `view[1] - 1`; null for the whole run. */
function look(view) {
  state.view = view;
  refresh();
}

function selected(plot) {
  if (plot.select.width < 4) return;
  const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((x) => plot.posToVal(x, "x"));
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  const begin = Math.max(0, Math.floor(from));
  look([begin, Math.min(state.total, Math.max(Math.ceil(to) + 1, begin + 2))]);
}

function pointed(plot) {
  if (plot.cursor.left < 0) return;
  const step = Math.min(Math.max(Math.round(plot.posToVal(plot.cursor.left, "x")), 0), state.total - 1);
  byId("step").value = step;
  readOut();
}

function readOut() {
  const step = parsed(byId("step").value);
  if (!Number.isInteger(step)) {
    byId("readout").textContent = "a step is a whole number";
    return;
  }
  const stage = spans.find((span) => span.begin <= step && step < span.end)?.name;
  const epoch = state.perEpoch && `epoch ${general(step / state.perEpoch)}`;
  byId("readout").textContent = [general(schedule.at(step), 8), epoch, stage].filter(Boolean).join(" · ");
}
