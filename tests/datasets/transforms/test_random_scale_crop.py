import numpy as np
import pytest

from mtkd.datasets.transforms import RandomScaleCrop
from tests.datasets.toy import TOY_KINDS, toy_sample


def run(seed=0, **kwargs):
    sample = toy_sample(30, 45)
    return sample, RandomScaleCrop(**kwargs)(sample, TOY_KINDS, np.random.default_rng(seed))


def test_size_stays_and_depth_is_divided():
    sample, out = run(scales=(1.5,))
    assert out['image'].shape == (30, 45, 3)
    depth = out['targets']['depth']
    assert set(np.unique(depth)) <= set(np.unique(sample['targets']['depth'] / np.float32(1.5)))
    assert len(np.unique(depth)) == 20 * 30, 'two thirds of each side are visible'
    assert set(np.unique(out['targets']['semseg'])) <= set(np.unique(sample['targets']['semseg']))
    assert out['targets']['scene'] == sample['targets']['scene']


def test_pictures_and_labels_stay_aligned():
    """In a map of column numbers, the columns of image and depth agree up to the nearest pixel."""
    sample = toy_sample(30, 45)
    columns = np.broadcast_to(np.arange(45), (30, 45))
    sample['image'] = np.repeat(columns[..., None] * 5, 3, 2).astype(np.uint8)
    sample['targets']['depth'] = columns.astype(np.float32) + 1
    out = RandomScaleCrop((1.5,))(sample, TOY_KINDS, np.random.default_rng(3))
    assert np.abs(out['image'][..., 0] / 5 - (out['targets']['depth'] * 1.5 - 1)).max() <= 1


def test_normals_are_blended():
    _, made_unit = run(scales=(1.5,))
    _, blended = run(scales=(1.5,), renormalise=False)
    length = np.linalg.norm(made_unit['targets']['normals'], axis=-1)
    assert np.allclose(length[length > 0], 1, atol=1e-5)
    assert np.linalg.norm(blended['targets']['normals'], axis=-1).min() < 0.9


def test_scale_one_changes_nothing_and_all_scales_come():
    sample, out = run(scales=(1,))
    assert out is sample
    zooms = {run(seed)[1]['targets']['depth'].max() for seed in range(30)}
    assert len(zooms) >= 3, '1, 1.2 and 1.5 are all sampled'


def test_the_sample_given_is_left_alone():
    sample, out = run(scales=(1.2,))
    fresh = toy_sample(30, 45)
    assert np.array_equal(sample['targets']['normals'], fresh['targets']['normals']) and out is not sample


@pytest.mark.parametrize('scales', [(), (0.5, 1)])
def test_impossible_scales(scales):
    with pytest.raises(ValueError, match='RandomScaleCrop'):
        RandomScaleCrop(scales)
