"""What a scheduler object of PyTorch holds, alive or as its state dict."""

import typing

Attributes: typing.TypeAlias = dict[str, typing.Any]


class State:
    """The name of the class of a scheduler and its attributes.

    Args:
        source: a scheduler object, or its state dict.
        kind: with a state dict the name of the class.
        parts: with the state dict of a scheduler of schedulers, the classes of those, each as a `kind` or a pair of a
            kind and its own parts.
    """

    def __init__(self, source: typing.Any, kind: str = "", parts: typing.Sequence[typing.Any] = ()) -> None:
        self.live = not isinstance(source, dict)
        if self.live and not type(source).__module__.startswith("torch.optim."):
            raise TypeError(
                "`from_torch(scheduler)` must be a scheduler of `torch.optim.lr_scheduler`, of that very class; got "
                f"{source!r} ({type(source).__name__})."
            )
        self.kind = type(source).__name__ if self.live else str(kind)
        self.parts = parts
        self.attributes: Attributes = dict(vars(source)) if self.live else source

    def __getitem__(self, name: str) -> typing.Any:
        if name not in self.attributes:
            raise ValueError(
                f"`from_torch(...)` expected the state of a `{self.kind}` of torch 2.13, which has {name!r}; got "
                f"{', '.join(map(repr, self.attributes)) or 'an empty one'}. Is `kind` the class that it came from?"
            )
        return self.attributes[name]

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def steps_taken(self) -> int:
        """How often the scheduler has stepped."""
        if self.kind == "ChainedScheduler":  # it keeps no count of its own
            return self.children()[0].steps_taken()
        return int(self["_step_count"] - 1 if self.kind == "SWALR" else self["last_epoch"])

    def base_lr(self, group: int) -> float:
        """The rate that a parameter group had at first, of a scheduler of schedulers that of the first one."""
        if "base_lrs" not in self and "_schedulers" in self:
            return self.children()[0].base_lr(group)
        rates = self["base_lrs"]
        if not 0 <= group < len(rates):
            raise ValueError(
                f"`from_torch(group=...)` must be below {len(rates)}, the number of groups; got {group!r}."
            )
        return float(rates[group])

    def group(self, number: int) -> Attributes:
        """The parameter group of the optimizer, which a state dict does not hold."""
        if not self.live:
            raise ValueError(
                f"`from_torch(state, {self.kind!r})`: a `{self.kind}` keeps its rates in the optimizer, not in its "
                "state. Hand in the scheduler itself."
            )
        return self["optimizer"].param_groups[number]

    def rate(self, group: int) -> float | None:
        """The rate in force, where it is known."""
        rates = {group: self.group(group)["lr"]} if self.live else self.attributes.get("_last_lr", {group: None})
        return None if rates[group] is None else float(rates[group])

    def function(self, name: str, value: typing.Any) -> typing.Any:
        """A function of the scheduler's, which a state dict holds only in part."""
        if value is None or isinstance(value, dict):
            raise ValueError(
                f"`from_torch(state, {self.kind!r})`: the state of a `{self.kind}` does not hold its {name}. Hand in "
                "the scheduler itself."
            )
        return value

    def children(self) -> "list[State]":
        """The schedulers in a scheduler of schedulers."""
        children = self["_schedulers"]
        if self.live:
            return [State(child) for child in children]
        if len(self.parts) != len(children):
            raise ValueError(
                f"`from_torch(state, kind=...)` needs the class of each of the {len(children)} parts, as in "
                f"({self.kind!r}, ['LinearLR', 'CosineAnnealingLR']); got {list(self.parts)!r}."
            )
        kinds = [part if isinstance(part, tuple) else (part,) for part in self.parts]
        return [State(child, *kind) for child, kind in zip(children, kinds, strict=True)]
