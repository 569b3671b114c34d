import pytest
import torch

from mtkd.models.preprocess import Preprocessor
from mtkd.models.strong_view import StrongView

NOTHING = {'brightness': 0.0, 'contrast': 0.0, 'saturation': 0.0, 'grey': 0.0, 'hole': 0.0}


def pictures(*shape) -> torch.Tensor:
    return torch.randint(60, 200, shape or (4, 3, 16, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_nothing_asked_for_is_nothing_done():
    assert torch.equal(StrongView(**NOTHING)(pictures()), pictures())


def test_the_draws_are_torch_s_and_differ_from_picture_to_picture():
    same = pictures()[:1].expand(4, -1, -1, -1)
    torch.manual_seed(1)
    first = StrongView()(same)
    torch.manual_seed(1)
    assert torch.equal(StrongView()(same), first)
    assert all(not torch.equal(first[0], first[i]) for i in range(1, 4)) and first.dtype == torch.uint8


def test_grey_pictures_have_no_colours():
    changed = StrongView(**{**NOTHING, 'grey': 1.0})(pictures()).int()
    assert (changed - changed[:, :1]).abs().max() <= 1


def test_brightness_is_a_factor_of_a_picture():
    changed = StrongView(**{**NOTHING, 'brightness': 0.2})(pictures()).float()
    ratio = (changed / pictures().float()).flatten(1)
    assert ratio.min() > 0.78 and ratio.max() < 1.22
    assert ratio.std(1).max() < 0.01 and ratio.mean(1).std() > 0.01


def test_contrast_and_saturation_keep_the_mean_and_the_grey():
    mean = pictures().float().mul(torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1)
    for name in ('contrast', 'saturation'):
        changed = StrongView(**{**NOTHING, name: 0.3})(pictures()).float()
        grey = changed.mul(torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1)
        torch.testing.assert_close(grey.mean((1, 2)), mean.mean((1, 2)), atol=0.5, rtol=0)
        assert not torch.equal(changed, pictures().float())


def test_a_hole_is_a_rectangle_of_grey_up_to_its_size():
    torch.manual_seed(0)
    changed = StrongView(**{**NOTHING, 'hole': 0.5})(torch.zeros(64, 3, 20, 30, dtype=torch.uint8))
    hole = changed[:, 0] == 128
    assert ((changed == 0) | (changed == 128)).all() and torch.equal(changed[:, 0], changed[:, 2])
    tall, wide = hole.any(2).sum(1), hole.any(1).sum(1)
    assert torch.equal(hole.sum((1, 2)), tall * wide) and tall.max() in (9, 10) and wide.max() in (13, 14, 15)


def test_a_clip_has_one_view():
    clips = pictures(2, 1, 3, 8, 8).expand(2, 4, 3, 8, 8)
    changed = StrongView()(clips)
    assert changed.shape == clips.shape and torch.equal(changed[:, 0], changed[:, 3])


def test_the_student_sees_it_in_training_only():
    preprocessor = Preprocessor(mean=(0, 0, 0), std=(1, 1, 1), student_view={'grey': 1.0, 'hole': 0.0})
    given = pictures()
    assert torch.equal(preprocessor.for_student(given, training=False), given.float())
    assert torch.equal(preprocessor.normalise(given), given.float()), "the teachers' images"
    assert not torch.equal(preprocessor.for_student(given, training=True), given.float())
    plain = Preprocessor(mean=(0, 0, 0), std=(1, 1, 1))
    assert torch.equal(plain.for_student(given, training=True), given.float())


def test_shares_are_shares():
    with pytest.raises(ValueError, match=r'student_view: hole=2\.0'):
        StrongView(hole=2.0)
