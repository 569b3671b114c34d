import numpy as np
import pytest
import torch

from mtkd.structures import KINDS, as_picture, collate, interleave, pack

KIND_OF = {'semseg': KINDS['class_map'], 'depth': KINDS['depth'], 'normals': KINDS['normals'],
           'shape': KINDS['class_label'], 'age': KINDS['scalar']}


def sample(size=(4, 6), index=0, **targets):
    image = np.arange(size[0] * size[1] * 3, dtype=np.uint8).reshape(*size, 3)
    return {'image': image, 'targets': targets, 'meta': {'dataset': 'toy', 'index': index}}


def test_a_sample_without_labels_has_every_task_empty():
    packed = pack(sample(), KIND_OF)
    assert list(packed['targets']) == list(packed['present']) == list(KIND_OF)
    assert not any(packed['present'].values())
    for task, kind in KIND_OF.items():
        assert not kind.valid(packed['targets'][task][None]).any()
    assert packed['teacher'] == {}


def test_a_label_of_none_is_absent():
    packed = pack(sample(depth=None, shape=3), KIND_OF)
    assert packed['present'] == {'semseg': False, 'depth': False, 'normals': False, 'shape': True, 'age': False}
    assert packed['targets']['shape'] == 3


def test_a_task_that_is_not_asked_for_is_left_out():
    assert list(pack(sample(edge=np.zeros((4, 6), np.uint8)), {'depth': KINDS['depth']})['targets']) == ['depth']


def test_the_picture_becomes_channels_first_and_is_copied():
    given = sample()
    packed = pack(given, {})
    assert packed['image'].shape == (3, 4, 6) and packed['image'].dtype == torch.uint8
    assert torch.equal(packed['image'][1], torch.from_numpy(given['image'][..., 1]))
    given['image'][:] = 0
    assert packed['image'].any()


def test_collate_stacks_present_and_absent_labels():
    first = pack(sample(semseg=np.full((4, 6), 7, np.uint8), age=31.5, index=0), KIND_OF)
    second = pack(sample(depth=np.full((4, 6), 2, np.float32), shape=0, index=1), KIND_OF)  # class 0 is a label
    batch = collate([first, second])
    assert {task: (tuple(t.shape), t.dtype) for task, t in batch['targets'].items()} == {
        'semseg': ((2, 4, 6), torch.uint8), 'depth': ((2, 1, 4, 6), torch.float32),
        'normals': ((2, 3, 4, 6), torch.float32), 'shape': ((2,), torch.int64), 'age': ((2,), torch.float32)}
    assert {task: here.tolist() for task, here in batch['present'].items()} == {
        'semseg': [True, False], 'depth': [False, True], 'normals': [False, False], 'shape': [False, True],
        'age': [True, False]}
    assert all(here.dtype == torch.bool for here in batch['present'].values())
    assert batch['image'].shape == (2, 3, 4, 6) and batch['image'].dtype == torch.uint8
    assert [meta['index'] for meta in batch['meta']] == [0, 1]
    for task, kind in KIND_OF.items():
        valid = kind.valid(batch['targets'][task]).reshape(2, -1)
        assert torch.equal(valid.all(1), batch['present'][task])
        assert torch.equal(valid.any(1), batch['present'][task])


def test_cached_teacher_taps_are_stacked():
    samples = []
    for i in range(3):
        samples.append(pack({**sample(index=i), 'teacher': {'big': {'depth.out': np.full((1, 2, 2), i, np.float32)}}}, {}))
    taps = collate(samples)['teacher']['big']
    assert taps['depth.out'].shape == (3, 1, 2, 2)
    assert taps['depth.out'][:, 0, 0, 0].tolist() == [0, 1, 2]


def test_pictures_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match=r'differ in size .*data set toy.*crop, pad or resize'):
        collate([pack(sample(), {}), pack(sample((4, 8)), {})])


def test_labels_of_different_sizes_cannot_share_a_batch():
    kinds = {'semseg': KIND_OF['semseg']}
    small, large = (pack(sample(semseg=np.zeros(size, np.uint8)), kinds) for size in ((4, 6), (8, 12)))
    with pytest.raises(ValueError, match="the 'semseg' labels of one batch differ in size"):
        collate([small, large])


def test_a_batch_that_was_served_whole_stays_as_it_is():
    batch = collate([pack(sample(shape=1), KIND_OF)])
    assert collate(batch) is batch


def batches():
    taps = [{**pack(sample(shape=i, index=i), KIND_OF), 'teacher': {'big': {'x': torch.full((2,), i)}}} for i in range(5)]
    return taps, collate(taps[:2]), collate(taps[2:])


def test_parts_of_a_batch_are_interleaved():
    samples, first, second = batches()
    mixed = interleave([first, second], [[3, 1], [0, 4, 2]])
    whole = collate([samples[i] for i in (2, 1, 4, 0, 3)])
    assert list(mixed) == list(whole) and mixed['meta'] == whole['meta']
    assert torch.equal(mixed['image'], whole['image'])
    assert mixed['targets']['shape'].tolist() == [2, 1, 4, 0, 3] == mixed['teacher']['big']['x'][:, 0].tolist()
    for task in KIND_OF:
        assert torch.equal(mixed['present'][task], whole['present'][task])
        assert mixed['targets'][task].dtype == whole['targets'][task].dtype


def test_parts_of_two_sizes_are_refused():
    kinds = {'semseg': KIND_OF['semseg']}
    small, large = (collate([pack(sample(size, semseg=None), kinds)]) for size in ((4, 6), (8, 12)))
    with pytest.raises(ValueError, match='the images of one batch differ in size'):
        interleave([small, large], [[0], [1]])
    with pytest.raises(ValueError, match="the 'semseg' labels of one batch differ in size"):
        interleave([small, {**large, 'image': small['image']}], [[0], [1]])


def test_a_clip_is_packed_frame_by_frame_and_shown_as_a_strip():
    frames = [sample(index=k)['image'] + k for k in range(3)]
    packed = pack({**sample(shape=2), 'image': np.stack(frames)}, KIND_OF)
    assert packed['image'].shape == (3, 3, 4, 6) and packed['targets']['depth'].shape == (1, 4, 6)
    for frame, given in zip(packed['image'], frames, strict=True):
        assert torch.equal(frame, torch.from_numpy(given).permute(2, 0, 1))
    assert collate([packed, packed])['image'].shape == (2, 3, 3, 4, 6)
    strip = as_picture(packed['image'])
    assert strip.shape == (3, 4, 18) and torch.equal(strip[..., 6:12], packed['image'][1])
    assert as_picture(strip) is strip
