"""Random arguments against the peers themselves: `python -m tests.compare_with_peers [--seed N]`.

It needs the environment of `tests.golden.record`, and fails where a peer is missing or of another version than the
recorded one. The seed is printed. Each peer is asked as in `tests/golden/<peer>.py` and held to the same formulas and
bounds as its recorded rates; then schedulers go in and out alive, and the loop of the mission is trained both ways.
"""

import argparse
import importlib
import importlib.metadata
import json
import pickle
import random
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax

import warmup_jax as wj
from tests import golden
from tests.golden import Case
from tests.golden import greedy as greedy_grid
from tests.golden import pytorch as grid
from tests.test_plateau import metrics_of, random_rule
from warmup_jax.compat import pytorch, transformers
from warmup_jax.transform import learning_rate, scheduled

ROUNDS = 2  # cases of every function
LR_RATE = "get_cosine_with_min_lr_schedule_with_warmup_lr_rate"


def rate(draw: random.Random) -> float:
    return float(f"{10 ** draw.uniform(-5, 0):.6g}")


def transformers_cases(draw: random.Random) -> list[Case]:
    total = draw.randint(2, 300)
    warmup, base_lr = draw.randint(0, total - 1), rate(draw)
    steps = [*range(total)]
    run = {"num_warmup_steps": warmup, "num_training_steps": total, "base_lr": base_lr}
    waves = {"num_cycles": round(draw.uniform(0.1, 5), 2)}
    floor = draw.choice([{"min_lr_rate": round(draw.uniform(0, 1), 3)}, {"min_lr": base_lr * draw.uniform(0.01, 1)}])
    decay = draw.randint(0, total - warmup)
    names = draw.choices(["linear", "cosine", "1-sqrt"], k=2)
    phases = {"num_decay_steps": decay, "warmup_type": names[0], "decay_type": names[1]}
    scale = draw.choice([{}, {"timescale": draw.randint(1, 1000)}])
    fields = {
        "max_steps": total,
        "warmup_steps": draw.choice([warmup, round(draw.random(), 3)]),
        "learning_rate": base_lr,
    }
    return [
        Case("get_constant_schedule_with_warmup", {"num_warmup_steps": warmup, "base_lr": base_lr}, steps),
        Case("get_linear_schedule_with_warmup", run, [*steps, total, total + 5]),
        Case("get_linear_schedule_with_warmup", {**run, "last_epoch": warmup}, [*range(total - warmup - 1)] or [0]),
        Case("get_cosine_schedule_with_warmup", run, steps),
        Case("get_cosine_schedule_with_warmup", run | waves, steps),
        Case("get_cosine_with_hard_restarts_schedule_with_warmup", run | {"num_cycles": draw.randint(1, 9)}, steps),
        Case(
            "get_polynomial_decay_schedule_with_warmup",
            run | {"power": draw.randint(1, 16) / 4, "lr_end": base_lr * 1e-3},
            [*steps, total, total + 5],
        ),
        Case(
            "get_inverse_sqrt_schedule",
            {"num_warmup_steps": warmup, "base_lr": base_lr, **scale},
            [*steps, 10 * total],
        ),
        Case("get_cosine_with_min_lr_schedule_with_warmup", run | floor, steps),
        Case(LR_RATE, run | floor | draw.choice([{}, {"warmup_lr_rate": round(draw.random(), 3)}]), steps),
        Case("get_wsd_schedule", run | phases | {"min_lr_ratio": round(draw.random(), 3)}, [*steps, total + 5]),
        Case("from_trainer_args", {"arguments": fields}, steps[:-1] or [0]),
    ]


def pytorch_part(draw: random.Random, base_lr: float) -> dict:
    """A scheduler that only multiplies, over 60 steps."""
    function, arguments = draw.choice(
        [
            ("LinearLR", {"start_factor": round(draw.uniform(0.01, 1), 3), "total_iters": draw.randint(1, 30)}),
            ("ConstantLR", {"factor": round(draw.uniform(0.01, 1), 3), "total_iters": draw.randint(1, 30)}),
            ("ExponentialLR", {"gamma": round(draw.uniform(0.9, 1), 3)}),
            ("StepLR", {"step_size": draw.randint(5, 30), "gamma": 0.5}),
            ("CosineAnnealingLR", {"T_max": draw.randint(60, 90)}),
        ]
    )
    return {"function": function, "arguments": {**arguments, "base_lr": base_lr}}


def pytorch_cases(draw: random.Random) -> list[Case]:
    base_lr, total = rate(draw), draw.randint(20, 200)
    steps, base = [*range(total)], {"base_lr": base_lr}
    up, down = draw.randint(1, 30), draw.randint(1, 30)
    waves = {"base_lr": base_lr / 10, "max_lr": base_lr, "step_size_up": up, "step_size_down": down}
    waves |= draw.choice([{}, {"mode": "triangular2"}, {"mode": "exp_range", "gamma": round(draw.uniform(0.99, 1), 4)}])
    once = {"max_lr": base_lr, "total_steps": total, "anneal_strategy": draw.choice(["cos", "linear"])}
    once |= draw.choice([{"pct_start": round(draw.uniform(0.15, 0.9), 2)}, {"pct_start": 0.25, "three_phase": True}])
    milestone = draw.randint(0, 40)
    return [
        Case("StepLR", {"step_size": draw.randint(10, 50), "gamma": round(draw.uniform(0.1, 1), 3), **base}, steps),
        Case("MultiStepLR", {"milestones": draw.choices(range(total), k=4), "gamma": 0.3, **base}, steps),
        Case("ConstantLR", {"factor": round(draw.uniform(0.01, 1), 3), "total_iters": up, **base}, steps),
        Case(
            "LinearLR",
            {"start_factor": round(draw.uniform(0.01, 1), 3), "end_factor": 0.7, "total_iters": up, **base},
            steps,
        ),
        Case("ExponentialLR", {"gamma": round(draw.uniform(0.9, 1), 4), **base}, steps),
        Case("PolynomialLR", {"total_iters": total - 9, "power": draw.randint(1, 16) / 4, **base}, steps),
        Case("CosineAnnealingLR", {"T_max": total, "eta_min": base_lr * draw.random(), **base}, [*steps, total]),
        Case("CosineAnnealingWarmRestarts", {"T_0": up, "T_mult": draw.randint(1, 3), "eta_min": 0.0, **base}, steps),
        Case("CyclicLR", waves, steps),
        Case("CyclicLRMomentum", waves, steps),
        Case("OneCycleLR", once, steps),
        Case("OneCycleLRMomentum", once, steps),
        Case("SWALR", {"swa_lr": rate(draw), "anneal_epochs": up, "anneal_strategy": "cos", **base}, steps),
        Case(
            "SequentialLR",
            {"schedulers": [pytorch_part(draw, base_lr), pytorch_part(draw, base_lr)], "milestones": [milestone]},
            [*range(60)],
        ),
        Case("ChainedScheduler", {"schedulers": [pytorch_part(draw, base_lr) for _ in range(2)], **base}, [*range(60)]),
    ]


def pytorch_warmup_cases(draw: random.Random) -> list[Case]:
    period, steps = draw.randint(1, 300), [*range(200)]
    whole = draw.choice([0.5, 0.75, 0.8, 0.875, 0.9, 0.9375])  # where the period is not cut
    return [
        Case("LinearWarmup", {"warmup_period": period}, steps),
        Case("ExponentialWarmup", {"warmup_period": period, "last_step": 3}, steps),
        Case("UntunedLinearWarmup", {"beta2": whole}, steps),
        Case("UntunedExponentialWarmup", {"beta2": whole}, steps),
        Case("RAdamWarmup", {"beta2": round(draw.uniform(0.9, 0.999), 3)}, steps),
    ]


def keras_cases(draw: random.Random) -> list[Case]:
    start, total, power = rate(draw), draw.randint(2, 300), draw.randint(1, 16) / 4
    steps, warmup = [0, 1, *sorted(draw.sample(range(2, 2 * total), k=min(12, 2 * total - 2)))], draw.randint(1, 100)
    share = round(draw.random(), 3)
    decay = {"initial_learning_rate": start, "decay_steps": total}
    stairs = sorted(draw.sample(range(1, 2 * total), k=2))
    return [
        Case("ExponentialDecay", decay | {"decay_rate": share + 0.1, "staircase": draw.random() < 0.5}, steps),
        Case("PiecewiseConstantDecay", {"boundaries": stairs, "values": [rate(draw) for _ in range(3)]}, steps),
        Case("PolynomialDecay", decay | {"end_learning_rate": start * share, "power": power}, steps),
        Case("InverseTimeDecay", decay | {"decay_rate": share + 0.1}, steps),
        Case("CosineDecay", decay | {"alpha": share}, steps),
        Case("CosineDecay", decay | {"warmup_target": start * 3, "warmup_steps": warmup}, steps),
    ]


CASES = {
    "transformers": transformers_cases,
    "pytorch": pytorch_cases,
    "pytorch_warmup": pytorch_warmup_cases,
    "keras": keras_cases,
}


def check_versions() -> None:
    """The very versions that the recorded rates are from, all of them importable."""
    for peer in CASES:
        file = json.loads((golden.FOLDER / f"{peer}.json").read_text())
        try:
            importlib.import_module("torch" if peer == "pytorch" else peer)
            version = importlib.metadata.version(file["package"])
        except ImportError as error:
            raise SystemExit(f"{file['package']} {file['version']} is missing ({error}); see tests/golden/record.py")
        if version.split("+")[0] != file["version"].split("+")[0]:
            raise SystemExit(
                f"{file['package']} must be {file['version']}; found {version}. See tests/golden/record.py"
            )
        print(f"{file['package']} {version}")


def check_rates(peer: str, draw: random.Random) -> None:
    """Random cases, with the formulas and the bounds of the recorded ones."""
    golden.AGREEMENTS.clear()
    asked, tests = importlib.import_module(f"tests.golden.{peer}"), importlib.import_module(f"tests.test_compat_{peer}")
    cases = [case for _ in range(ROUNDS) for case in CASES[peer](draw)]
    rates = [asked.rates(case) for case in cases]
    jax.config.update("jax_enable_x64", False)  # some peers are asked in float64 through JAX
    for case, expected in zip(cases, rates, strict=True):
        tests.test_the_rates_of_the_peer(case, expected)
    print(f"{len(cases)} random cases of {golden.table(peer)}")


def optimizer_of(rates=(0.1,)):
    torch = importlib.import_module("torch")
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups, lr=rates[0], momentum=0.5)


def step(scheduler, times: int = 1) -> None:
    for _ in range(times):
        scheduler.optimizer.step()
        scheduler.step()


def near(ours: wj.Schedule, scheduler, times: int, what) -> None:
    """The next rates of a live scheduler are those of the schedule; both begin now."""
    theirs = []
    for _ in range(times):
        theirs.append(scheduler.optimizer.param_groups[0]["lr"])
        step(scheduler)
    found = golden.ask(ours, range(times))
    np.testing.assert_allclose(found, theirs, rtol=1e-4, atol=1e-6 * max(theirs), err_msg=f"{what}: {ours!r}")


def check_from_torch(draw: random.Random) -> None:
    """Every class, just made, after some steps, and resumed from its state dict in a fresh object."""
    cases = [case for _ in range(ROUNDS) for case in pytorch_cases(draw) if not case.function.endswith("Momentum")]
    for case in cases:
        begun = draw.choice([0, 1, draw.randint(2, 12)])

        def fresh(case=case):
            arguments = json.loads(json.dumps(case.arguments))
            return grid.make(optimizer_of([grid.base_lr_of(arguments)]), case.function, arguments)

        scheduler = fresh()
        step(scheduler, begun)
        resumed = fresh()
        resumed.load_state_dict(pickle.loads(pickle.dumps(scheduler.state_dict())))
        resumed.optimizer.load_state_dict(scheduler.optimizer.state_dict())
        assert pytorch.from_torch(resumed) == pytorch.from_torch(scheduler), case
        near(pytorch.from_torch(scheduler), scheduler, 7, f"from_torch of {case} after {begun} steps")
    print(f"from_torch: {len(cases)} schedulers of PyTorch, live and resumed")


def check_from_transformers(draw: random.Random) -> None:
    peer = importlib.import_module("transformers.optimization")
    cases = [case for _ in range(ROUNDS) for case in transformers_cases(draw) if case.function != "from_trainer_args"]
    checked = 0
    for case in cases:
        arguments = {name: value for name, value in case.arguments.items() if name != "last_epoch"}
        total = arguments.get("num_training_steps", 60)
        if total < 12:
            continue
        scheduler = getattr(peer, case.function)(optimizer_of([arguments.pop("base_lr")]), **arguments)
        begun = draw.randint(0, total - 10)
        step(scheduler, begun)
        near(pytorch.from_torch(scheduler), scheduler, 9, f"from_torch of {case} after {begun} steps")
        checked += 1
    assert checked
    print(f"from_torch: {checked} schedulers of Transformers")


def check_plateau(draw: random.Random, rounds: int = 20, metrics: int = 60) -> None:
    """`ReduceLROnPlateau` of torch and ours, by the same arguments and metrics, a NaN among them now and then."""
    make = importlib.import_module("torch.optim.lr_scheduler").ReduceLROnPlateau
    params, worst = jnp.ones(2), 0.0
    for _ in range(rounds):
        arguments, base = random_rule(draw)
        theirs = make(optimizer_of([base]), **arguments)
        wrapped = pytorch.ReduceLROnPlateau(**arguments)(scheduled(optax.sgd)(wj.Constant(base)))
        update = jax.jit(lambda state, value, wrapped=wrapped: wrapped.update(params, state, value=value)[1])
        state = wrapped.init(params)
        for metric in metrics_of(draw, arguments["mode"], metrics):
            theirs.optimizer.step()
            theirs.step(metric)
            state = update(state, metric)
            here, there = float(learning_rate(state)), theirs.optimizer.param_groups[0]["lr"]
            worst = max([worst, *golden.ulps([here], [there])])
            assert worst <= 4, (arguments, base, here, there)
    print(f"ReduceLROnPlateau: {rounds} times {metrics} metrics, at most {worst:.1f} ulp apart")


def check_greedy(draw: random.Random, rounds: int = 20) -> None:
    """`GreedyLR` of Transformers and ours, by the same random arguments and metrics."""
    worst = 0.0
    for _ in range(rounds):
        arguments = {
            "mode": draw.choice(["min", "max"]),
            "factor": draw.choice([0.5, 0.7, 0.9, 0.95]),
            "patience": draw.randint(0, 4),
            "threshold": draw.choice([1e-6, 1e-2]),
            "threshold_mode": draw.choice(["rel", "abs"]),
            "cooldown": draw.randint(0, 3),
            "warmup": draw.randint(0, 3),
            "min_lr": draw.choice([1.1e-5, 1.1e-3, 0.0083]),
            "max_lr": draw.choice([0.02, 1.0]),
            "smooth": draw.random() < 0.5,
            "window_size": draw.randint(1, 9),
            "reset_start": draw.randint(0, 9),
        }
        drifts = [draw.uniform(-0.05, 0.05) for _ in range(3)]
        case = greedy_grid.case(draw.randrange(10**6), drifts, base_lr=draw.choice([1e-4, 0.01, 0.5]), **arguments)
        wrapped = transformers.GreedyLR(**arguments)(scheduled(optax.sgd)(wj.Constant(case.arguments["base_lr"])))
        params = jnp.ones(2)
        update = jax.jit(lambda state, value, wrapped=wrapped: wrapped.update(params, state, value=value)[1])
        state = wrapped.init(params)
        for metric, there in zip(case.arguments["metrics"], greedy_grid.rates(case), strict=True):
            state = update(state, metric)
            worst = max([worst, *golden.ulps([float(learning_rate(state))], [there])])
            assert worst <= 8, (case, learning_rate(state), there)
    print(f"GreedyLR: {rounds} sequences of metrics, at most {worst:.1f} ulp apart")


def check_to_torch(draw: random.Random) -> None:
    """The very float32 rates, per group, resumed and read back."""
    schedules = [wj.warmup_cosine(peak=rate(draw), warmup=draw.randint(0, 9), total=40), wj.Linear(0.3, 0.1, 30) * 0.5]

    def fresh():
        return pytorch.to_torch(schedules, optimizer_of([0.1, 0.7]))

    scheduler = fresh()
    for count in range(45):
        if count == 20:
            text = pickle.dumps((scheduler.state_dict(), scheduler.optimizer.state_dict(), scheduler.lr_lambdas))
            scheduler = fresh()
            state, optimizer_state, lambdas = pickle.loads(text)
            assert [one.schedule for one in lambdas] == schedules
            scheduler.load_state_dict(state)
            scheduler.optimizer.load_state_dict(optimizer_state)
            assert pytorch.from_torch(scheduler, group=1) == wj.Shift(schedules[1], -20)
        rates = [group["lr"] for group in scheduler.optimizer.param_groups]
        assert rates == [float(schedule(count)) for schedule in schedules], count
        step(scheduler)
    check_checkpoint(fresh())
    try:
        pytorch.to_torch(schedules[0], optimizer_of([0.1, 0.7]))
    except ValueError as error:
        assert "got one schedule for the rates [0.1, 0.7]" in str(error)
    else:
        raise AssertionError("one schedule for groups whose rates differ must be an error")
    print("to_torch: two parameter groups, resumed, the same bits")


def check_checkpoint(scheduler) -> None:
    """Saved by torch, and loaded with its strict default, which knows no type of ours."""
    import io

    torch = importlib.import_module("torch")
    file = io.BytesIO()
    torch.save({"scheduler": scheduler.state_dict(), "optimizer": scheduler.optimizer.state_dict()}, file)
    file.seek(0)
    assert torch.load(file, weights_only=True)["scheduler"]["last_epoch"] == 0


def train(make_scheduler, epochs: int, per_step: bool = True) -> tuple[list[float], float]:
    """The loop of the mission, with a small model: the rate of every update, and the last loss."""
    torch = importlib.import_module("torch")
    torch.manual_seed(0)
    images, labels = torch.randn(128, 8), torch.randint(0, 4, (128,))
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(images, labels), 8, shuffle=True, generator=torch.Generator().manual_seed(1)
    )
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.00006, weight_decay=0.0001)
    scheduler = make_scheduler(optimizer, len(loader))
    rates, loss = [], None
    for _ in range(epochs):
        model.train()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if per_step:
                scheduler.step()
        if not per_step:
            scheduler.step()
    assert loss is not None
    return rates, float(loss)


def check_mission(epochs: int = 39) -> None:
    """The listing of the mission with its own scheduler and with ours: equal rates at every update."""
    peer = importlib.import_module("transformers")

    def theirs(optimizer, batches):
        return peer.get_cosine_schedule_with_warmup(
            optimizer, num_warmup_steps=batches * 3, num_training_steps=batches * epochs
        )

    def ours(optimizer, batches):
        schedule = transformers.get_cosine_schedule_with_warmup(batches * 3, batches * epochs, base_lr=0.00006)
        return pytorch.to_torch(schedule, optimizer)

    def read(optimizer, batches):
        schedule = pytorch.from_torch(theirs(optimizer, batches))
        assert schedule == wj.warmup_cosine(peak=0.00006, warmup=batches * 3, total=batches * epochs)
        return pytorch.to_torch(schedule, optimizer)

    rates, loss = train(theirs, epochs)
    for make in (ours, read):
        here, here_loss = train(make, epochs)
        distance = golden.ulps(here, rates)
        assert len(here) == len(rates) == 16 * epochs and max(distance) <= 8, max(distance)
        assert abs(here_loss - loss) < 1e-4, (here_loss, loss)
    print(f"the PyTorch loop of the mission: {len(rates)} updates, at most {max(distance):.1f} ulp apart")
    stuck, _ = train(theirs, epochs, per_step=False)
    here, _ = train(ours, epochs, per_step=False)
    assert max(golden.ulps(here, stuck)) <= 8 and max(stuck) < 0.00006
    print(f"stepped once per epoch it never leaves the warmup: {stuck[-1]:.3g} in the last of {epochs} epochs")


def main() -> None:
    parser = argparse.ArgumentParser(description="Random arguments against the peers themselves.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    seed = parser.parse_args().seed
    print(f"seed {seed}")
    draw = random.Random(seed)
    check_versions()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the peers say of each other
        for peer in CASES:
            check_rates(peer, draw)
        check_from_torch(draw)
        check_from_transformers(draw)
        check_plateau(draw)
        check_greedy(draw)
        check_to_torch(draw)
        check_mission()
    print("all peers agree")


if __name__ == "__main__":
    main()
