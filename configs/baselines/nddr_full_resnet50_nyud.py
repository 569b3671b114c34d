"""NDDR-CNN in full: a ResNet-50 for each of the four tasks, mixed after every stage; NYUD-v2, 425x560.

    python tools/train.py configs/baselines/nddr_full_resnet50_nyud.py

Recipe: the survey's (fact sheet 4.3): SGD, lr 1e-3, 50 passes of batches of 8, the units at 100 times the rate.
Ours: ordinary scales and FCN heads instead of dilated ResNets with ASPP; networks start from ImageNet weights, not from
trained single-task networks. Offline: add --cfg-options model.net.trunk.backbone.pretrained=False.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['crossstitch_full_resnet50_nyud.py']
method = 'NDDR-CNN (full)'
model = dict(net=dict(trunk=dict(unit='nddr')))
