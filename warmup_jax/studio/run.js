/* The run of a page: its numbers as they are typed. */

/** `Run`, as far as the rules of `lint` ask it; its epochs are exact. */
class Run {
  constructor(total, perEpoch, accumulate) {
    Object.assign(this, { total, steps_per_epoch: perEpoch, accumulate });
  }
}

/** `lint._run.steps_in`: half a step counts as one, and what is less than that is refused. */
function stepsIn(run, duration) {
  const [, amount, unit] = /^(\d+)(.*)$/.exec(duration);
  const one = {
    "%": () => new Ratio(BigInt(run.total), 100n),
    " epochs": () => run.steps_per_epoch,
    " micro-steps": () => new Ratio(1n, BigInt(run.accumulate)),
  }[unit]();
  const steps = floor_(add_(multiply_(Number(amount), one), new Ratio(1n, 2n)));
  return steps && steps <= MOST_STEPS ? steps : null;
}
