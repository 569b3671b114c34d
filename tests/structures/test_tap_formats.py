"""Formats of stored taps: their size, and the error of the values that are read back."""

import numpy as np
import pytest
import torch

from mtkd.distill.losses.top_k import from_top_k, keep_top_k
from mtkd.structures.tap_formats import tap_format

SHAPES = [(40, 6, 8), (3, 5, 7), (2, 2, 2), (9,), (300, 4, 4), (2, 3, 4, 5)]


def there_and_back(name: str, values: np.ndarray) -> np.ndarray:
    form = tap_format(name)
    rows = form.encode(values)
    assert rows.dtype == np.uint8 and rows.shape == (len(values), form.size(values.shape[1:]))
    read = form.decode(rows, values.shape[1:])
    assert read.shape == values.shape
    return read


@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('seed', range(4))
def test_int8_is_within_half_a_step_of_its_channel(shape, seed):
    """Any range and offset, a constant channel, and one outlier."""
    rng = np.random.default_rng(seed)
    values = (rng.standard_normal((3, *shape)) * 10.0 ** rng.integers(-3, 4) + rng.normal(0, 100)).astype(np.float32)
    values[0, 0] = 7.25
    values.reshape(3, -1)[1, -1] = 1e5
    own = len(shape) > 1 and np.prod(shape[1:]) >= 16
    flat = values.reshape(3, shape[0] if own else 1, -1).astype(np.float64)
    step = (flat.max(2, keepdims=True) - flat.min(2, keepdims=True)) / 255
    error = np.abs(there_and_back('int8', values).reshape(flat.shape) - flat)
    assert (error <= step / 2 + 2e-7 * np.abs(flat).max(2, keepdims=True)).all()
    assert error.max() > 0, 'it is 8 bits'
    if own:
        assert (there_and_back('int8', values)[0, 0] == np.float32(7.25)).all()


@pytest.mark.parametrize('value', [0.0, -3e38, 1e-45])
def test_int8_of_constant_and_extreme_values(value):
    values = np.full((1, 2, 4, 4), value, np.float32)
    assert np.array_equal(there_and_back('int8', values), values)
    values[0, 0, 0] = 2e38
    if value < 0:
        with pytest.raises(OverflowError, match='not finite in float32'):
            there_and_back('int8', values)
    else:
        assert np.abs(there_and_back('int8', values).astype(np.float64) - values).max() <= 2e38 / 510 * 1.001


@pytest.mark.parametrize('name', ['float16', 'float32'])
def test_plain_formats_are_casts(name):
    values = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    assert np.array_equal(there_and_back(name, values), values.astype(name))


@pytest.mark.parametrize(('shape', 'k'), [((40, 6, 8), 4), ((40, 6, 8), 39), ((9,), 2), ((300, 4, 4), 5)])
@pytest.mark.parametrize('spread', [0.1, 3.0, 30.0])
def test_top_k_is_the_distribution_of_the_loss_wrapper(shape, k, spread):
    """The kept scores in fp16, and the rest distributed as by TopKTeacher, in float64."""
    logits = np.random.default_rng(k).standard_normal((3, *shape)).astype(np.float32) * spread + 50
    read = torch.from_numpy(there_and_back(f'topk:{k}', logits)).double()
    logs = torch.from_numpy(logits).double().log_softmax(1)
    wanted = from_top_k(*keep_top_k(logs, k), shape[0])
    assert ((read - wanted).abs() <= 2e-3 * wanted.abs() + 1e-4)[wanted > -30].all()
    assert (read.exp().sum(1) - 1).abs().max() < 5e-3
    assert (read.argmax(1) == logs.argmax(1)).float().mean() > (0.99 if spread > 1 else 0.9), 'except for ties in fp16'


def test_top_k_of_a_sure_and_an_unsure_teacher():
    """Extreme scores remain finite; equal ones remain equal."""
    logits = np.zeros((2, 5, 1, 2), np.float32)
    logits[0, 3] = 1e5
    read = there_and_back('topk:2', logits)
    assert np.isfinite(read).all() and (read[0].argmax(0) == 3).all() and (read[0, 3] == 0).all()
    np.testing.assert_allclose(read[1], np.log(0.2), rtol=1e-3)


@pytest.mark.parametrize('name', ['float16', 'int8', 'topk:2'])
@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(name, value):
    values = np.ones((2, 3, 4, 4), np.float32)
    values[1, 2, 3, 3] = value
    with pytest.raises(OverflowError, match='not finite'), np.errstate(invalid='ignore'):
        tap_format(name).encode(values)


def test_four_dense_tasks_take_less_than_a_quarter_of_fp16():
    """40 classes, depth, normals and edges at 24x32."""
    shapes = {'semseg.out': (40, 24, 32), 'depth.out': (1, 24, 32), 'normals.out': (3, 24, 32), 'edge.out': (1, 24, 32)}
    forms = {tap: 'topk:4' if tap == 'semseg.out' else 'int8' for tap in shapes}
    size = sum(tap_format(forms[tap]).size(shape) for tap, shape in shapes.items())
    assert size / sum(tap_format('float16').size(shape) for shape in shapes.values()) < 0.22


@pytest.mark.parametrize('name', ['int4', 'topk', 'topk:', 'topk:0', 'topk:-1', 'topk:²', 'topk:4.0', '', None, 8])
def test_unknown_formats(name):
    with pytest.raises(ValueError, match='give one of float16, float32, int8, topk:K'):
        tap_format(name)


def test_top_k_needs_more_classes_than_it_keeps():
    with pytest.raises(ValueError, match="tap 'depth.out' has 1 channels"):
        tap_format('topk:4').check('depth.out', (1, 8, 8))
    tap_format('topk:4').check('semseg.out', (5, 8, 8))
