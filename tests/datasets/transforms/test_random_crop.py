import numpy as np

from mtkd.datasets.transforms import RandomCrop
from mtkd.datasets.transforms.geometry import size_of

from ..toy import TOY_KINDS, toy_sample


def test_all_arrays_are_cut_alike():
    sample = toy_sample(40, 50)
    rows, columns = np.mgrid[:40, :50]
    sample['image'][..., 0], sample['image'][..., 1] = rows, columns
    sample['targets']['depth'] = (rows * 100 + columns).astype(np.float32)
    places = set()
    for seed in range(50):
        crop = RandomCrop((10, 20))(sample, TOY_KINDS, np.random.default_rng(seed))
        assert size_of(crop) == (10, 20)
        assert np.array_equal(crop['image'][..., 0] * 100.0 + crop['image'][..., 1], crop['targets']['depth'])
        places.add((int(crop['image'][0, 0, 0]), int(crop['image'][0, 0, 1])))
    assert len(places) > 40 and max(p[0] for p in places) <= 30 and max(p[1] for p in places) <= 30


def test_a_window_filled_by_one_class_is_drawn_again():
    sample = toy_sample(40, 200)
    sample['targets']['semseg'][:] = 1
    sample['targets']['semseg'][:, 180:] = 2  # only a window across column 180 has enough of both

    def share_of_mixed(transform):
        mixed = 0
        for seed in range(200):
            labels = transform(sample, TOY_KINDS, np.random.default_rng(seed))['targets']['semseg']
            mixed += np.bincount(labels.ravel()).max() < 0.75 * labels.size
        return mixed / 200

    once, ten = share_of_mixed(RandomCrop((40, 40), tries=1)), share_of_mixed(RandomCrop((40, 40)))
    assert 0.02 < once < 0.2 and ten > 4 * once


def test_rule():
    crop, labels = RandomCrop((4, 4)), np.zeros((4, 4), np.uint8)
    assert not crop.is_mixed(labels, (0, 0, 4, 4))
    labels[0] = 1
    assert not crop.is_mixed(labels, (0, 0, 4, 4))  # exactly three quarters
    labels[3] = 255
    assert crop.is_mixed(labels, (0, 0, 4, 4))  # 8 of the 12 labelled
    assert not crop.is_mixed(labels, (1, 0, 3, 4))
    assert not crop.is_mixed(np.full((4, 4), 255, np.uint8), (0, 0, 4, 4))


def test_smaller_pictures_and_no_labels():
    crop = RandomCrop((30, 20))(toy_sample(20, 30), TOY_KINDS, np.random.default_rng(0))
    assert size_of(crop) == (20, 20)
    sample = toy_sample(20, 30)
    sample['targets']['semseg'] = None
    assert size_of(RandomCrop((8, 8))(sample, TOY_KINDS, np.random.default_rng(0))) == (8, 8)


def test_needs_labels_only_for_the_rule():
    assert RandomCrop((4, 4)).needs == ('semseg',) and RandomCrop((4, 4), max_share=1).needs == ()
    assert RandomCrop((4, 4), by='human_parts').needs == ('human_parts',)
