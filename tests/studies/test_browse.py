import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from mtkd.datasets import BadData, MultiDataset, SyntheticScenes
from mtkd.datasets.synthetic import write_camvid, write_nyud_mt
from mtkd.structures import KINDS
from mtkd.studies import browse as b
from mtkd.tasks import build_tasks

CONFIGS = Path(__file__).parents[2] / 'configs' / 'baselines'
SIZE = (32, 48)
TASKS = {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 15}, 'depth': {'type': 'Depth'},
         'human_parts': {'type': 'HumanParts'}, 'edge': {'type': 'Edge'}}
PIPELINE = [{'type': 'RandomScaling', 'low': 0.5, 'high': 0.8}, {'type': 'RandomHFlip'}, {'type': 'Pad', 'size': SIZE}]


@pytest.fixture(scope='module')
def tasks():
    return build_tasks(TASKS)


def scenes(tasks, name='scenes', num=6, pipeline=PIPELINE):
    return SyntheticScenes({task: part.kind for task, part in tasks.items()}, num_samples=num, size=SIZE, name=name,
                           pipeline=pipeline)


# Content of labels.


def test_class_facts_leave_out_padding_invalid_pixels_and_absent_labels():
    facts = b.LabelFacts(KINDS['class_map'], num_classes=9)
    target = torch.tensor([[255, 255, 255], [255, 0, 1], [255, 7, 255]], dtype=torch.uint8)
    inside = np.zeros((3, 3), bool)
    inside[1:, 1:] = True
    facts.add(target, True, inside)
    facts.add(torch.full((3, 3), 4, dtype=torch.uint8), present=False)
    assert (facts.samples, facts.present, facts.pixels, facts.valid) == (2, 1, 4, 3)
    assert facts.valid_share == 0.75 and facts.counts == {0: 1, 1: 1, 7: 1}
    assert str(facts) == '3 of 9 classes: 0-1 7'


def test_depth_facts_add_up_over_samples():
    facts = b.LabelFacts(KINDS['depth'])
    facts.add(torch.tensor([[[0.0, 2.0], [4.0, 0.0]]]), True)
    facts.add(torch.tensor([[[1.5, 0.0], [0.0, 0.0]]]), True)
    assert facts.valid_share == 3 / 8
    assert str(facts) == '1.500 to 4.000 m, mean 2.500 m'


def test_normal_facts_are_by_component():
    facts = b.LabelFacts(KINDS['normals'])
    target = torch.zeros(3, 1, 3)
    target[:, 0, 0], target[:, 0, 1] = torch.tensor([0.6, 0, -0.8]), torch.tensor([0, -1.0, 0])
    facts.add(target, True)
    assert facts.valid == 2
    assert str(facts) == 'x 0.00 to 0.60 (mean +0.30), y -1.00 to 0.00 (mean -0.50), z -0.80 to 0.00 (mean -0.40)'


def test_facts_of_whole_pictures_and_binary_maps():
    label, years, binary = (b.LabelFacts(KINDS[kind]) for kind in ('class_label', 'scalar', 'binary_map'))
    for value in (3, -1, 4):
        label.add(torch.tensor(value), True)
    for value in (30.0, math.nan, 41.0):
        years.add(torch.tensor(value), True)
    binary.add(torch.tensor([[1, 0, 0, 255, 0]], dtype=torch.uint8), True)
    assert str(label) == '2 classes: 3-4' and label.valid_share == pytest.approx(2 / 3)
    assert str(years) == '30 to 41, mean 35.5'
    assert str(binary) == '1 on 25.00%'


def test_nothing_valid_is_said():
    facts = b.LabelFacts(KINDS['depth'])
    facts.add(torch.zeros(1, 2, 2), True)
    assert str(facts) == 'no value' and facts.valid_share == 0


def test_every_kind_has_a_range():
    assert set(b.RANGES) == set(KINDS)


# Selection of samples.


def test_choice_is_seeded_and_takes_no_sample_twice(tasks):
    dataset = scenes(tasks, num=20)
    keys = b.choose(dataset, 8, seed=3)
    assert keys == b.choose(dataset, 8, seed=3) != b.choose(dataset, 8, seed=4)
    assert len(set(keys)) == 8 and all(0 <= index < 20 for (index,) in keys)
    assert len(b.choose(dataset, 99, seed=0)) == 20


def test_the_sets_of_a_union_take_turns(tasks):
    union = MultiDataset([scenes(tasks, 'large', 9), scenes(tasks, 'small', 2)])
    assert [number for number, _ in b.choose(union, 6, seed=0)] == [0, 1, 0, 1, 0, 0]


# Images.


def read(path):
    return cv2.imread(str(path))[..., ::-1]


def test_panel_holds_the_picture_and_each_label_as_drawn(tasks, tmp_path):
    dataset = scenes(tasks)
    dataset.adopt_seed(1)
    seen = b.browse(tasks, dataset, tmp_path, stem='train', num=1, seed=2)
    assert [path.name for path in seen.panels] == ['train_00.png']
    page = read(seen.panels[0])
    sample = dataset[(*b.choose(dataset, 1, 2)[0], 0)]
    zoom, top, left = 5, 2 * b.LINE, b.MARGIN  # 48 pixels are enlarged to 240
    for drawn in (sample['image'], *(task.draw(sample['targets'][name][None])[0] for name, task in tasks.items())):
        shown = page[top:top + SIZE[0] * zoom:zoom, left:left + SIZE[1] * zoom:zoom]
        np.testing.assert_array_equal(shown[4:], drawn.permute(1, 2, 0).numpy()[4:])  # 'absent' may be written above
        left += SIZE[1] * zoom + b.MARGIN
    padding = np.ones(SIZE, bool)
    first, start, height, width = sample['meta']['crop']
    padding[first:first + height, start:start + width] = False
    semseg = page[top:, b.MARGIN * 2 + SIZE[1] * zoom:][:SIZE[0] * zoom:zoom, :SIZE[1] * zoom:zoom]
    assert padding.any() and (semseg[padding] == 0).all() and (semseg[~padding] != 0).any()


def test_absent_labels_are_black_and_say_so(tasks):
    dataset = scenes(tasks, num=30, pipeline=[])
    index = next(i for i in range(30) if not dataset[i]['present']['human_parts'])
    shown = dict(zip(['picture', *tasks], b.cells(dataset[index], tasks), strict=True))
    assert (shown['human_parts'][b.LINE + 8:] == 0).all()
    assert (shown['human_parts'][:b.LINE] > 200).any()


def test_overlay_blends_label_and_picture(tasks):
    sample = scenes(tasks, pipeline=[])[0]
    plain, mixed = b.cells(sample, tasks), b.cells(sample, tasks, overlay=True)
    np.testing.assert_array_equal(plain[0], mixed[0])
    expected = (plain[0].astype(int) + plain[1]) / 2
    assert np.abs(mixed[1] - expected).max() <= 0.5


def test_labels_larger_than_the_picture_set_the_size(tasks):
    pipeline = [{'type': 'Resize', 'size': (16, 24), 'labels': False}]
    shown = b.cells(scenes(tasks, pipeline=pipeline)[0], tasks)
    assert {cell.shape for cell in shown} == {(160, 240, 3)}


def test_draws_differ_and_repeat(tasks, tmp_path):
    pages = [read(b.browse(tasks, scenes(tasks), tmp_path / str(k), num=1, draws=2).panels[0]) for k in range(2)]
    np.testing.assert_array_equal(*pages)
    height = SIZE[0] * 5
    first, second = (pages[0][top:top + height, :, :] for top in (2 * b.LINE, 3 * b.LINE + b.MARGIN + height))
    assert (first != second).any()


def test_flipped_and_original_labels_mirror_each_other(tasks):
    shown = [b.cells(scenes(tasks, pipeline=[{'type': 'RandomHFlip', 'prob': prob}])[1], tasks) for prob in (0, 1)]
    for name, (plain, mirrored) in zip(['picture', *tasks], zip(*shown, strict=True), strict=True):
        if name != 'human_parts':  # may contain a word
            np.testing.assert_array_equal(plain[:, ::-1], mirrored)


def test_pages_hold_what_fits():
    rows = [(str(k), [np.zeros((500, 4, 3), np.uint8)]) for k in range(5)]
    assert [[text for text, _ in page] for page in b.pages(rows)] == [['0', '1', '2'], ['3', '4']]
    high = [('a', [np.zeros((9000, 4, 3), np.uint8)])] * 2
    assert [len(page) for page in b.pages(high)] == [1, 1]


def test_rows_of_different_sizes_share_a_page():
    red, blue = np.zeros((20, 90, 3), np.uint8), np.zeros((60, 30, 3), np.uint8)
    red[..., 0] = blue[..., 2] = 200
    page = b.layout(['picture', 'x'], [('wide', [red] * 2), ('high', [blue] * 2)])
    assert [(page == cell[0, 0]).all(2).sum() for cell in (red, blue)] == [2 * 20 * 90, 2 * 60 * 30]


def test_caption_says_what_was_done():
    meta = {'dataset': 'NYUDMT', 'sample_id': '0141', 'original_size': (228, 308), 'crop': (1, 2, 30, 40), 'flip': True}
    assert b.caption(meta, 2) == ("NYUDMT '0141', draw 2, read at 228x308, mirrored, image at top 1, left 2, 30x40")


def test_report_has_a_line_a_task(tasks, tmp_path):
    lines = b.report(b.browse(tasks, scenes(tasks, num=3), tmp_path, num=3)).splitlines()
    assert [line.split()[0] for line in lines] == ['task', *tasks]
    assert lines[1].split()[1:3] == ['3/3', '100.0%'] and lines[2].endswith(' m')


def test_a_file_for_a_folder_is_refused(tasks, tmp_path):
    (tmp_path / 'x').touch()
    with pytest.raises(ValueError, match='is a file'):
        b.browse(tasks, scenes(tasks), tmp_path / 'x')


# Configs.


@pytest.mark.parametrize('config', ['mt_hrnet18_nyud', 'mt_hrnet18_pascal',
                                    '../kdam/mobilenetv3_from_resnet34_nyud114'])
@pytest.mark.parametrize('split', b.SPLITS)
def test_smoke_needs_no_data_no_model_and_no_teacher(config, split, tmp_path, monkeypatch):
    monkeypatch.setattr('mtkd.models.model.build_net', None)
    tasks, dataset = b.open_split(CONFIGS / f'{config}.py', split, smoke=True)
    seen = b.browse(tasks, dataset, tmp_path, num=1)
    assert seen.name == 'SyntheticScenes' and set(seen.facts) == set(tasks) and seen.facts['semseg'].present == 1


def test_real_layout_reads_only_what_is_drawn(tmp_path, monkeypatch):
    write_nyud_mt(tmp_path / 'NYUD_MT', 0, {'train': 5, 'val': 2}, size=SIZE)
    tasks, dataset = b.open_split(CONFIGS / 'mt_mobilenetv3_nyud114.py', data_root=tmp_path)  # preloads in training
    read = dataset.read
    decoded = []
    monkeypatch.setattr(dataset, 'read', lambda entry: decoded.append(entry) or read(entry))
    seen = b.browse(tasks, dataset, tmp_path / 'out', num=2)
    assert len(decoded) == 2 and seen.size == 5
    assert all(fact.present == 2 for fact in seen.facts.values())
    assert len(b.open_split(CONFIGS / 'mt_mobilenetv3_nyud114.py', 'val', data_root=tmp_path)[1]) == 2


def test_unlabelled_pixels_show_in_the_share(tmp_path):
    write_camvid(tmp_path / 'camvid', 0, {'train': 4}, size=SIZE)
    tasks, dataset = b.open_split(CONFIGS / 'mt_hrnet18_camvid.py', data_root=tmp_path)
    dataset.pipeline = []
    seen = b.browse(tasks, dataset, tmp_path / 'out', num=4)
    labels = [cv2.imread(str(path), 0) for path in (tmp_path / 'camvid' / 'trainannot').iterdir()]
    assert seen.facts['semseg'].valid_share == pytest.approx(1 - np.mean([label == 11 for label in labels]))


def test_augmentation_follows_the_seed(tmp_path):
    first, again, other = (b.open_split(CONFIGS / 'mt_hrnet18_nyud.py', smoke=True, seed=seed)[1][0]['image']
                           for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_missing_data_and_loaders_are_named(tmp_path):
    with pytest.raises(BadData, match='camvid'):
        b.open_split(CONFIGS / 'mt_hrnet18_camvid.py', data_root=tmp_path)
    config = tmp_path / 'no_test.py'
    config.write_text("tasks = dict(depth=dict(type='Depth'))\n"
                      "model = dict(net=dict(backbone=dict(type='TimmBackbone', name='resnet10t')))\n")
    with pytest.raises(ValueError, match='has no test_dataloader: choose another --split'):
        b.open_split(config, 'test')
