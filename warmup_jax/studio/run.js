/* The run of a page: its numbers as they are typed. */

/** `Run`, as far as the rules of `lint` ask it; its epochs are exact. */
class Run {
  constructor(total, perEpoch, accumulate, rounding = "nearest", ramp = []) {
    Object.assign(this, { total, steps_per_epoch: perEpoch, accumulate, rounding, ramp });
  }
}

/** `lint._run.steps_in`: rounded as the run does, and what becomes no step is refused. */
function stepsIn(run, duration) {
  const [, amount, unit] = /^(\d+)(.*)$/.exec(duration);
  const one = {
    "%": () => new Ratio(BigInt(run.total), 100n),
    " epochs": () => run.steps_per_epoch,
    " micro-steps": () => new Ratio(1n, BigInt(run.accumulate)),
  }[unit]();
  const exact = multiply_(Number(amount), one);
  const steps = {
    nearest: () => floor_(add_(exact, new Ratio(1n, 2n))),
    down: () => floor_(exact),
    up: () => ceil_(exact),
  }[run.rounding]();
  return steps && steps <= MOST_STEPS ? steps : null;
}
