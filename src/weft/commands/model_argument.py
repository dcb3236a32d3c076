"""The option `--model` of the commands: a model's folder, or a model of the MLflow registry."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from weft.errors import InputError

MODEL_URI_PREFIX = "models:/"


@contextmanager
def model_folder_opened(args: Namespace) -> Iterator[None]:
    """Replace `args.model`, if the command has it, by a folder; a model of the registry is copied, until the end.

    Raises:
        InputError: The registry has no such model, or the command would write beside it.
    """
    if not str(getattr(args, "model", "")).startswith(MODEL_URI_PREFIX):
        yield
        return
    if "out" in args and args.out is None:
        raise InputError(f"{args.model}: expected -o FOLDER, because a model of the registry has no folder beside it")
    from weft.tracking import fetch_model

    with fetch_model(str(args.model)) as args.model:
        yield
