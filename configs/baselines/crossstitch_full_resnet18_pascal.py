"""Cross-Stitch in full: a ResNet-18 for each of the five tasks, mixed after every stage; PASCAL-Context, 512x512.

    python tools/train.py configs/baselines/crossstitch_full_resnet18_pascal.py

Recipe: the survey's (fact sheet 4.3): SGD, lr 5e-3, 20 passes of batches of 12, the units at 100 times the rate.
Ours: ordinary scales and FCN heads instead of dilated ResNets with ASPP; networks start from ImageNet weights, not from
trained single-task networks. Offline: add --cfg-options model.net.trunk.backbone.pretrained=False.
Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['../_base_/models/mt_hrnet18.py', '../_base_/datasets/pascal_context.py', '../_base_/schedules/survey_soft_pascal.py',
          '../_base_/runtime/default.py']
suite, method, student, backbone = 'kdam_pascal', 'Cross-Stitch (full)', '5 x ResNet-18', 'ResNet-18'
train_dataloader = dict(batch_size=12)
model = dict(net=dict(
    _delete_=True,
    trunk=dict(type='SoftSharedTrunk', unit='cross_stitch', own=0.8, other=0.05,
               backbone=dict(type='TimmBackbone', name='resnet18', pretrained=True, out_indices=(1, 2, 3, 4))),
    head=dict(type='FCNHead')))
