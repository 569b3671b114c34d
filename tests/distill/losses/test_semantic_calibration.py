import pytest

from mtkd.distill.losses import SemCKD

from .released import check, fill, filled, leaf, mean


def test_official_numbers():
    loss = SemCKD(batch_size=8)
    loss.setup([3, 4], [4, 5, 6])
    loss.double()
    fill([part for embed in (*loss.queries, *loss.keys) for part in embed.parameters()]
         + [part for row in loss.regressors for regressor in row for part in (
             regressor.convs[0].weight, *regressor.norms[0].parameters(), regressor.convs[1].weight,
             *regressor.norms[1].parameters(), regressor.convs[2].weight)])
    students = [leaf(shape, 1 + i, 0.1) for i, shape in enumerate([(8, 3, 8, 8), (8, 4, 4, 4)])]
    teachers = [filled(shape, 4 + i, 0.1) for i, shape in enumerate([(8, 4, 8, 8), (8, 5, 4, 4), (8, 6, 2, 2)])]
    value = mean(loss(students, teachers, [None] * 2)['semckd'])
    value.backward()
    check('semckd', [value], [*(view.grad for view in students), loss.queries[0].layers[0].weight.grad])


def test_a_small_batch_is_filled_up_and_a_large_one_refused():
    loss = SemCKD(batch_size=4).eval()
    loss.setup([3], [3])
    assert mean(loss.double()([filled((3, 3, 2, 2), 1)], [filled((3, 3, 2, 2), 2)], [None])['semckd']) > 0
    with pytest.raises(ValueError, match='built for batches of 4 samples, but was given 5'):
        loss([filled((5, 3, 2, 2), 1)], [filled((5, 3, 2, 2), 2)], [None])
