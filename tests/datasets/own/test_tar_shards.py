"""Shards: parts, labels, file systems, workers, and resuming."""

import fsspec
import numpy as np
import pytest
from torch.utils.data import DataLoader

from mtkd.datasets import BadData, InfiniteBatchSampler, Manifest, MultiDataset, ShardSampler, collate
from mtkd.registry import DATASETS

from .rooms import COUNT, check_against_rooms, check_company, png
from .shards import parts_of, write_rooms, write_tar

RULES = {'semseg': {'part': 'seg.png'}, 'depth': {'part': 'depth.npy', 'scale': 0.001}, 'ignore': ['cls', 'json']}
TASKS = {'semseg': 'class_map', 'depth': 'depth'}
OTHERS = ['cls', 'seg.png', 'depth.npy']
SCENE = {'fields': {'scene': 'cls'}, 'label_maps': {'scene': {'kitchen': 0, 'office': 1}},
         'ignore': ['json', 'seg.png', 'depth.npy']}


@pytest.fixture
def root(tmp_path):
    write_rooms(tmp_path)
    return tmp_path


def build(root, shards='{split}-*.tar', **given):
    return DATASETS.build({'type': 'TarShards', 'data_root': str(root), 'shards': shards, 'index': str(root / 'index'),
                           **given})


def test_pictures_and_label_maps(root):
    data = build(root, tasks=TASKS, **RULES)
    check_against_rooms(data)
    assert data.shard_sizes == [3, 1, 4] and data.load(0)['meta']['sample_id'] == 'a/room0'


def test_labels_of_whole_pictures(root):
    data = build(root, tasks={'scene': 'class_label', 'age': 'scalar'}, **SCENE | {'ignore': ['seg.png', 'depth.npy']})
    data.full_init()
    assert data.known_labels()['scene'].tolist() == [0, 1, -1, 0, 1, -1, 0, 1]
    assert data.known_labels()['age'].tolist() == list(range(COUNT)) and data.load(1)['targets'] == {'scene': 1, 'age': 1.0}


def test_in_company(root, tmp_path):
    check_company(lambda **given: build(root, **SCENE, **given), tmp_path)


def test_other_file_systems(root):
    memory = fsspec.filesystem('memory')
    for path in root.glob('*.tar'):
        memory.pipe(f'/rooms/{path.name}', path.read_bytes())
    check_against_rooms(build(root, 'memory://rooms/{split}-*.tar', tasks=TASKS, **RULES))
    check_against_rooms(build(root, [f'filecache::file://{root}/train-{number}.tar' for number in range(3)], tasks=TASKS,
                              storage_options={'filecache': {'cache_storage': str(root / 'copies')}}, **RULES))
    assert any((root / 'copies').iterdir())


@pytest.mark.parametrize('start', ['fork'])
def test_workers_and_a_resume_give_the_same_batches(root, start):
    def batches(first, workers):
        data = build(root, tasks=TASKS, pipeline=[{'type': 'RandomCrop', 'size': [48, 64]}], **RULES)
        order = InfiniteBatchSampler(ShardSampler(data, seed=5, lanes=2), 2, rank=0, world_size=1, start=first)
        loader = iter(DataLoader(data, batch_sampler=order, num_workers=workers, collate_fn=collate,
                                 multiprocessing_context=start if workers else None))
        return [next(loader) for _ in range(6 - first)]

    alone, resumed = batches(0, 0), batches(3, 1)
    for one, other in zip(alone[3:], resumed, strict=True):
        assert one['meta'] == other['meta']
        np.testing.assert_array_equal(one['image'].numpy(), other['image'].numpy())
        np.testing.assert_array_equal(one['targets']['depth'].numpy(), other['targets']['depth'].numpy())


@pytest.mark.parametrize(('files', 'given', 'said'), [
    ([('a.cls', b'0')], SCENE, "the sample 'a' has no image .*: complete or remove it"),
    ([('a.png', parts_of(0)['png']), ('a.seg', b'')], SCENE, "has parts '.seg', which nothing reads .* or name it in "
                                                             'ignore'),
    ([('a/room0.png', parts_of(0)['png'])], SCENE, "train-0.tar and .*train-x.tar hold samples with one key, 'a/room0'"),
    ([('a.png', b''), ('a.cls', b'\xff')], SCENE, "the part 'cls' of 'a' is no text"),
    ([('a.png', b''), ('a.json', b'[')], {'ignore': OTHERS}, "the part 'json' of 'a' is no JSON "
                                                                                      'object'),
    ([('a.png', b''), ('a.json', b'{"scene": []}')], {'ignore': OTHERS}, "has a list as 'scene'")])
def test_what_is_wrong_is_said(root, files, given, said):
    write_tar(root / 'train-x.tar', files)
    with pytest.raises(BadData, match=said):
        build(root, tasks={'scene': 'class_label'}, **given).full_init()


def test_a_shard_that_breaks_off_is_told_from_one_that_changed(root):
    whole = (root / 'train-2.tar').read_bytes()
    data = build(root, tasks=TASKS, **RULES)
    data.full_init()
    (root / 'train-2.tar').write_bytes(whole[:2000])
    with pytest.raises(BadData, match=r"train-2\.tar breaks off in the sample 'a/room6': it has changed since"):
        data.load(6)
    with pytest.raises(BadData, match=r"train-2\.tar breaks off after the sample '(a/room4)?'"):
        build(root, tasks=TASKS, **RULES).full_init()
    (root / 'train-2.tar').unlink()
    with pytest.raises(BadData, match='cannot be read any more'):
        data.load(5)


def test_broken_content_is_named_by_its_shard(root):
    image, classes = parts_of(0)['png'], np.full((72, 104), 9, np.uint8)
    for number, (content, said) in enumerate([(png(classes), 'is no semseg label: it holds class 9'),
                                              (b'text', 'is not a readable image (its content is of no known')]):
        write_tar(root / f'bad{number}-0.tar', [('x.png', image), ('x.seg.png', content)])
        data = build(root, split=f'bad{number}', tasks={'semseg': 'class_map'}, num_classes={'semseg': 3},
                     semseg={'part': 'seg.png'})
        with pytest.raises(BadData) as error:
            data.full_init()
        assert f"bad{number}-0.tar, sample 'x', part seg.png {said}" in str(error.value)


def test_a_label_map_without_any_part(root):
    write_tar(root / 'x-0.tar', [('x.png', parts_of(0)['png']), ('x.seg.png', parts_of(0)['seg.png'])])
    with pytest.raises(BadData, match=r"no sample has a part 'depth\.npy', the label map of depth: correct depth=dict"):
        build(root, split='x', tasks=TASKS, **RULES).full_init()


def test_addresses_that_lead_nowhere(root):
    for shards, said in (('val-*.tar', 'no shard matches'), ('x.tar', 'cannot be reached'), ('x.parquet', 'is no .tar '
                                                                                                          'shard'),
                         ('nonsense://x.tar', 'on no file system')):
        with pytest.raises(BadData, match=said):
            build(root, shards, tasks=TASKS, **RULES).full_init()


def test_two_adapters_for_one_file(root):
    one, two = build(root, tasks=TASKS, name='one', **RULES), Manifest(TASKS, root, depth='d', name='two')
    one.full_init()
    two.sources, two._entries = one.sources[:1], []
    with pytest.raises(ValueError, match=r"train-0\.tar is read by two adapters, TarShards \('one'\) and Manifest"):
        MultiDataset([one, two]).full_init()
