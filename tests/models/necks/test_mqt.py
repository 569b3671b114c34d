import pytest
import torch

from mtkd.models import TapSpec
from mtkd.models.necks import MQTNeck

from ..vectors import agree, fill, gradients, maps, parameters, score
from .scales import CHANNELS, OUT, STRIDES, features


def neck(**changes):
    torch.manual_seed(0)
    return MQTNeck(**{'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT, 'channels': 8, 'heads': 2,
                      'queries': 5, **changes}).eval()


def test_forward_is_encoder_exchange_decoder():
    net = neck()
    taps = net(features())
    places = taps['shared'].flatten(2).transpose(1, 2)
    pixels = {task: net.embed[task](places) for task in OUT}
    places_of = (net.ask_places, net.answer_places)
    ask, answer = ({task: torch.cat((learned[task],) * 2, 2) for task in OUT} for learned in places_of)
    gathered = [net.encoder(net.queries[task].expand(2, -1, -1), pixels[task], ask[task]) for task in OUT]
    exchanged = net.exchange(torch.cat(gathered, 1))
    for t, task in enumerate(OUT):
        asked = net.decoder(pixels[task], exchanged[:, 5 * t:5 * t + 5], answer[task])
        torch.testing.assert_close(taps[f'{task}.in'], net.narrow[task](asked.transpose(1, 2).reshape(2, 8, 10, 13)))
        torch.testing.assert_close(taps[f'{task}.own'], pixels[task].transpose(1, 2).reshape(2, 8, 10, 13))


def test_tasks_exchange_through_their_queries():
    net, given = neck(), features()
    before = net(given)['depth.in']
    net.queries['edge'].data.add_(torch.randn(1, 5, 8))
    assert not torch.allclose(net(given)['depth.in'], before)


def test_as_released_a_sample_depends_on_its_neighbours():
    net, given = neck(faithful_to_release=True), features()
    alone = net([feature[:1] for feature in given])
    assert not torch.allclose(net(given)['depth.in'][:1], alone['depth.in'], atol=1e-4)


@pytest.mark.parametrize('scales, table', [((18, 36, 72, 144), 4.457), ((96, 192, 384, 768), 5.655)])
def test_parameters_are_the_releases_without_those_it_never_uses(scales, table):
    """Fact sheet 7, neck and 1x1 heads on NYUD; the parameters that the release does not use, by name."""
    tasks = {'semseg': 40, 'depth': 1, 'normals': 3, 'edge': 1}
    with torch.device('meta'):
        net = MQTNeck(scales, (4, 8, 16, 32), tasks, faithful_to_release=True)
    heads = (64 + 1) * sum(tasks.values())
    patch_embedding = 256 * 256 * 16 + 256 + 2 * 256
    second_attention = 3 * 512 + 3 * 256 ** 2 + 256 ** 2 + 256
    relative_places = 2 * 7 * 32
    whole = sum(p.numel() for p in net.parameters()) + heads + patch_embedding + second_attention + relative_places
    # in the release, the norm of the queries' exchange is outside its feed-forward network, which has its own: the same here
    assert whole / 1e6 == pytest.approx(table, abs=6e-4)


def test_widths():
    specs = neck().tap_specs
    assert (specs['shared'], specs['depth.own'], specs['depth.in']) == (TapSpec(12, 4), TapSpec(8, 4), TapSpec(2, 4))


@pytest.mark.parametrize('changes, said', [
    ({'channels': 10}, 'channels=10, heads=2, queries=5'), ({'heads': 3}, 'channels=8, heads=3'),
    ({'queries': 0}, 'queries must be 1 or more')])
def test_what_does_not_fit_is_said(changes, said):
    with pytest.raises(ValueError, match=said):
        neck(**changes)


def test_as_released_it_is_the_official_head():
    net, scales = fill(MQTNeck([6, 8, 10], STRIDES, OUT, faithful_to_release=True)), maps((6, 6, 8), (8, 3, 4), (10, 2, 2))
    taps = net(list(scales.values()))
    made = {f'{task}.in': taps[f'{task}.in'] for task in OUT}
    asked = ('queries.depth', 'answer_places.edge', 'exchange.attend.in_proj_weight', 'encoder.attend.query.weight')
    agree('mqt', {**made, **gradients(score(made), {**scales, **parameters(net, asked)})})
