"""Weights of networks: loading from files, and fingerprints."""

import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

SHOWN = 3  # number of wrong keys in an error message


def load_weights(net: nn.Module, path: str | Path, made_by: str | None = None) -> None:
    """Load a checkpoint into ``net``, strictly and without executing code from the file.

    Args:
        net: the network.
        path: a state dict, or a dictionary with one under ``'state_dict'``. If its keys start with ``net.``, as those of a
            trained model, only these are used and the rest (balance, distiller) is ignored.
        made_by: the config that trains these weights, for the error.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a checkpoint that loads safely, or its keys or shapes do not fit the network.
    """
    path = Path(path)
    if not path.is_file():
        hint = f'; train it with: mtkd train {made_by}' if made_by else ''
        raise FileNotFoundError(f'There is no teacher checkpoint at {path}{hint}.')
    state = _network_part(_read(path), path)
    problems = _differences(net.state_dict(), state)
    if problems:
        raise ValueError(f'The checkpoint {path} does not fit the teacher {type(net).__name__}: {"; ".join(problems)}. '
                         f'Give the teacher the net (and tasks) of the config that made the checkpoint.')
    net.load_state_dict(state)


def weights_hash(net: nn.Module) -> str:
    """SHA-256 (hexadecimal) of names, types, shapes and bytes of all weights and buffers, independent of their device."""
    return _hash(net.state_dict())


def checkpoint_hash(path: str | Path) -> str:
    """The :func:`weights_hash` of the network in a checkpoint, in the precision of the file.

    Raises:
        ValueError: the file is not a checkpoint that loads safely.
    """
    return _hash(_network_part(_read(Path(path)), Path(path)))


def _hash(state: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(state.items()):
        digest.update(f'{name} {value.dtype} {tuple(value.shape)} '.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _read(path: Path) -> object:
    try:
        return torch.load(path, map_location='cpu', weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = (str(error).splitlines() or ['it ends early'])[0]
        raise ValueError(f'{path} cannot be loaded as plain tensors ({reason}): the file is damaged, or contains other '
                         f'Python objects; save only its state dict.') from error


def _network_part(content: object, path: Path) -> dict[str, Tensor]:
    state = content.get('state_dict', content) if isinstance(content, Mapping) else content
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path} is not a state dict, or a dictionary with one under 'state_dict'.")
    prefix = 'net.'
    if any(key.startswith(prefix) for key in state):
        return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    return dict(state)


def _differences(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """The differences, one phrase each; empty if everything fits."""
    missing = [key for key in wanted if key not in given]
    unexpected = [key for key in given if key not in wanted]
    shapes = [f'{key} is {tuple(given[key].shape)} instead of {tuple(wanted[key].shape)}'
              for key in wanted if key in given and given[key].shape != wanted[key].shape]
    named = (('it lacks', missing), ('the net has no', unexpected), ('shapes differ:', shapes))
    return [f"{phrase} {', '.join(keys[:SHOWN])}{f' and {len(keys) - SHOWN} more' if len(keys) > SHOWN else ''}"
            for phrase, keys in named if keys]
