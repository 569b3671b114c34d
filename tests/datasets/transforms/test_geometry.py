import numpy as np
import pytest

from mtkd.datasets.transforms.geometry import PAD_COLOUR, content_of, hflip, pad, resize, size_of, window

from ..toy import TOY_KINDS, toy_sample

MOVES = {
    'resize': lambda s: resize(s, TOY_KINDS, (33, 47), 1.6),
    'window': lambda s: window(s, TOY_KINDS, (3, 4, 10, 12)),
    'pad': lambda s: pad(s, TOY_KINDS, (25, 40)),
    'hflip': lambda s: hflip(s, TOY_KINDS),
}


def copy_of(sample):
    return {**sample, 'image': sample['image'].copy(), 'targets': {t: np.copy(v) for t, v in sample['targets'].items()},
            'meta': dict(sample['meta'])}


@pytest.mark.parametrize('name', MOVES)
def test_labels_follow_and_the_given_sample_stays(name):
    sample = toy_sample()
    before = copy_of(sample)
    moved = MOVES[name](sample)
    size = size_of(moved)
    assert moved['image'].dtype == np.uint8 and moved['image'].shape == (*size, 3)
    for task, kind in TOY_KINDS.items():
        assert kind.check(moved['targets'][task], size) is None
        assert np.array_equal(sample['targets'][task], before['targets'][task])
    assert moved['targets']['scene'] == 2
    assert np.array_equal(sample['image'], before['image']) and sample['meta'] == before['meta']


@pytest.mark.parametrize('name', MOVES)
def test_absent_labels_stay_absent(name):
    sample = toy_sample()
    sample['targets'] = dict.fromkeys(sample['targets'])
    assert set(MOVES[name](sample)['targets'].values()) == {None}


def test_resize_divides_depth_and_keeps_normals_unit():
    sample = toy_sample()
    big = resize(sample, TOY_KINDS, (40, 60), 2.0)['targets']
    assert np.array_equal(big['depth'], sample['targets']['depth'].repeat(2, 0).repeat(2, 1) / 2)
    assert np.array_equal(big['semseg'], sample['targets']['semseg'].repeat(2, 0).repeat(2, 1))
    assert np.array_equal(big['normals'], sample['targets']['normals'].repeat(2, 0).repeat(2, 1))


def test_hflip_negates_x_and_twice_is_nothing():
    sample = toy_sample()
    once = hflip(sample, TOY_KINDS)
    assert np.array_equal(once['targets']['normals'], sample['targets']['normals'][:, ::-1] * [-1, 1, 1])
    assert np.array_equal(once['targets']['semseg'], sample['targets']['semseg'][:, ::-1])
    assert once['meta']['flip'] is True
    twice = hflip(once, TOY_KINDS)
    assert np.array_equal(twice['image'], sample['image']) and twice['meta']['flip'] is False
    assert all(np.array_equal(twice['targets'][t], sample['targets'][t]) for t in TOY_KINDS)


def test_pad_is_centred_and_invalid():
    sample = toy_sample(20, 30)
    padded = pad(sample, TOY_KINDS, (25, 40))
    assert padded['meta']['crop'] == (2, 5, 20, 30)
    inside = np.s_[2:22, 5:35]
    outside = np.ones((25, 40), bool)
    outside[inside] = False
    assert (padded['image'][outside] == PAD_COLOUR).all() and np.array_equal(padded['image'][inside], sample['image'])
    for task, marker in (('semseg', 255), ('sal', 255), ('depth', 0), ('normals', 0)):
        assert (padded['targets'][task][outside] == marker).all()
        assert np.array_equal(padded['targets'][task][inside], sample['targets'][task])


def test_pad_colour_is_0_after_normalisation():
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    assert (abs((np.array(PAD_COLOUR) / 255 - mean) / std) < 0.01).all()


def test_crop_follows_every_move():
    """A white image in coloured padding: the crop must contain exactly the white part after any sequence of transforms."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        sample = toy_sample(20, 30)
        sample['image'][:] = 255
        sample = pad(sample, TOY_KINDS, (20 + int(rng.integers(20)), 30 + int(rng.integers(20))))
        height, width = size_of(sample)
        top, left = int(rng.integers(height - 14)), int(rng.integers(width - 14))
        sample = window(sample, TOY_KINDS, (top, left, 14, 14))
        if rng.random() < 0.5:
            sample = hflip(sample, TOY_KINDS)
        sample = resize(sample, TOY_KINDS, (28, 42))
        top, left, height, width = content_of(sample)
        white = (sample['image'] == 255).all(-1)
        framed = np.zeros_like(white)
        framed[top:top + height, left:left + width] = True
        assert (white <= framed).all()
        assert (framed & ~white).sum() <= 2 * (28 + 42)  # the bilinear seam only


def test_window_inside_the_padding_has_no_content():
    sample = pad(toy_sample(20, 30), TOY_KINDS, (60, 30))
    assert content_of(window(sample, TOY_KINDS, (0, 0, 10, 10)))[2] == 0


def test_all_content_is_said_by_none():
    sample = pad(toy_sample(20, 30), TOY_KINDS, (40, 30))
    assert window(sample, TOY_KINDS, (10, 0, 20, 30))['meta']['crop'] is None
