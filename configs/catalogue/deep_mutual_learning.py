"""Deep mutual learning (Zhang et al., CVPR 2018): two networks of the same architecture teach each other.

    python tools/train.py configs/catalogue/deep_mutual_learning.py

Synthetic scenes at 64x96. Not tuned, not compared: it shows how the method is configured, and the tests run it for two
steps.
"""

_base_ = ['../quickstart/student.py']
suite, method = 'catalogue', 'MT+DML'
model = dict(distiller=dict(
    teachers=dict(peer=dict(type='Peer', net=dict(
        backbone=dict(type='TimmBackbone', name='mobilenetv3_small_100', pretrained=False, out_indices=(1, 2, 3, 4)),
        neck=dict(type='ConcatNeck', lateral_channels=24), head=dict(type='FCNHead', channels=32)))),
    links=dict(each_task=[
        dict(type='PeerTask', teacher='peer'),
        dict(type='PeerLearns', teacher='peer', loss=dict(type='PlainKD', tau=1.0)),
        dict(teacher='peer', loss=dict(type='PlainKD', tau=1.0))])))
