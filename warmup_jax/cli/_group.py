"""The commands, by name."""

import difflib
import importlib
import importlib.metadata

import rich_click as click

from warmup_jax.cli._given import examples, in_one_line
from warmup_jax.cli._own_code import module_of

# The module of each command; none is imported before it is asked for.
COMMANDS = {
    "show": "look",
    "plot": "look",
    "lint": "look",
    "diff": "look",
    "sample": "look",
    "score": "look",
    "studio": "look",
    "suggest": "suggest",
    "convert": "convert",
    "train": "train",
    "sweep": "tune",
    "range-test": "tune",
    "find-warmup": "tune",
    "completion": "group",
}
_EPILOG = examples(
    'warmup-jax plot "warmup_cosine(peak=3e-4, warmup=500, total=10_000)"',
    "warmup-jax lint schedule.yaml --total '39 epochs' --steps-per-epoch 22",
    "warmup-jax train --schedule schedule.yaml",
    "warmup-jax sweep --train mine.py:train --total 300 --peak 0.001:0.1:7 --warmup 0,10,30",
    'warmup-jax --import my_schedules.py lint "MySchedule(start=1e-3, steps=500)"',
    "warmup-jax COMMAND --help",
)


class _Group(click.RichGroup):
    """Commands that are imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            return getattr(importlib.import_module(f"warmup_jax.cli._{COMMANDS[cmd_name]}"), cmd_name.replace("-", "_"))
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            raise click.UsageError(error.message + (f" Did you mean {near[0]!r}?" if near else ""), ctx) from None


@click.group(
    cls=_Group, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(importlib.metadata.version("warmup_jax"), message="%(version)s")
@click.option(
    "--import",
    "modules",
    multiple=True,
    metavar="MODULE",
    help="Import a module first, for schedules of your own: FILE.py, or the name of one in this folder or installed; "
    "before the command, also several times.",
)
@in_one_line()
def group(modules: tuple[str, ...]) -> None:
    """Learning-rate schedules for JAX: look before you train."""
    for module in modules:
        module_of("--import", module)


@click.command(
    epilog=examples(
        'eval "$(warmup-jax completion bash)"        in ~/.bashrc',
        'eval "$(warmup-jax completion zsh)"         in ~/.zshrc',
        "warmup-jax completion fish | source         in ~/.config/fish/config.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what a shell needs to complete commands and options."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, shell
    print(kind(group, {}, "warmup-jax", "_WARMUP_JAX_COMPLETE").source())
