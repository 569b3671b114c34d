import numpy as np

from mtkd.datasets.transforms import RandomHFlip
from mtkd.structures import Sample

from ..toy import TOY_KINDS, toy_sample


def test_half_are_mirrored():
    sample, transform, flips = toy_sample(), RandomHFlip(), 0
    for seed in range(200):
        out = transform(sample, TOY_KINDS, np.random.default_rng(seed))
        expected = sample['image'][:, ::-1] if out['meta']['flip'] else sample['image']
        assert np.array_equal(out['image'], expected)
        flips += out['meta']['flip']
    assert 70 < flips < 130


def test_always_and_never():
    sample = toy_sample()
    for prob in (0.0, 1.0):
        out = RandomHFlip(prob)(sample, TOY_KINDS, np.random.default_rng(0))
        assert out['meta']['flip'] is bool(prob)
        assert np.array_equal(out['targets']['normals'][..., 0] == -sample['targets']['normals'][:, ::-1, 0],
                              np.ones((20, 30), bool)) is bool(prob)


def test_a_whole_batch_is_as_one_by_one():
    images = np.random.default_rng(0).integers(0, 256, (12, 5, 6, 3)).astype(np.uint8)
    flip = RandomHFlip()
    single = [flip(Sample(image=image.copy(), targets={}, meta={'flip': False}), {}, np.random.default_rng(i))
              for i, image in enumerate(images)]
    metas = [{'flip': False} for _ in images]
    whole = flip.whole(images.copy(), metas, [np.random.default_rng(i) for i in range(len(images))])
    assert np.array_equal(whole, np.stack([sample['image'] for sample in single]))
    flipped = [sample['meta']['flip'] for sample in single]
    assert [meta['flip'] for meta in metas] == flipped and 0 < sum(flipped) < 12
