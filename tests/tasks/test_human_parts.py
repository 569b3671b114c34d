import torch

from mtkd.tasks import HumanParts


def test_seven_classes_and_pictures_without_people():
    task = HumanParts()
    assert task.name == 'human_parts' and task.out_channels == 7 and task.metric().num_classes == 7
    out = torch.randn(2, 7, 3, 3)
    target = torch.full((2, 3, 3), 255).byte()
    target[0] = 1
    _, count = task.losses(out, target)['ce']
    assert count.tolist() == [9, 0]
