"""Joint teacher of group B, variant S14, on all data sets (scope all).

    python tools/train.py configs/mlfd/joint_group_b_s14.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['joint_group_b_s7.py']
method = 'Joint teacher, S14'
model = dict(net=dict(trunk=dict(fuse='S14', channels=(256, 512))))
