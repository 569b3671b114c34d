import pytest
import torch
from torch import nn

from mtkd.distill import Distiller, PseudoLabels, Teacher, soft_labels
from mtkd.distill.pseudo_label import check_views, view
from mtkd.models import TapSpec
from mtkd.tasks import build_tasks

TASKS = build_tasks({'hue': {'type': 'Classification', 'num_classes': 3}, 'age': {'type': 'Age', 'num_bins': 7}})
SPECS = {'hue.out': TapSpec(3, 0), 'age.out': TapSpec(7, 0)}


def images(height: int = 20, width: int = 30) -> torch.Tensor:
    return torch.randint(0, 256, (4, 3, height, width), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


class LeftMean(nn.Module):
    """Logits that depend on the left half of an image, so that mirroring changes them."""

    def __init__(self) -> None:
        super().__init__()
        self.hue, self.age = nn.Linear(3, 3), nn.Linear(3, 7)

    def forward(self, image):
        mean = image[..., :image.shape[-1] // 2].mean((2, 3))
        return {'hue.out': self.hue(mean), 'age.out': self.age(mean)}


def teacher() -> Teacher:
    torch.manual_seed(0)
    return Teacher(LeftMean())


def test_views_keep_size_and_type():
    for name in ('identity', 'hflip', 'scale:0.9', 'scale:1.1', 'scale:2', 'scale:.5'):
        seen = view(images(), name)
        assert seen.shape == images().shape and seen.dtype == torch.uint8
    torch.testing.assert_close(view(view(images(), 'hflip'), 'hflip'), images())


def test_zooming_is_about_the_centre():
    picture = torch.zeros(1, 3, 40, 40, dtype=torch.uint8)
    picture[:, :, 15:25, 15:25] = 200
    for name, factor in (('scale:2', 2), ('scale:0.5', 0.5)):
        seen = view(picture, name)[0, 0].float()
        assert (seen > 100).nonzero().float().mean(0).tolist() == pytest.approx([19.5, 19.5], abs=0.6)
        assert float(seen.sum()) == pytest.approx(200 * 100 * factor ** 2, rel=0.05)
    same = torch.full((1, 3, 9, 11), 77, dtype=torch.uint8)
    torch.testing.assert_close(view(same, 'scale:0.9'), same, msg='the border repeats')


def test_the_mean_of_the_views_distributions():
    big, image = teacher(), images()
    soft = soft_labels(big, image, ['hue', 'age'], ['identity', 'hflip', 'scale:1.1'])
    by_hand = [big(view(image, name))['age.out'].softmax(1) for name in ('identity', 'hflip', 'scale:1.1')]
    torch.testing.assert_close(soft['age'], torch.stack(by_hand).mean(0))
    assert soft['hue'].shape == (4, 3) and not soft['hue'].requires_grad
    torch.testing.assert_close(soft['hue'].sum(1), torch.ones(4))
    assert not torch.allclose(by_hand[0], by_hand[1])


@pytest.mark.parametrize(('names', 'words'), [
    (['rotate'], "'rotate' is unknown"), (['scale:3'], "'scale:3' is unknown"), (['scale:x'], 'is unknown'),
    ([], 'at least one'), (['identity', 'identity'], 'without duplicates')])
def test_unknown_views(names, words):
    with pytest.raises(ValueError, match=words):
        check_views(names)


def distiller() -> Distiller:
    links = [{'task': task, 'loss': {'type': 'PseudoLabel'}, 'student': f'{task}.out', 'teacher': f'pseudo:{task}.probs',
              'where': 'unlabelled', 'weight': 0.5} for task in TASKS]
    made = Distiller({'pseudo': {'type': 'PseudoLabels', 'outputs': {'hue': 3, 'age': 7}}}, links)
    made.check(SPECS, TASKS)
    return made


def batch() -> dict:
    rows = torch.zeros(4, 3)
    rows[[0, 1, 3], [2, 1, 0]] = 1
    return {'image': images(), 'targets': {}, 'meta': [{} for _ in range(4)],
            'present': {'hue': torch.tensor([True, False, False, False]), 'age': torch.ones(4, dtype=torch.bool)},
            'teacher': {'pseudo': {'hue.probs': rows, 'age.probs': torch.full((4, 7), 1 / 7)}}}


def test_pseudo_labels_are_a_cached_teacher():
    taps = {'hue.out': torch.randn(4, 3, requires_grad=True), 'age.out': torch.randn(4, 7, requires_grad=True)}
    made, data = distiller(), batch()
    terms = made(data, taps, TASKS)
    assert made.term_weights == {'hue/pseudo': 0.5, 'age/pseudo': 0.5} and list(terms) == ['hue/pseudo', 'age/pseudo']
    log = taps['hue.out'].detach().log_softmax(1)
    torch.testing.assert_close(terms['hue/pseudo'].detach(), -(log[1, 1] + log[3, 0]) / 2,
                               msg='sample 0 has a label, sample 2 no pseudo-label')
    assert terms['age/pseudo'] == 0
    assert not made.state_dict()


def test_it_does_not_run_live():
    data = {**batch(), 'teacher': {}}
    with pytest.raises(ValueError, match='this batch has none: set pseudo_labels=') as error:
        distiller()(data, {'hue.out': torch.randn(4, 3), 'age.out': torch.randn(4, 7)}, TASKS)
    assert str(error.value).count('\n') == 0


def test_classes_that_differ_from_the_student_s_are_refused():
    links = [{'task': 'hue', 'loss': {'type': 'PseudoLabel'}, 'student': 'hue.out', 'teacher': 'pseudo:hue.probs'}]
    with pytest.raises(ValueError, match=r'\(B, 3, h, w\)'):
        Distiller({'pseudo': PseudoLabels({'hue': 5})}, links).check(SPECS, TASKS)
