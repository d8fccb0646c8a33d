"""The training program behind `warmup-jax train`: data, model, loop and pictures."""
