"""The search in a run, and that an interrupted run continues bit-equal."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mtkd.engine.checkpoint import load
from mtkd.engine.hooks import ContextSearchHook
from mtkd.engine.run import Job, train
from mtkd.models.blocks.context_choice import ContextChoice
from mtkd.models.genotype import find_genotype
from tests.engine.toy import write_config

SEARCH = """
model['net'].update(neck=dict(type='ATRCSearchNeck', lateral_channels=4, channels=4, regions=dict(depth=3)),
                    head=dict(type='LogitsHead'))
optim_wrapper.update(constructor='PartsConstructor', paramwise_cfg=dict(parts={
    'net.trunk.neck.choice': dict(type='Adam', lr=.4, schedule=False)}))
custom_hooks = [dict(type='ContextSearchHook', freeze_gap=.015)]
"""


def write_search(folder: Path, name: str = 'search', iters: int = 6) -> Path:
    """Write the toy config with a search."""
    path = write_config(folder, name, iters=iters, interval=3, method='search')
    path.write_text(path.read_text() + SEARCH)
    return path


def runner(choice, iteration, max_iters=4):
    return SimpleNamespace(model=SimpleNamespace(net=torch.nn.ModuleDict({'choice': choice})), iter=iteration,
                           max_iters=max_iters)


def test_temperature_and_weight_go_from_the_first_to_the_last():
    choice, seen = ContextChoice(('a', 'b')), []
    for i in range(4):
        ContextSearchHook().before_train_iter(runner(choice, i), i)
        seen.append((choice.temperature.item(), choice.entropy_weight.item()))
    assert [t for t, _ in seen] == pytest.approx([1, 0.7625, 0.525, 0.2875])
    assert [w for _, w in seen] == pytest.approx([-0.02, 0, 0.02, 0.04], abs=1e-6)


def test_pairs_freeze_at_the_gap():
    choice = ContextChoice(('a', 'b'))
    choice.logits.data[0, 1, 2] = 1.1  # probabilities .43 and .14
    for gap, frozen in ((0.3, -1), (0.28, 2)):
        ContextSearchHook(freeze_gap=gap).before_train_iter(runner(choice, 0), 0)
        assert choice.frozen.tolist() == [[-1, frozen], [-1, -1]]


def test_what_makes_no_sense_is_said():
    with pytest.raises(ValueError, match=r'temperature=\(1.0, 0\), freeze_gap=0.3\): give numbers above 0'):
        ContextSearchHook(temperature=(1.0, 0))
    with pytest.raises(ValueError, match="nothing to search for in this network; give model.net.neck=dict"):
        ContextSearchHook().before_train(runner(torch.nn.ReLU(), 0))


def test_a_stopped_search_resumes_to_the_bit(tmp_path):
    """Weights, scores, decisions, both optimizers and the file; pairs freeze before and after the interruption."""
    config = str(write_search(tmp_path))
    whole = train(Job(config, work_dir=tmp_path / 'whole', seed=2))
    part = train(Job(config, work_dir=tmp_path / 'part', seed=2))
    for file in ('iter_6.pth', 'final.pth', 'genotype.json'):
        (part / file).unlink()
    train(Job(config, work_dir=part, seed=2, resume=True))
    middle, one, two = load(part / 'iter_3.pth'), load(whole / 'iter_6.pth'), load(part / 'iter_6.pth')
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])
    assert str(one['optimizer']) == str(two['optimizer'])
    frozen = [state['state_dict']['net.trunk.neck.choice.frozen'] for state in (middle, one)]
    assert 0 < (frozen[0] >= 0).sum() < (frozen[1] >= 0).sum(), 'some pairs freeze before and some after the interruption'
    assert torch.equal(frozen[1][frozen[0] >= 0], frozen[0][frozen[0] >= 0])
    assert (whole / 'genotype.json').read_bytes() == (part / 'genotype.json').read_bytes()

    content = json.loads((whole / 'genotype.json').read_text())
    found = find_genotype(str(whole / 'genotype.json'), ('semseg', 'depth'))
    chosen = [[found[target][source] for source in found] for target in found]
    assert all(kind == now for row, wanted in zip(frozen[1].tolist(), chosen, strict=True)
               for kind, now in zip(row, wanted, strict=True) if kind >= 0)
    assert content['seed'] == 2 and content['iterations'] == 6 and content['frozen'] == (frozen[1] >= 0).sum()
    lines = [json.loads(line) for line in (whole / 'vis_data' / 'scalars.json').read_text().splitlines()]
    assert all(0 < line['search/entropy'] < 1.61 for line in lines)
    terms = sum(value for key, value in lines[-1].items() if key.split('/')[0] in ('semseg', 'depth'))
    assert abs(lines[-1]['loss'] - terms) < 0.06 * 1.61 and lines[-1]['loss'] != pytest.approx(terms, abs=1e-4)
