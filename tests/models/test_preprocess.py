import pytest
import torch
from mmengine.structures import BaseDataElement

from mtkd.models import Preprocessor
from mtkd.models.picture_scale import IMAGENET_MEAN, IMAGENET_STD
from mtkd.registry import MODELS

from .tiny import batch


def test_normalising_is_per_channel_in_float32():
    image = torch.randint(0, 256, (2, 3, 4, 5), generator=torch.Generator().manual_seed(0)).byte()
    normalised = Preprocessor().normalise(image)
    assert normalised.dtype == torch.float32
    for c in range(3):
        expected = (image[:, c].double() - IMAGENET_MEAN[c]) / IMAGENET_STD[c]
        torch.testing.assert_close(normalised[:, c].double(), expected, rtol=1e-5, atol=1e-5)


def test_mean_and_deviation_of_ones_own():
    made = MODELS.build({'type': 'Preprocessor', 'mean': (100, 110, 120), 'std': (2, 4, 8)})
    normalised = made.normalise(torch.full((1, 3, 1, 1), 128, dtype=torch.uint8))
    assert normalised.flatten().tolist() == [14, 4.5, 1]


def test_nothing_of_it_is_in_a_checkpoint():
    assert not Preprocessor().state_dict() and not list(Preprocessor().parameters())


def test_the_batch_keeps_its_raw_picture_and_everything_else():
    given = {**batch(), 'teacher': {'big': {'depth.out': torch.ones(3, 1, 4, 6)}}}
    moved = Preprocessor()(given, training=True)
    assert set(moved) == {*given, 'labelled'} and set(Preprocessor()(given)) == set(given)
    assert moved['image'].dtype == torch.uint8 and torch.equal(moved['image'], given['image'])
    assert moved['meta'] == given['meta']
    assert not isinstance(moved['meta'][0], BaseDataElement)
    for task, target in given['targets'].items():
        assert torch.equal(moved['targets'][task], target) and moved['present'][task].dtype == torch.bool
    assert torch.equal(moved['teacher']['big']['depth.out'], given['teacher']['big']['depth.out'])


def test_the_batch_is_moved_to_the_models_device():
    made = Preprocessor().to('meta')
    moved = made(batch())
    assert moved['image'].device.type == moved['targets']['depth'].device.type == 'meta'
    assert moved['present']['depth'].device.type == 'meta'


@pytest.mark.parametrize('channels_last', [False, True])
def test_memory_format(channels_last):
    image = torch.randint(0, 256, (2, 3, 4, 5)).byte()
    normalised = Preprocessor(channels_last=channels_last).normalise(image)
    assert normalised.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert torch.equal(normalised, Preprocessor().normalise(image))


def test_clips_are_normalised_like_their_frames():
    clip = torch.randint(0, 256, (2, 3, 3, 4, 5)).byte()
    for channels_last in (False, True):
        made = Preprocessor(channels_last=channels_last)
        assert torch.equal(made.normalise(clip)[:, 1], made.normalise(clip[:, 1]))


def test_statistics_of_another_scale_are_refused():
    with pytest.raises(ValueError, match='model.data_preprocessor.*multiply both by 255'):
        Preprocessor((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_raw_pictures_and_pictures_of_0_to_1_are_allowed():
    for mean, std in (((0,) * 3, (1,) * 3), ((0,) * 3, (255,) * 3), ((127.5,) * 3, (127.5,) * 3)):
        Preprocessor(mean, std)
