import pytest
import torch

from mtkd.distill.losses import CurriculumTemperature, PlainKD

from .official import NUMBERS, evaluate, scores


def test_official_steps():
    """λ rises over two epochs; at the fourth step θ has been trained against the student three times."""
    loss = CurriculumTemperature(PlainKD(tau=1.0), ramp=0.5).double()
    optimiser = torch.optim.SGD(loss.parameters(), lr=5.0)
    for epoch, (strength, temperature, value, theta, slope) in enumerate(NUMBERS['ctkd']):
        progress = epoch / 4
        assert loss.strength(progress) == pytest.approx(-strength)
        assert loss.temperature_at(progress).item() == pytest.approx(temperature)
        student = scores()
        found = evaluate(loss, student, progress=progress)['kd']
        assert found.item() == pytest.approx(value)
        optimiser.zero_grad()
        found.backward()
        optimiser.step()
        assert loss.theta.item() == pytest.approx(theta)
        assert student.grad.abs().sum().item() == pytest.approx(slope)


def test_a_second_temperature_is_refused():
    for inner in ({'type': 'PlainKD'}, {'type': 'DKD'}):
        with pytest.raises(ValueError, match='has its own temperature'):
            CurriculumTemperature(inner)
    assert CurriculumTemperature({'type': 'DKD', 'temperature': 1.0}).asks == ('target', 'progress')
