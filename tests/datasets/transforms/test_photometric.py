import numpy as np

from mtkd.datasets.transforms import PhotoMetricDistortion

from ..toy import TOY_KINDS, toy_sample


def changed(sample=None, seed=0, **ranges):
    still = {'brightness': 0, 'contrast': (1, 1), 'saturation': (1, 1), 'hue': 0, 'prob': 1.0}
    sample = sample or toy_sample()
    return PhotoMetricDistortion(**{**still, **ranges})(sample, TOY_KINDS, np.random.default_rng(seed))


def grey(level):
    sample = toy_sample()
    sample['image'][:] = level
    return sample


def test_labels_and_the_given_picture_stay():
    sample = toy_sample()
    before = sample['image'].copy()
    out = PhotoMetricDistortion(prob=1)(sample, TOY_KINDS, np.random.default_rng(0))
    assert not np.array_equal(out['image'], before) and np.array_equal(sample['image'], before)
    assert all(out['targets'][t] is sample['targets'][t] for t in TOY_KINDS)


def test_brightness_adds_and_clips():
    levels = [int(changed(grey(100), seed, brightness=32)['image'][0, 0, 0]) for seed in range(200)]
    assert 68 <= min(levels) < 75 and 125 < max(levels) <= 132
    assert max(changed(grey(250), seed, brightness=32)['image'].max() for seed in range(50)) == 255
    assert min(changed(grey(5), seed, brightness=32)['image'].min() for seed in range(50)) == 0


def test_contrast_multiplies():
    levels = [int(changed(grey(100), seed, contrast=(0.5, 1.5))['image'][0, 0, 0]) for seed in range(200)]
    assert 50 <= min(levels) < 55 and 145 < max(levels) <= 150


def test_hue_turns_red_and_leaves_grey():
    red = grey(0)
    red['image'][..., 0] = 200
    turned = [changed(red, seed, hue=18)['image'][0, 0] for seed in range(40)]
    assert all(pixel.max() == 200 and pixel[0] == 200 for pixel in turned)  # within 36 degrees of red
    assert max(pixel[1] for pixel in turned) > 90 and max(pixel[2] for pixel in turned) > 90
    assert np.array_equal(changed(grey(90), 1, hue=18)['image'], grey(90)['image'])


def test_saturation_moves_towards_grey():
    red = grey(100)
    red['image'][..., 0] = 200
    pixels = [changed(red, seed, saturation=(0.5, 1.5))['image'][0, 0].astype(int) for seed in range(100)]
    spread = [p[0] - p[1] for p in pixels]
    assert all(p[0] == 200 for p in pixels) and 48 <= min(spread) < 60 and 140 < max(spread) <= 152


def test_probability():
    sample = grey(100)
    same = sum(np.array_equal(changed(sample, seed, brightness=32, prob=0.5)['image'], sample['image'])
               for seed in range(300))
    assert 110 < same < 190
    assert np.array_equal(changed(toy_sample(), 0, brightness=32, hue=18, prob=0.0)['image'], toy_sample()['image'])


def test_contrast_comes_before_or_after_hsv():
    """Contrast after saturation clips values that contrast before it would not."""
    red = grey(40)
    red['image'][..., 0] = 220
    outcomes = {tuple(changed(red, seed, contrast=(1.5, 1.5), saturation=(0.5, 0.5))['image'][0, 0])
                for seed in range(20)}
    assert len(outcomes) == 2
