"""The `warmup-jax` command.

Each command imports what it needs when it runs, so that help, completion and errors come at once and nothing heavy is
loaded for what does not use it.
"""

import os
import sys
import typing

from warmup_jax import _words

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status, or raises `SystemExit` with it after bad input."""
    try:
        import rich_click as click
    except ModuleNotFoundError:
        return _fail("warmup-jax", "this needs rich-click; install it with: pip install 'warmup_jax[cli]'")
    from warmup_jax.cli._group import group

    try:
        return group.main(arguments, prog_name="warmup-jax", standalone_mode=False) or 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = " It stands before the command." if getattr(error, "option_name", None) == "--import" else ""
        return _fail(context.command_path if context else "warmup-jax", error.format_message() + where)
    except click.Abort:
        print("\ninterrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _fail(command: str, message: str) -> typing.NoReturn:
    """One line, not the whole usage."""
    print(f"{command}: error: {_words.message(message)}", file=sys.stderr)
    raise SystemExit(EXIT_BAD_INPUT)


def console() -> typing.NoReturn:
    """The console script. It leaves without Python's clean-up, in which threads of an interrupted compilation
    can crash.
    """
    try:
        status = main()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # a reader such as `head` has seen enough
        status = 141
    os._exit(status)
