/* Findings, as `lint.py`. */

function lint(schedule, run, steps, values) {
  return [];
}
