"""Read weight files without executing code in them, with clear messages for invalid files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

_LFS = b'version https://git-lfs'
_START = 64  # number of bytes to detect text files


def read_weights(path: Path, what: str) -> dict[str, Any]:
    """Read a file of tensors and plain values.

    Args:
        path: a file of ``torch.save``, or ``.safetensors``.
        what: description of the file for the error message.

    Returns:
        The dictionary in the file.

    Raises:
        FileNotFoundError: it does not exist.
        ValueError: it is a folder, empty, text, a Git LFS pointer or damaged, contains Python objects, or is not a
            dictionary.
    """
    if path.is_dir():
        raise ValueError(f'{what} {path} is a folder: give the path of a file.')
    if not path.is_file():
        raise FileNotFoundError(f'{what} {path} does not exist.')
    with path.open('rb') as file:
        start = file.read(_START)
    if not start:
        raise ValueError(f'{what} {path} is empty (0 bytes): copy or download it again.')
    if start.startswith(_LFS):
        raise ValueError(f'{what} {path} is a Git LFS pointer, not the weights themselves: fetch them with "git lfs pull" '
                         f'in its repository.')
    try:
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file
            content: Any = load_file(str(path))
        else:
            content = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # the two readers raise various exceptions
        raise ValueError(f'{what} {path} {_why(start, error)}.') from error
    if not isinstance(content, Mapping):
        raise ValueError(f'{what} {path} holds a {type(content).__name__}, not a dictionary of weights: save the state '
                         f'dict, torch.save(model.state_dict(), FILE).')
    return dict(content)


def _why(start: bytes, error: Exception) -> str:
    if all(byte in b'\t\n\r' or 32 <= byte < 127 for byte in start):
        return 'is a text file, not a checkpoint (perhaps a web page was downloaded instead)'
    if 'Unsupported' in str(error) or ('weights_only' in str(error) and 'GLOBAL' in str(error)):
        return ('contains Python objects, which are not loaded because that can execute code: save only its state dict, '
                'torch.save(model.state_dict(), FILE)')
    return 'is truncated or not a checkpoint'


def prefix_hint(own: Iterable[str], given: Iterable[str]) -> str:
    """A hint if a state dict fits except for a prefix of all or most of its keys; otherwise ''.

    Args:
        own: keys of the network.
        given: keys of the state dict.
    """
    own, there = list(own), set(given)
    if not own or own[0] in there:
        return ''
    ends = [key for key in there if key.endswith(f'.{own[0]}')]
    prefix = min((key.removesuffix(own[0]) for key in ends), key=len, default='')
    if prefix and sum(prefix + key in there for key in own) > len(own) / 2:
        return (f" Its keys begin with '{prefix}': remove the prefix, "
                f"{{k.removeprefix('{prefix}'): v for k, v in state.items()}}, and save it again.")
    lacking = next((key.split('.')[0] + '.' for key in own if '.' in key and key.split('.', 1)[1] in there), '')
    if lacking and sum(key.removeprefix(lacking) in there for key in own) > len(own) / 2:
        return f" Its keys lack the prefix '{lacking}': add it, and save the state dict again."
    return ''
