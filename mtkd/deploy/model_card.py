"""The model card of an exported student: description, metrics, training data, licence."""

import datetime
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..engine.config import short_path
from ..engine.cost import count_macs, count_parameters
from ..engine.identity import in_words
from ..engine.loaders import datasets_of
from ..engine.record import code_version, versions
from ..leaderboard.escaping import code, markdown
from ..registry import DATASETS
from ..structures import Size
from .export import Exported
from .hub import CONFIG, WEIGHTS
from .student import Student
from .trained_with import changed_since_training, is_trial

Metrics = Mapping[str, Mapping[str, tuple[float, str]]]  # task -> name -> (value, unit)
MOST_CLASSES = 60  # maximum number of classes that are listed

LICENCES = {
    'NYUDMT': 'NYU Depth V2 has no formal licence; its authors offer it for research (cite Silberman et al., ECCV 2012).',
    'NYUv2MTAN': 'NYU Depth V2 has no formal licence; its authors offer it for research (cite Silberman et al., ECCV 2012).',
    'PASCALContextMT': "PASCAL VOC's images come from Flickr and are subject to its terms of use (cite Everingham et al., "
                       'IJCV 2010, and Mottaghi et al., CVPR 2014).',
    'CamVid': 'CamVid is for research (cite Brostow et al., 2009); the copy of the SegNet tutorial has separate terms.',
    'CityscapesMTAN': "Cityscapes is for non-commercial use under its own terms, which its users agree to (cite Cordts et "
                      'al., CVPR 2016).',
    'SVHN': 'SVHN is for non-commercial use (cite Netzer et al., 2011).',
    'Omniglot': 'Omniglot is under the MIT licence (cite Lake et al., Science 2015).',
    'FairFace': 'FairFace is under CC BY 4.0 (cite Karkkainen and Joo, WACV 2021).',
    'SyntheticImages': 'Rendered by mtkd; no terms of third parties.',
    'SyntheticScenes': 'Rendered by mtkd; no terms of third parties.',
    'SyntheticClips': 'Rendered by mtkd; no terms of third parties.'}
"""Adapter -> terms of its data. ``LICENCE`` of an adapter overrides these, ``data_licence`` of a config overrides both."""
CONFIG_KEYS = ('data_licence',)


def model_card(student: Student, exported: Exported, *, metrics: Metrics | None, config: str, licence: str | None = None,
               test_set: str | None = None, protocol: str | None = None) -> str:
    """The card, as Markdown.

    Args:
        student: the exported student.
        exported: the exported file or folder.
        metrics: metrics of ``results.json``; None: not tested.
        config: the config file, as the user named it.
        licence: licence of the data; None: see :func:`data_licence`.
        test_set: test set of the metrics.
        protocol: protocol of the metrics.
    """
    cfg = student.cfg
    height, width = exported.input_size
    return '\n'.join([
        f'# {_said(title(student, config))}', '', *_warning(student),
        f'Written by mtkd {code_version()} on {datetime.date.today().isoformat()} with', '',
        f'    {_command()}', '',
        '## Use', '', *_use(exported),
        f'- Exported at {height}x{width}; dynamic: {", ".join(exported.dynamic) or "nothing"}.',
        f'- Test pipeline of the config, {"applied by the inferencer" if exported.format == "hub" else "not in the file"}: '
        f'{_said(_pipeline(student))}.', '',
        '| output | shape | content | difference to eager |', '|---|---|---|---|',
        *(f'| {code(name)} | {_shape(task)} | {task.kind.name.replace("_", " ")} | {exported.difference[name]:.2g} |'
          for name, task in student.tasks.items()), '',
        *_classes(student),
        f'Difference: largest absolute value (for class ids, fraction of pixels), checked with {exported.checked_with}.', '',
        '## Results', '', *_metric_lines(metrics, test_set, protocol), '',
        *_teachers(student),
        '## Data', '',
        f'- Trained on: {_said(cfg.get("data_set", "not named in the config"))}.',
        f'- Terms of the data: {_said(licence or data_licence(student))}', '',
        '## Limits', '', *_limits(student, metrics, (height, width)), '',
        '## Provenance', '',
        f'- Config: {code(config)}, sha256 `{student.config_sha256}`{_changes(student)}.',
        f'- Seed: {_said(student.meta.get("seed", "not recorded"))}.',
        f'- Backbone: {_said(cfg.get("backbone", "not named in the config"))}.',
        f'- Parameters: {count_parameters(student.net):,}; multiply-accumulates at {height}x{width}: '
        f'{count_macs(student.net, (height, width)):,}.',
        f'- Versions: {", ".join(f"{name} {number}" for name, number in versions().items())}.', '',
        'The export contains only the student: no teacher, no distillation adaptors, no balance.', ''])


def title(student: Student, config: str) -> str:
    """The title of the card: method and network of the student."""
    return f'{student.cfg.get("method", Path(config).stem)}, {student.cfg.get("student", Path(config).stem)}'


def _command() -> str:
    """The command line, as a user types it."""
    program, *arguments = sys.argv
    own = Path(program).name in ('mtkd', '__main__.py')
    return ' '.join(f'{"mtkd" if own else f"python {program}"} {shlex.join(arguments)}'.split())


def _warning(student: Student) -> list[str]:
    if not is_trial(student):
        return []
    return ['**A trial run** (`--smoke`): trained for a few iterations on synthetic images; predictions are meaningless.',
            '']


def _use(exported: Exported) -> list[str]:
    if exported.format == 'hub':
        return ['```python', 'from mtkd.deploy import MultiTaskInferencer', '',
                f'predict = MultiTaskInferencer({exported.path.name!r})  # this folder', "found = predict('picture.jpg')",
                'found.values, found.units, found.pictures  # task -> numbers, their unit, an RGB image', '```', '',
                f'- Files: `{WEIGHTS}` (weights), `{CONFIG}` (network, tasks, normalisation, test pipeline; no Python).',
                '- Input: any image; outputs have the size of the image.']
    if exported.format == 'state_dict':
        return [f'- File: {code(exported.path.name)} ({exported.format}).',
                '- Weights of the network only: load them with `mtkd.deploy.MultiTaskInferencer(config, file)`.']
    return [f'- File: {code(exported.path.name)} ({exported.format}).',
            '- Input: `image`, (B, 3, H, W) uint8 RGB, not normalised; the file normalises it.']


def _classes(student: Student) -> list[str]:
    lines = []
    for task, names in student.class_names.items():
        shown = ', '.join(f'{i} {name}' for i, name in enumerate(names[:MOST_CLASSES]))
        lines += [f'Classes of {code(task)}: {_said(shown)}'
                  + (f' and {len(names) - MOST_CLASSES} more.' if len(names) > MOST_CLASSES else '.'), '']
    return lines


def _changes(student: Student) -> str:
    """The differences between the config of the training and the current one; empty if there are none."""
    found = changed_since_training(student)
    return f'; **trained with other values than those of the current config**: {_said(in_words(found))}' if found else ''


def _teachers(student: Student) -> list[str]:
    """The section on the teachers and the distillation losses; empty without teachers."""
    distiller = (student.cfg.get('model') or {}).get('distiller') or {}
    teachers = {name: teacher for name, teacher in (distiller.get('teachers') or {}).items() if teacher is not None}
    if not teachers:
        return []
    links = distiller.get('links') or []
    losses = dict.fromkeys(str(link['loss']['type']) for link in (links.values() if isinstance(links, Mapping) else links)
                           if isinstance(link, Mapping) and isinstance(link.get('loss'), Mapping) and 'type' in link['loss'])
    return ['## Teachers', '',
            *(f'- {code(name)}: {code(_name_of(teacher["config"])) if teacher.get("config") else _said(_network(teacher))}.'
              for name, teacher in teachers.items()),
            *([f'- Distillation losses: {_said(", ".join(losses))}.'] if losses else []),
            '- The teachers were used for training only; inference does not need them.', '']


def _name_of(config: str) -> str:
    """The name of a config without its location on this machine."""
    path = Path(short_path(Path(config)))
    return path.name if path.is_absolute() else str(path)


def _network(teacher: Mapping[str, Any]) -> str:
    backbone = (teacher.get('net') or {}).get('backbone') or {}
    return str(teacher.get('name') or backbone.get('name') or teacher.get('type') or 'a network of the config')


def _limits(student: Student, metrics: Metrics | None, size: Size) -> list[str]:
    """The limits of the student that follow from the config and the metrics."""
    data = _said(student.cfg.get('data_set') or 'the data set of the config')
    tested = 'Trained and tested' if metrics is not None else 'Trained (and not tested)'
    lines = [f'- {tested} only on {data} at about {size[0]}x{size[1]}: results may be worse on images of another kind, '
             f'camera or size.',
             f'- One training run (seed {_said(student.meta.get("seed", "not recorded"))}): the variation between seeds is '
             f'not given on this card.']
    for name, task in student.tasks.items():
        if task.kind.name == 'class_map':
            lines.append(f'- {code(name)} gives every pixel one of its {task.out_channels} classes, even if none fits.')
        elif task.kind.name == 'class_label':
            lines.append(f'- {code(name)} gives every image one of its {task.out_channels} classes, even if none fits.')
        elif task.kind.name == 'depth':
            lines.append(f'- {code(name)} predicts metres for the cameras of its data set: with another focal length, the '
                         f'scale is wrong.')
    return lines


def _said(value: object) -> str:
    """Escape text from a config, checkpoint or result for Markdown."""
    return markdown(str(value))


def data_licence(student: Student) -> str:
    """Terms of the training data: ``data_licence`` of the config, or those known for the data sets."""
    said = student.cfg.get('data_licence')
    if said:
        return str(said)
    kinds = dict.fromkeys(d['type'] for d in datasets_of(student.cfg.get('train_dataloader')) if not d.get('datasets'))
    terms = dict.fromkeys(getattr(DATASETS.get(kind), 'LICENCE', None) or LICENCES.get(kind) or
                          f"not known for {kind}; give them with data_licence='…' in the config or --data-licence."
                          for kind in kinds)
    return ' '.join(terms) or "not known; give them with data_licence='…' in the config or --data-licence."


def _pipeline(student: Student) -> str:
    loader = student.cfg.get('test_dataloader')
    steps = next((d.get('pipeline') for d in datasets_of(loader) if not d.get('datasets')), None)
    return ', '.join(f'{step["type"]}({", ".join(f"{k}={v}" for k, v in step.items() if k != "type")})'
                     for step in steps or []) or 'none'


def _shape(task: object) -> str:
    kind = task.kind  # type: ignore[attr-defined]
    if kind.spatial:
        return {'depth': '(B, 1, H, W) m', 'normals': '(B, 3, H, W)'}.get(kind.name, '(B, H, W)')
    return '(B, classes)' if kind.name == 'class_label' else '(B,)'


def _metric_lines(metrics: Metrics | None, test_set: str | None, protocol: str | None) -> list[str]:
    if metrics is None:
        return ['Not tested: there is no `results.json` next to the checkpoint; `mtkd test CONFIG CHECKPOINT` writes it.']
    about = ', '.join(part for part in (f'On {test_set}' if test_set else '', protocol or '') if part)
    return [*([f'{_said(about)}.', ''] if about else []), '| task | metric | value |', '|---|---|---|',
            *(f'| {_said(task)} | {_said(name)} | {value:.4g} {_said(unit)} |' for task, numbers in metrics.items()
              for name, (value, unit) in numbers.items())]
