"""The command that says where to begin: `warmup-jax suggest`."""

import rich_click as click

from warmup_jax.cli._given import as_json, examples, in_one_line


@click.command(
    epilog=examples(
        "warmup-jax suggest --parameters 500M --tokens 10B",
        "warmup-jax suggest --parameters 1B --tokens 100B --batch-size 256 --tokens-per-example 4096",
        "warmup-jax suggest --parameters 1B --tokens 100B --batch-size '1M tokens' --json",
    ),
    help="Suggest a schedule for AdamW to begin a sweep with, from laws that were fitted to runs of language models, "
    "with the reasons and what is outside of their ranges.",
)
@click.option("--parameters", required=True, metavar="N", help="Parameters without embeddings, such as 1B.")
@click.option("--tokens", required=True, metavar="N", help="Tokens of the whole run, such as 100B.")
@click.option("--batch-size", metavar="N", help="Examples in an update, or '1M tokens'; else as Step Law has it.")
@click.option("--tokens-per-example", metavar="N", default="4096", show_default=True, help="Tokens in an example.")
@click.option("--json", "for_machines", is_flag=True, help="Print JSON.")
@in_one_line()
def suggest(parameters: str, tokens: str, batch_size: str | None, tokens_per_example: str, for_machines: bool) -> None:
    from warmup_jax import text
    from warmup_jax.theory import transfer

    each = _number("--tokens-per-example", tokens_per_example)
    batch = None if batch_size is None else _tokens(batch_size, each)
    found = transfer.suggest(
        _number("--parameters", parameters), _number("--tokens", tokens), batch, tokens_per_example=each
    )
    if not for_machines:
        print(found, f'to look at it: warmup-jax plot "{found.text}"', sep="\n\n")
        return
    laws = [row._asdict() for row in found.comparison.rows]
    written = {"text": found.text, "data": text.to_dict(found.schedule), "batch_size": found.batch_size}
    print(as_json(written | {"reasons": found.reasons, "warnings": found.warnings, "laws": laws}))


def _number(name: str, given: str) -> float:
    from warmup_jax._durations import parse_bare

    return float(parse_bare(name, given.strip()))


def _tokens(given: str, each: float) -> float:
    """The tokens in an update, from examples or tokens."""
    from warmup_jax._durations import parse

    if given.strip()[-1:] in tuple("0123456789kKMBT"):
        return _number("--batch-size", given) * each
    amount, unit = parse("--batch-size", given)
    if unit not in ("examples", "tokens"):
        raise ValueError(f"--batch-size must be examples or tokens; got {unit}")
    return float(amount) * (each if unit == "examples" else 1)
