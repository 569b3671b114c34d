import pytest

from mtkd.models.picture_scale import IMAGENET_MEAN, IMAGENET_STD, check_statistics


def test_imagenet_is_that_of_torch():
    assert pytest.approx([255 * m for m in (0.485, 0.456, 0.406)]) == IMAGENET_MEAN
    assert pytest.approx([255 * s for s in (0.229, 0.224, 0.225)]) == IMAGENET_STD


@pytest.mark.parametrize('mean, std, said', [
    ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 'multiply both by 255'), ((0.5,) * 3, (0.5,) * 3, 'multiply both by 255'),
    ((0.5,) * 3, (1.0,) * 3, 'multiply both by 255'), ((0,) * 3, (0.5,) * 3, 'multiply both by 255'),
    ((120, 120), (60, 60), 'three channels'), ((120, float('nan'), 120), (60,) * 3, 'three channels'),
    ((120,) * 3, (60, 0, 60), 'must be positive')])
def test_statistics_of_another_scale_are_refused(mean, std, said):
    for where in ('model.data_preprocessor', 'Teacher'):
        with pytest.raises(ValueError, match=where) as refused:
            check_statistics(mean, std, where)
        assert said in str(refused.value)
