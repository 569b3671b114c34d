"""The selection of frames, and that augmentation is the same for all of them."""

import numpy as np
import pytest
import torch

from mtkd.datasets import BadData, ClipDataset
from mtkd.datasets.video.clips import segment_frames
from mtkd.structures import collate

CROP = [{'type': 'RandomCrop', 'size': (8, 8), 'max_share': 1.0}, {'type': 'RandomHFlip'}, {'type': 'PhotoMetricDistortion'}]


class Counted(ClipDataset):
    """Five clips of 40 frames; frame k has the grey value k, or, with ``texture``, a texture that is the same in all frames.
    """

    OFFERS = {'action': 'class_label'}
    NUM_CLASSES = {'action': 5}
    texture = False

    def load_data_list(self):
        return [{'sample_id': f's{i}', 'class': i, **({'span': (0.5, 0.75)} if i == 4 else {})} for i in range(5)]

    def read_frames(self, entry, choose):
        numbers = choose(40)
        if self.texture:
            picture = np.random.default_rng(entry['class']).integers(0, 256, (12, 16, 3)).astype(np.uint8)
            return np.stack([picture] * len(numbers))
        return np.stack([np.full((12, 16, 3), number, np.uint8) for number in numbers])


class Textured(Counted):
    texture = True


def shown(sample):
    return sample['image'][:, 0, 0, 0].tolist()


def test_one_frame_of_each_segment():
    assert segment_frames(40, 4).tolist() == [5, 15, 25, 35]
    assert segment_frames(3, 6).tolist() == [0, 0, 1, 1, 2, 2], 'a short video repeats frames'
    assert segment_frames(1, 3).tolist() == [0, 0, 0]
    drawn = np.stack([segment_frames(40, 4, np.random.default_rng(seed)) for seed in range(300)])
    assert ((drawn // 10) == np.arange(4)).all(), 'each frame stays in its segment'
    assert all(set(drawn[:, k] % 10) == set(range(10)) for k in range(4)), 'and reaches all of the segment'


def test_tests_take_the_centres_and_training_draws():
    test, train = (Counted(split=split, frames=4, seed=3) for split in ('val', 'train'))
    assert shown(test.augmented(0)) == shown(test.augmented(0, 7)) == [5, 15, 25, 35]
    draws = [shown(train.augmented(0, draw)) for draw in range(4)]
    assert len({tuple(draw) for draw in draws}) == 4
    assert draws == [shown(Counted(frames=4, seed=3).augmented(0, draw)) for draw in range(4)], 'only seed, draw and index'
    assert shown(train.augmented(1, 0)) != draws[0] and shown(Counted(frames=4, seed=4).augmented(0)) != draws[0]
    assert shown(train.load(0)) == [5, 15, 25, 35]
    assert shown(Counted(frames=4, sampling='centre').augmented(0, 3)) == [5, 15, 25, 35]
    viewed = Counted(frames=4, seed=3, views=2)
    assert [shown(viewed.augmented(0, draw)) for draw in range(4)] == [*draws[:2], *draws[:2]]


def test_a_span_is_all_that_is_seen():
    frames = shown(Counted(split='val', frames=5).augmented(4))
    assert frames == [21, 23, 25, 27, 29], '20 to 29 of 40'
    drawn = {number for draw in range(50) for number in shown(Counted(frames=5).augmented(4, draw))}
    assert drawn == set(range(20, 30))


def test_all_frames_are_augmented_alike():
    data = Textured(frames=3, seed=1, pipeline=CROP)
    seen = [data.augmented(2, draw) for draw in range(6)]
    for sample in seen:
        assert sample['image'].shape == (3, 8, 8, 3)
        assert (sample['image'] == sample['image'][:1]).all()
    assert len({sample['image'].tobytes() for sample in seen}) == 6
    assert {sample['meta']['flip'] for sample in seen} == {True, False}
    assert seen[0]['targets'] == {'action': 2}


def test_a_batch():
    data = Counted(split='val', frames=4)
    batch = collate([data[0], data[3]])
    assert batch['image'].shape == (2, 4, 3, 12, 16) and batch['image'].dtype == torch.uint8
    assert batch['targets']['action'].tolist() == [0, 3]
    assert batch['meta'][1]['sample_id'] == 's3' and batch['meta'][1]['original_size'] == (12, 16)


def test_mistakes_are_sentences():
    with pytest.raises(ValueError, match='frames=0; give 1 or more'):
        Counted(frames=0)
    with pytest.raises(ValueError, match="sampling='first' is unknown"):
        Counted(sampling='first')
    with pytest.raises(ValueError, match="a clip's frames change from draw to draw"):
        Counted(cache=True)
    spatial = type('Spatial', (Counted,), {'OFFERS': {'semseg': 'class_map'}})
    with pytest.raises(TypeError, match='clips have labels of the whole clip'):
        spatial()
    few = type('Few', (Counted,), {'read_frames': lambda self, entry, choose: np.zeros((2, 4, 4, 3), np.uint8)})
    with pytest.raises(BadData, match=r"sample 's0': a clip is \(8, H, W, 3\) uint8 RGB, this one is \(2, 4, 4, 3\)"):
        few()[0]
    with pytest.raises(BadData, match='holds class 3'):
        type('Fewer', (Counted,), {'NUM_CLASSES': {'action': 3}})(split='val')[3]
