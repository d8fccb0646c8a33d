"""The training program behind `warmup-jax train`: data, model, loop, comparison and pictures."""
