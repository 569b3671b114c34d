"""Each adapter against a property its paper states."""

import importlib.util

import pytest
import torch

from mtkd.balance import IMTLG, AlignedMTL, CAGrad, DualProj, FairGrad, Krum, UPGrad
from mtkd.balance import from_torchjd as module

ALL = torch.arange(3)
ONES = torch.ones(3)


def rows(seed=0, conflict=True):
    found = torch.randn(3, 6, generator=torch.Generator().manual_seed(seed))
    return found if conflict else found.abs()


def solved(balance, given, tasks=ALL):
    weights = balance.solve(given @ given.T, tasks, torch.ones(len(tasks)))
    assert weights.shape == (len(tasks),)
    return weights.float()


needs_quadprog = pytest.mark.skipif(importlib.util.find_spec('quadprog') is None, reason='quadprog is not installed')
needs_cvxpy = pytest.mark.skipif(importlib.util.find_spec('clarabel') is None, reason='cvxpy and clarabel are not installed')


@needs_quadprog
@pytest.mark.parametrize('cls', [UPGrad, DualProj])
def test_projections_conflict_with_no_task(cls):
    for seed in range(5):
        given = rows(seed)
        assert (given @ (solved(cls(), given) @ given) > -1e-3).all()
    agreeing = rows(conflict=False)
    torch.testing.assert_close(solved(cls(), agreeing), ONES / 3, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(solved(cls((3.0, 1.0, 2.0)), agreeing), torch.tensor([3.0, 1.0, 2.0]), rtol=1e-3, atol=1e-3)


@needs_quadprog
def test_preferences_are_of_all_tasks():
    made = UPGrad((3.0, 1.0, 2.0))
    made.setup({'a': 1.0, 'b': 1.0, 'c': 1.0})
    torch.testing.assert_close(made.preferred(torch.tensor([0, 1])), torch.tensor([4.5, 1.5]))
    assert UPGrad().preferred(ALL) is None
    for preference in ((1.0, 2.0), (1.0, 0.0, 2.0)):
        with pytest.raises(ValueError, match="UPGrad's preference must hold 3 positive numbers, one for each of a, b, c"):
            UPGrad(preference).setup({'a': 1.0, 'b': 1.0, 'c': 1.0})


@pytest.mark.parametrize('scale_mode', ['min', 'median', 'rmse'])
def test_aligned_gradients_weigh_orthogonal_ones_to_one_length(scale_mode):
    given = torch.diag(torch.tensor([1.0, 2.0, 4.0]))
    length = {'min': 1.0, 'median': 2.0, 'rmse': (21 / 3) ** 0.5}[scale_mode]
    torch.testing.assert_close(solved(AlignedMTL(scale_mode), given) @ given, torch.full((3,), length / 3))
    with pytest.raises(ValueError, match="no scale_mode='max'"):
        AlignedMTL('max')


@needs_cvxpy
def test_cagrad_stays_in_its_ball():
    given = rows(1)
    mean = given.mean(0)
    direction = solved(CAGrad(c=0.4), given) @ given
    assert (direction - mean).norm() <= 0.4 * mean.norm() * 1.01
    assert (given @ direction).min() > (given @ mean).min()
    torch.testing.assert_close(solved(CAGrad(c=0.0), given), ONES / 3, rtol=1e-3, atol=1e-3)


def test_imtlg_projects_alike_on_all():
    given = rows(2)
    weights = solved(IMTLG(), given)
    along = (given / given.norm(dim=1, keepdim=True)) @ (weights @ given)
    torch.testing.assert_close(along, along[0].expand(3), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(weights.sum(), torch.tensor(1.0))


@pytest.mark.parametrize('alpha', [1.0, 2.0])
def test_fairgrad_solves_its_equation(alpha):
    given = rows(3)
    weights = solved(FairGrad(alpha), given)
    torch.testing.assert_close(given @ given.T @ weights, weights ** (-1 / alpha), rtol=1e-2, atol=1e-2)
    torch.testing.assert_close(solved(FairGrad(0.0), given), ONES / 3)


def test_krum_leaves_out_the_far_one():
    given = torch.cat([torch.ones(4, 3) + 0.01 * torch.eye(4)[:, :3], torch.full((1, 3), -50.0)])
    weights = solved(Krum(num_outliers=1, num_selected=2), given, torch.arange(5))
    assert weights[4] == 0 and weights.sum() == 1
    assert solved(Krum(), given[:3], ALL).tolist() == pytest.approx([1 / 3] * 3)
    with pytest.raises(ValueError, match='wants 4 tasks or more; there are 3'):
        Krum().setup({'a': 1.0, 'b': 1.0, 'c': 1.0})


@pytest.mark.parametrize('name', ['UPGrad', 'DualProj', 'CAGrad'])
def test_a_missing_package_is_named_with_its_command(name, monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda package: None)
    with pytest.raises(ValueError, match=rf"{name} needs .* which is not installed; run: pip install 'torchjd\["):
        getattr(module, name)()
