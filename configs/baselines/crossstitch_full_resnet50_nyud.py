"""Cross-Stitch in full: a ResNet-50 for each of the four tasks, mixed after every stage; NYUD-v2, 425x560.

    python tools/train.py configs/baselines/crossstitch_full_resnet50_nyud.py

Recipe: the survey's (fact sheet 4.3): SGD, lr 1e-3, 50 passes of batches of 8, the units at 100 times the rate.
Ours: ordinary scales and FCN heads instead of dilated ResNets with ASPP; networks start from ImageNet weights, not from
trained single-task networks. Offline: add --cfg-options model.net.trunk.backbone.pretrained=False.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/mt_hrnet18.py', '../_base_/datasets/nyud.py', '../_base_/schedules/survey_soft_nyud.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_nyud', 'Cross-Stitch (full)', '4 x ResNet-50', 'ResNet-50'
train_dataloader = dict(batch_size=8)
model = dict(net=dict(
    _delete_=True,
    trunk=dict(type='SoftSharedTrunk', unit='cross_stitch', own=0.9, other=0.1,
               backbone=dict(type='TimmBackbone', name='resnet50', pretrained=True, out_indices=(1, 2, 3, 4))),
    head=dict(type='FCNHead')))
