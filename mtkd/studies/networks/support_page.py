"""The table of features supported by each network: one line of JSON per trial, and a Markdown page."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

import torch

from ... import atomic
from ...engine.record import code_version, versions
from ...leaderboard.escaping import markdown
from .comparators import Comparator
from .support import BATCH, COMPILED_TOLERANCE, FEATURES, LOSS_TOLERANCE, UNTRIED, Finding, Trial

HEADS = {'compile': 'torch.compile', 'bf16': 'bf16 autocast', 'fp16': 'AMP (fp16)', 'ddp': 'DDP', 'onnx': 'ONNX',
         'torch_export': 'torch.export'}
PACKAGES = ('torch', 'timm', 'mmengine', 'onnx', 'onnxscript', 'onnxruntime')
COMMAND = 'python tools/network_support.py'


@dataclass(frozen=True)
class Cell:
    """The result of one feature on one network.

    Attributes:
        name, config, sha256: see :class:`~mtkd.studies.networks.comparators.Comparator`.
        feature: one of :data:`~mtkd.studies.networks.support.FEATURES`.
        state, short, reason: see :class:`~mtkd.studies.networks.support.Finding`.
        size: (height, width) of the scenes.
        backend: backend of ``torch.compile``.
        device: device of the mixed-precision trial.
        versions: package -> version.
        code_version: version of mtkd.
        time: time of the trial, ISO 8601.
        seconds: its duration.
    """

    name: str
    config: str
    sha256: str
    feature: str
    state: str
    short: str
    reason: str
    size: tuple[int, int]
    backend: str
    device: str
    versions: dict[str, str] = field(default_factory=dict)
    code_version: str = ''
    time: str = ''
    seconds: float = 0.0

    @classmethod
    def of(cls, network: Comparator, feature: str, finding: Finding, trial: Trial, seconds: float) -> Cell:
        """Create a cell from a finding."""
        device = 'CUDA' if torch.cuda.is_available() else 'CPU'
        return cls(network.name, network.config, network.sha256, feature, finding.state, finding.short, finding.reason,
                   trial.size, trial.backend, device, _versions(), code_version(),
                   datetime.datetime.now().astimezone().isoformat(timespec='seconds'), round(seconds, 1))

    @property
    def finding(self) -> Finding:
        """The finding."""
        return Finding(self.state, self.short, self.reason)


def append_cell(path: Path, cell: Cell) -> None:
    """Append a cell to the records as a line of JSON, after an incomplete line of a killed run, if any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = path.is_file() and not path.read_text(encoding='utf-8').endswith('\n')
    with path.open('a', encoding='utf-8') as file:
        file.write('\n' * cut + json.dumps(asdict(cell), ensure_ascii=False) + '\n')


def read_cells(path: Path) -> dict[tuple[str, str], Cell]:
    """(sha256 of the network, feature) -> its last cell; empty without a file.

    Incomplete lines of killed runs are skipped.

    Raises:
        ValueError: a complete line is not a valid cell.
    """
    lines = path.read_text(encoding='utf-8').splitlines() if path.is_file() else []
    names = [f.name for f in fields(Cell)]
    cells: dict[tuple[str, str], Cell] = {}
    for number, line in enumerate(lines, 1):
        try:
            given = json.loads(line)
        except ValueError:
            continue
        missing = [name for name in names if not isinstance(given, dict) or name not in given]
        if missing:
            raise ValueError(f'{path}: line {number} is not a cell of the table, it lacks {missing[0]!r}; delete the line.')
        cell = Cell(**{**{name: given[name] for name in names}, 'size': tuple(given['size'])})
        cells[cell.sha256, cell.feature] = cell
    return cells


def is_known(cells: dict[tuple[str, str], Cell], network: Comparator, feature: str, trial: Trial) -> bool:
    """Whether there is a result for a cell; for torch.compile, with the same backend."""
    cell = cells.get((network.sha256, feature))
    return cell is not None and cell.state != UNTRIED and (feature != 'compile' or cell.backend == trial.backend)


def support_page(networks: Sequence[Comparator], cells: dict[tuple[str, str], Cell]) -> str:
    """The Markdown page: one line per network, one column per feature, and the distinct reasons below.

    Cells of another network of the same name are not shown.
    """
    shown = [cell for network in networks for feature in FEATURES
             if (cell := cells.get((network.sha256, feature))) is not None]
    reasons = list(dict.fromkeys(cell.reason for cell in shown if cell.reason))
    rows = [[_plain(network.name), f'`{network.stem}`',
             *(_text(cells.get((network.sha256, feature)), reasons) for feature in FEATURES)] for network in networks]
    lines = ['| ' + ' | '.join(['network', 'config', *(HEADS[feature] for feature in FEATURES)]) + ' |',
             '|' + '---|' * (2 + len(FEATURES)), *('| ' + ' | '.join(row) + ' |' for row in rows)]
    notes = [f'{number}. {_plain(reason)}.' for number, reason in enumerate(reasons, 1)]
    parts = ['# Supported features of each network', _how(shown), '\n'.join(lines), '\n'.join(notes), _columns(shown)]
    return '\n\n'.join(part for part in parts if part) + '\n'


def _text(cell: Cell | None, reasons: Sequence[str]) -> str:
    if cell is None:
        return '-'
    mark = f'<sup>{reasons.index(cell.reason) + 1}</sup>' if cell.reason else ''
    state = cell.state if cell.state == 'yes' else f'**{cell.state}**'
    return _plain(f'{state}, {cell.short}' if cell.short else state) + mark


def _plain(text: str) -> str:
    """Convert text to one line without Markdown markup."""
    return markdown(' '.join(text.split())).rstrip('.')


def _how(cells: Sequence[Cell]) -> str:
    text = (f'Written by `{COMMAND}`, which tests every network as built by its config: random weights, synthetic scenes of '
            f'{_each(f"{cell.size[0]}×{cell.size[1]}" for cell in cells)}, one thread, and a separate process for each '
            f'cell. The same command adds networks with new configs; cells are tested again only with `--again` or after a '
            f'change of the config (changes of the code are not detected). A cell with - has not been tested.')
    if not cells:
        return text
    return f'{text}\n\nMeasured with ' + _each(
        f'{", ".join(f"{name} {version}" for name, version in cell.versions.items())} on {cell.device}'
        for cell in cells) + '.'


def _columns(cells: Sequence[Cell]) -> str:
    backends = _each(f'`{cell.backend}`' for cell in cells if cell.feature == 'compile') or '`inductor`'
    return '\n'.join([
        f'- **torch.compile**: trunk, neck and heads as one function, backend {backends}, forward and backward in training '
        f'mode; outputs and gradient within {COMPILED_TOLERANCE:g} of eager\'s norm (or four times '
        f'the effect of changing the last bits of the weights). *One graph* means `fullgraph=True`.',
        f'- **bf16 autocast**, **AMP (fp16)**: a training step of `--amp bf16` and `--amp fp16` (with the gradient scaler) '
        f'on {BATCH} scenes: the loss within {LOSS_TOLERANCE:.0%} of that in float32, every gradient finite. In fp16, steps '
        f'are skipped and the scale of the loss is halved until they are; the final scale is given. The device is given '
        f'above; the operations that autocast runs in half precision differ between devices.',
        '- **DDP**: two gloo ranks, two steps, `find_unused_parameters=False`: every parameter gets a gradient, which is '
        'the same on both ranks.',
        '- **ONNX**: the file written by `tools/export.py`, run by onnxruntime and compared with eager (tolerances: '
        '[export](export.md)). *Any batch and size* means that these are dynamic in the file.',
        '- **torch.export**: the same for an exported program, loaded again.'])


def _each(texts: Iterable[str]) -> str:
    """The distinct texts, joined by semicolons."""
    return '; '.join(dict.fromkeys(texts))


def _versions() -> dict[str, str]:
    found = versions()
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {name: found[name] for name in PACKAGES if name in found}


def write_page(path: Path, networks: Sequence[Comparator], records: Path) -> None:
    """Write the page of all recorded cells, including those that another process has added."""
    atomic.write_text(path, support_page(networks, read_cells(records)))
