import copy

import pytest
import torch
from torch.nn import functional as F

from mtkd.distill import Distiller, Peer
from mtkd.tasks import build_tasks

from .nets import TinyNet, batch, images, normalised, tasks

TASKS = tasks()
KD = {'type': 'PlainKD', 'tau': 1.0}
MUTUAL = {'each_task': [{'type': 'PeerTask', 'teacher': 'peer'}, {'type': 'PeerLearns', 'teacher': 'peer', 'loss': KD},
                        {'teacher': 'peer', 'loss': KD}]}


def made(links=MUTUAL, peer=None, **teachers):
    student = TinyNet(seed=1)
    peers = teachers or {'peer': peer or Peer(TinyNet(seed=2, width=6))}
    distiller = Distiller(peers, links)
    distiller.check(student.tap_specs, TASKS, student, normalised)
    return student, distiller


def test_the_terms_are_losses_of_both_sides():
    student, distiller = made()
    given = batch()
    taps, seen = student.eval()(normalised(given['image'])), distiller.eval().teachers['peer'](given['image'])
    terms = distiller(given, taps, TASKS)
    assert list(terms) == ['semseg/peer_ce', 'depth/peer_l1', 'semseg/peer_kd', 'depth/peer_kd', 'semseg/kd', 'depth/kd']
    both = [x['semseg.out'].log_softmax(1) for x in (taps, seen)]
    for term, learner, other in (('semseg/kd', *both), ('semseg/peer_kd', *reversed(both))):
        wanted = (other.exp() * (other - learner)).sum(1).mean()
        torch.testing.assert_close(terms[term], wanted)
    total, count = TASKS['semseg'].losses(seen['semseg.out'], given['targets']['semseg'])['ce']
    torch.testing.assert_close(terms['semseg/peer_ce'], total.sum() / count.sum())
    total, count = TASKS['depth'].losses(seen['depth.out'][:2], given['targets']['depth'][:2])['l1']
    torch.testing.assert_close(terms['depth/peer_l1'], total.sum() / count.sum())


def test_every_term_trains_one_side():
    student, distiller = made()
    given = batch()
    for term, learner in (('semseg/kd', 'student'), ('semseg/peer_kd', 'peer'), ('semseg/peer_ce', 'peer')):
        terms = distiller(given, student(normalised(given['image'])), TASKS)
        student.zero_grad()
        distiller.zero_grad()
        terms[term].backward()
        trained = {'student': any(p.grad is not None and p.grad.any() for p in student.parameters()),
                   'peer': any(p.grad is not None and p.grad.any() for p in distiller.parameters())}
        assert trained == {side: side == learner for side in trained}, term


def test_mutual_learning_as_written_by_hand():
    """Three steps of two networks that are updated together, against a loop of plain PyTorch."""
    links = {'each_task': [{'type': 'PeerTask', 'teacher': 'peer'}, {'type': 'PeerLearns', 'teacher': 'peer', 'loss': KD},
                           {'teacher': 'peer', 'loss': KD}]}
    student, distiller = made(links)
    twins = copy.deepcopy([student, distiller.teachers['peer'].network])
    optimiser = torch.optim.SGD([*student.parameters(), *distiller.parameters()], lr=0.05)
    by_hand = torch.optim.SGD([p for net in twins for p in net.parameters()], lr=0.05)
    given = batch()
    given['present']['depth'][:] = True
    given['targets']['depth'][2:] = 2.0
    for net in (*twins, student, distiller):
        net.eval()  # no dropout
    for number in range(3):
        picture = normalised(images(seed=number))
        taps = student(picture)
        terms = distiller({**given, 'image': images(seed=number)}, taps, TASKS)
        own = sum(total.sum() / count.sum() for task in TASKS for total, count in
                  TASKS[task].losses(taps[f'{task}.out'], given['targets'][task]).values())
        optimiser.zero_grad()
        (own + sum(terms.values())).backward()
        optimiser.step()
        outs = [net(picture) for net in twins]
        value = 0
        for mine, other in (outs, outs[::-1]):
            for name, task in TASKS.items():
                total, count = next(iter(task.losses(mine[f'{name}.out'], given['targets'][name]).values()))
                first, second = (task.prob_view.log_probs(x[f'{name}.out'], 1.0) for x in (mine, other))
                value = value + total.sum() / count.sum() + F.kl_div(first, second.detach(), reduction='none',
                                                                     log_target=True).sum(1).mean()
        by_hand.zero_grad()
        value.backward()
        by_hand.step()
    for net, twin in zip((student, distiller.teachers['peer'].network), twins, strict=True):
        for p, q in zip(net.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)


def test_single_task_peers():
    """Online multi-task distillation: one peer per task, named after it."""
    peers = {task: Peer(TinyNet(seed=i, **{task: TASKS[task].out_channels})) for i, task in enumerate(TASKS)}
    inter = {'type': 'CauchySchwarz', 'terms': ('inter',)}
    _, distiller = made({'each_task': [{'type': 'PeerTask', 'teacher': '{task}'}, {'teacher': '{task}', 'loss': inter}]},
                        **peers)
    assert distiller.term_weights == {'semseg/semseg_ce': 1.0, 'depth/depth_l1': 1.0, 'semseg/cs_inter': 1.0,
                                      'depth/cs_inter': 1.0}
    assert distiller.needed_taps('semseg') == ('semseg.out',)


def test_a_peer_is_built_trained_and_resumed_like_a_network():
    net = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet', 'norm': 'group', 'out_indices': (1, 2)},
           'neck': {'type': 'ConcatNeck', 'lateral_channels': 8},
           'head': {'type': 'FCNHead', 'channels': 8, 'norm': 'group'}}
    peer = Peer(net, tasks=TASKS, heads=['depth'])
    assert peer.net.tasks == ('depth',) and all(p.requires_grad for p in peer.parameters())
    assert peer.train().training and peer.network.training and not peer.eval().network.training
    other = Peer(net, tasks=TASKS, heads=['depth'])
    other.load_state_dict(peer.state_dict())
    pictures = images(size=(32, 32))
    torch.testing.assert_close(other.eval()(pictures)['depth.out'], peer(pictures)['depth.out'])
    twin = copy.deepcopy(peer)
    assert twin is not peer and not {id(p) for p in twin.parameters()} & {id(p) for p in peer.parameters()}
    with pytest.raises(TypeError, match='raw uint8'):
        peer(pictures.float())


def test_the_weight_of_a_peers_task_is_the_tasks_own():
    heavy = build_tasks({'semseg': {'type': 'SemanticSegmentation', 'num_classes': 5, 'weight': 3.0}})
    links = {'each_task': {'type': 'PeerTask', 'teacher': 'peer', 'weight': 0.5}}
    distiller = Distiller({'peer': Peer(TinyNet(semseg=5))}, links)
    distiller.check(TinyNet(semseg=5).tap_specs, heavy)
    assert distiller.term_weights == {'semseg/peer_ce': 1.5}


@pytest.mark.parametrize(('links', 'words'), [
    ({'each_task': {'type': 'PeerTask', 'teacher': 'pear'}}, "'pear' is not a teacher of type 'Peer'.*peer"),
    ({'each_task': {'type': 'PeerLearns', 'teacher': 'pear', 'loss': KD}}, "'pear' is not a teacher of type 'Peer'")])
def test_what_is_no_peer_is_refused(links, words):
    with pytest.raises(ValueError, match=words):
        made(links)


def test_a_peer_without_the_head_is_refused():
    with pytest.raises(ValueError, match="peer 'peer' has no head for task 'depth'"):
        made(peer=Peer(TinyNet(semseg=5)))
    with pytest.raises(ValueError, match="heads names 'edge'"):
        Peer(TinyNet(), tasks=TASKS, heads=['edge'])
