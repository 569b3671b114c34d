"""The model card of an exported student: description, metrics, training data, licence."""

import datetime
import sys
from collections.abc import Mapping
from pathlib import Path

from ..engine.cost import count_macs, count_parameters
from ..engine.loaders import datasets_of
from ..engine.record import code_version, versions
from ..leaderboard.escaping import code, markdown
from ..registry import DATASETS
from .export import Exported
from .student import Student

Metrics = Mapping[str, Mapping[str, tuple[float, str]]]  # task -> name -> (value, unit)

LICENCES = {
    'NYUDMT': 'NYU Depth V2 has no formal licence; its authors offer it for research (cite Silberman et al., ECCV 2012).',
    'NYUv2MTAN': 'NYU Depth V2 has no formal licence; its authors offer it for research (cite Silberman et al., ECCV 2012).',
    'PASCALContextMT': "PASCAL VOC's pictures come from Flickr and fall under its terms of use (cite Everingham et al., "
                       'IJCV 2010, and Mottaghi et al., CVPR 2014).',
    'CamVid': 'CamVid is for research (cite Brostow et al., 2009); the copy of the SegNet tutorial has terms of its own.',
    'CityscapesMTAN': "Cityscapes is for non-commercial use under its own terms, which its users agree to (cite Cordts et "
                      'al., CVPR 2016).',
    'SVHN': 'SVHN is for non-commercial use (cite Netzer et al., 2011).',
    'Omniglot': 'Omniglot is under the MIT licence (cite Lake et al., Science 2015).',
    'FairFace': 'FairFace is under CC BY 4.0 (cite Karkkainen and Joo, WACV 2021).',
    'SyntheticImages': 'Rendered by mtkd itself; no terms of others.',
    'SyntheticScenes': 'Rendered by mtkd itself; no terms of others.',
    'SyntheticClips': 'Rendered by mtkd itself; no terms of others.'}
"""Adapter -> terms of its data. An adapter's own ``LICENCE`` goes before these, a config's ``data_licence`` before both."""


def model_card(student: Student, exported: Exported, *, metrics: Metrics | None, config: str, licence: str | None = None,
               test_set: str | None = None) -> str:
    """The card, as Markdown.

    Args:
        student: the exported student.
        exported: the exported file.
        metrics: metrics of ``results.json``; None: not tested.
        config: the config file, as the user named it.
        licence: licence of the data; None: as stated by the config or the data set's adapter.
        test_set: test set of the metrics.
    """
    cfg = student.cfg
    height, width = exported.input_size
    trained = student.meta.get('config_sha256')
    lines = [
        f'# {_said(cfg.get("method", Path(config).stem))}, {_said(cfg.get("student", Path(config).stem))}', '',
        f'Written by mtkd {code_version()} on {datetime.date.today().isoformat()} with', '',
        f'    {" ".join(" ".join(["python", *sys.argv]).split())}', '',
        '## Use', '',
        f'- File: {code(exported.path.name)} ({exported.format}).',
        '- Input: `image`, (B, 3, H, W) uint8 RGB, not normalised; the file normalises it.'
        if exported.format != 'state_dict' else
        '- Weights of the network alone: load them with `mtkd.deploy.MultiTaskInferencer(config, file)`.',
        f'- Written at {height}x{width}; may differ: {", ".join(exported.dynamic) or "nothing"}.',
        f'- Test pipeline of the config, to be done before: {_said(_pipeline(student))}.', '',
        '| output | shape | holds | difference to eager |', '|---|---|---|---|',
        *(f'| {code(name)} | {_shape(task)} | {task.kind.name.replace("_", " ")} | {exported.difference[name]:.2g} |'
          for name, task in student.tasks.items()), '',
        f'Differences: largest absolute one (of class ids, share of pixels), checked with {exported.checked_with}.', '',
        '## How good', '', *_metric_lines(metrics, test_set), '',
        '## Data', '',
        f'- Trained on: {_said(cfg.get("data_set", "not named in the config"))}.',
        f'- Terms of the data: {_said(licence or data_licence(student))}', '',
        '## Made of', '',
        f'- Config: {code(config)}, sha256 `{student.config_sha256}`'
        + ('.' if trained in (None, student.config_sha256) else
           f'; **the checkpoint was trained with another version of it**, sha256 `{trained}`.'),
        f'- Seed: {_said(student.meta.get("seed", "not recorded"))}.',
        f'- Backbone: {_said(cfg.get("backbone", "not named in the config"))}.',
        f'- Parameters: {count_parameters(student.net):,}; multiply-accumulates at {height}x{width}: '
        f'{count_macs(student.net, (height, width)):,}.',
        f'- Versions: {", ".join(f"{name} {number}" for name, number in versions().items())}.', '',
        'It holds the student alone: no teacher, no distillation adaptors, no balance.', '']
    return '\n'.join(lines)


def _said(value: object) -> str:
    """Escape text from a config, checkpoint or result for Markdown."""
    return markdown(str(value))


def data_licence(student: Student) -> str:
    """Licences of the training data of a config, as far as known."""
    said = student.cfg.get('data_licence')
    if said:
        return str(said)
    kinds = dict.fromkeys(d['type'] for d in datasets_of(student.cfg.get('train_dataloader')) if not d.get('datasets'))
    terms = dict.fromkeys(getattr(DATASETS.get(kind), 'LICENCE', None) or LICENCES.get(kind) or
                          f"not known for {kind}; say them with data_licence='…' in the config or --data-licence."
                          for kind in kinds)
    return ' '.join(terms) or "not known; say them with data_licence='…' in the config or --data-licence."


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


def _metric_lines(metrics: Metrics | None, test_set: str | None) -> list[str]:
    if metrics is None:
        return ['Not tested: no `results.json` beside the checkpoint; `mtkd test CONFIG CHECKPOINT` writes it.']
    return [*([f'On {_said(test_set)}.', ''] if test_set else []), '| task | metric | value |', '|---|---|---|',
            *(f'| {_said(task)} | {_said(name)} | {value:.4g} {_said(unit)} |' for task, numbers in metrics.items()
              for name, (value, unit) in numbers.items())]
