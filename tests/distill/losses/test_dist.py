import numpy as np
import pytest
import torch

from mtkd.distill import DIST

from .cases import exact, random_pair, run, toy


def test_dense_toy():
    assert exact(DIST(), *toy()) == pytest.approx({'dist_inter': 0.9890344, 'dist_intra': 0.8839245}, abs=5e-8)


def test_weights_and_temperature_scale():
    student, teacher = toy()
    plain = exact(DIST(), student, teacher)
    scaled = exact(DIST(beta=2, gamma=3), student, teacher)
    assert scaled == pytest.approx({'dist_inter': 2 * plain['dist_inter'], 'dist_intra': 3 * plain['dist_intra']})
    soft = exact(DIST(tau=4), student, teacher)
    assert soft == pytest.approx({k: 16 * v for k, v in exact(DIST(), student / 4, teacher / 4).items()})


def test_masked_correlations_are_numpy_s():
    student, teacher, mask = random_pair()
    terms = run(DIST(), student, teacher, mask)
    p, q = (x.double().softmax(1).movedim(1, -1)[mask].numpy() for x in (student, teacher))
    inter = np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(p, q, strict=True)])
    intra = np.mean([1 - np.corrcoef(a, b)[0, 1] for a, b in zip(p.T, q.T, strict=True)])
    assert float(terms['dist_inter']) == pytest.approx(inter, abs=1e-5)
    assert float(terms['dist_intra']) == pytest.approx(intra, abs=1e-5)


def test_any_positive_linear_map_of_the_teacher_is_as_good():
    _, teacher, _ = random_pair()
    q = teacher.softmax(1)
    terms = DIST()(0.3 * q + 0.02, q)
    assert float(terms['dist_inter'][0].abs().max()) < 1e-4 and abs(float(terms['dist_intra'])) < 1e-5


def test_a_rare_class_keeps_its_precision():
    generator = torch.Generator().manual_seed(0)
    frequent = torch.tensor([0., 9.]).view(1, 2, 1, 1)
    teacher = torch.randn(1, 2, 100, 100, generator=generator) * 1e-2 + frequent
    student = teacher + torch.randn(1, 2, 100, 100, generator=generator) * 1e-2
    single = DIST()(student.softmax(1), teacher.softmax(1))['dist_intra']
    double = DIST()(student.softmax(1).double(), teacher.softmax(1).double())['dist_intra']
    assert float(single) == pytest.approx(float(double), abs=1e-3)
