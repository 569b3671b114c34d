import pytest
from mmengine.config import Config
from torch import nn

from mtkd.engine.run import Job, train
from mtkd.engine.sizes import check_batch_of_one, check_sizes, sizes_of

from .toy import write_config

CFG = Config({'train_dataloader': {'dataset': {'type': 'MultiDataset', 'datasets': [
    {'size': (9, 9), 'pipeline': [{'type': 'Crop', 'size': (40, 50)}, {'type': 'Pad', 'size': (32, 48)}, {'type': 'Flip'}]},
    {'size': (24, 24)}, {'size': (24, 24), 'pipeline': []}, {'pipeline': [{'type': 'Flip'}]}]}}, 'val_dataloader': None})


def test_sizes_of_another_form_are_passed_over():
    pipeline = [{'type': 'Resize', 'size': 64}, {'type': 'Pick', 'size': [(8, 8), (9, 9)]}]
    cfg = Config({'train_dataloader': {'dataset': {'size': (24, 24), 'pipeline': pipeline}}})
    assert sizes_of(cfg, 'train') == [(24, 24)]


class Picky(nn.Module):
    def check_size(self, size):
        if size[1] % 16:
            raise ValueError('16 does not divide the width')


def test_the_last_size_counts():
    assert sorted(sizes_of(CFG, 'train')) == [(24, 24), (32, 48)] and sizes_of(CFG, 'val') == sizes_of(CFG, 'test') == []


def test_the_loader_and_both_sizes_are_named():
    check_sizes(nn.Sequential(nn.Linear(1, 1)), CFG, ('train',))
    check_sizes(nn.Sequential(Picky()), CFG, ('val', 'test'))
    with pytest.raises(ValueError, match='train_dataloader yields images of 24x24; 16 does not divide the width'):
        check_sizes(nn.Sequential(nn.Sequential(Picky())), CFG, ('train', 'val'))


def test_training_refuses_before_the_first_step(tmp_path):
    config = write_config(tmp_path, iters=1)
    text = config.read_text()
    old = "name='test_resnet', norm='group', out_indices=(1, 2), drop_path_rate=0.1"
    assert text.count(old) == 1
    config.write_text(text.replace(old, "name='vit_tiny_patch16_224', depth=2, out_indices=(0, 1), img_size=(32, 32)"))
    with pytest.raises(ValueError, match=r'toy\.py: train_dataloader yields images of 32x48; backbone vit_tiny_patch16_224 '
                                         r"does not support images of 32x48: Input width \(48\) doesn't match"):
        train(Job(str(config), work_dir=tmp_path / 'run'))
    assert not list((tmp_path / 'run').glob('*.pth'))


@pytest.mark.parametrize(('batch', 'norm', 'size', 'fits'), [
    (1, 'batch', (32, 48), False), (1, 'group', (32, 48), True), (2, 'batch', (32, 48), True),
    (1, 'batch', (128, 128), True)])
def test_a_batch_of_one_that_meets_batch_normalisation_at_1x1(batch, norm, size, fits):
    layer = nn.BatchNorm2d(4) if norm == 'batch' else nn.GroupNorm(2, 4)
    net = nn.Sequential(nn.Conv2d(3, 4, 1, stride=64), layer).eval()
    cfg = Config({'train_dataloader': {'batch_size': batch, 'dataset': {'size': size}}})
    before = {key: value.clone() for key, value in net.state_dict().items()}
    if fits:
        check_batch_of_one(net, cfg)
    else:
        with pytest.raises(ValueError, match=r"batch_size=1 with images of 32x48 .* set norm='group' in the backbone"):
            check_batch_of_one(net, cfg)
    assert not net.training and all((before[key] == value).all() for key, value in net.state_dict().items())
