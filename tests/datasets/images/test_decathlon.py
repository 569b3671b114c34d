import json

import numpy as np
import pytest

from mtkd.datasets import BadData, Decathlon
from mtkd.datasets.images.decathlon import NUM_CLASSES
from mtkd.datasets.synthetic.images import write_decathlon

FEW = {'num_classes': {'dtd': 3}}


def annotations(root, split='train'):
    return root / 'decathlon-1.0' / 'annotations' / f'dtd_{split}.json'


@pytest.mark.parametrize('layout', ['folder', 'coco'])
def test_both_releases(tmp_path, layout):
    write_decathlon(tmp_path, 0, 'dtd', 3, {'train': 7, 'val': 2}, layout, size=(72, 96))
    train, val = (Decathlon(data_root=tmp_path, split=split, name='dtd', layout=layout, size=(16, 24), **FEW)
                  for split in ('train', 'val'))
    assert (len(train), len(val)) == (7, 2) and train.images.shape == (7, 3, 16, 24)
    assert sorted(train.labels['dtd'].tolist()) == [0, 0, 0, 1, 1, 2, 2]
    assert train[0]['meta']['dataset'] == 'dtd'
    same = np.flatnonzero(train.labels['dtd'].numpy() == 0)
    between = [float((train.images[same[0]].float() - train.images[i].float()).abs().mean()) for i in range(7)]
    others = [i for i in range(7) if i not in same]
    assert max(between[i] for i in same) < min(between[i] for i in others), 'labels belong to their images'
    order = np.argsort([e['sample_id'].split('/')[-1] for e in train.entries])
    assert train.labels['dtd'][order].tolist() == [0, 1, 2, 0, 1, 2, 0], 'as written'


def test_both_releases_agree(tmp_path):
    found = []
    for layout in ('folder', 'coco'):
        write_decathlon(tmp_path, 0, 'dtd', 3, {'train': 6}, layout)
        data = Decathlon(data_root=tmp_path, name='dtd', layout=layout, **FEW)
        order = np.argsort([e['sample_id'].split('/')[-1] for e in data.entries])
        found.append((data.images[order], data.labels['dtd'][order]))
    assert all((a == b).all() for a, b in zip(*found, strict=True))


def test_pictures_beside_the_annotations_or_below_data(tmp_path):
    write_decathlon(tmp_path, 0, 'dtd', 3, {'train': 3}, 'coco')
    content = json.loads(annotations(tmp_path).read_text())
    for image in content['images']:
        image['file_name'] = image['file_name'].removeprefix('data/')
    del content['categories']
    annotations(tmp_path).write_text(json.dumps(content))
    data = Decathlon({'texture': 'class_label'}, tmp_path, name='dtd', layout='coco', task='texture',
                     num_classes={'texture': 3})
    assert data.labels['texture'].tolist() == [0, 1, 2] and data.metainfo['classes']['texture'] == ('1', '2', '3')


def test_the_ten_sets_know_their_classes():
    assert len(NUM_CLASSES) == 10
    assert Decathlon(name='omniglot').num_classes == {'omniglot': 1623}
    assert Decathlon(name='svhn', task='digit').num_classes == {'digit': 10}


@pytest.mark.parametrize(('arguments', 'words'), [
    ({'name': 'mnist'}, "no set 'mnist': use one of aircraft"), ({'name': 'dtd', 'layout': 'zip'}, "layout='zip'"),
    ({'name': 'dtd', 'split': 'test'}, "no labels of the split 'test'")])
def test_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        Decathlon(**arguments)


def test_broken_releases(tmp_path):
    with pytest.raises(BadData, match='decathlon-1.0-data/dtd/train is missing'):
        Decathlon(data_root=tmp_path, name='dtd').full_init()
    with pytest.raises(BadData, match=r'dtd_train.json is missing: .* decathlon-1.0'):
        Decathlon(data_root=tmp_path, name='dtd', layout='coco').full_init()
    write_decathlon(tmp_path, 0, 'dtd', 3, {'train': 3}, 'coco')

    def read(**changed):
        content = {**good, **changed}
        annotations(tmp_path).write_text(json.dumps(content))
        Decathlon(data_root=tmp_path, name='dtd', layout='coco', **FEW).full_init()

    good = json.loads(annotations(tmp_path).read_text())
    with pytest.raises(BadData, match='has 3 classes, the task .dtd. has 47'):
        Decathlon(data_root=tmp_path, name='dtd', layout='coco').full_init()
    with pytest.raises(BadData, match=r'the categories \[\], it must have one'):
        read(annotations=good['annotations'][1:])
    with pytest.raises(BadData, match=r'the categories \[9\]'):
        read(annotations=[{**a, 'category_id': 9 if a['id'] == 2 else a['category_id']} for a in good['annotations']])
    with pytest.raises(BadData, match='0 annotations'):
        read(annotations=[])
    annotations(tmp_path).write_text('{"images": [')
    with pytest.raises(BadData, match='no COCO annotations'):
        Decathlon(data_root=tmp_path, name='dtd', layout='coco').full_init()
    next((tmp_path / 'decathlon-1.0' / 'data' / 'dtd' / 'train').iterdir()).unlink()
    with pytest.raises(BadData, match='1 files are missing'):
        read()
