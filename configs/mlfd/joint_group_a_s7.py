"""Joint teacher of group A, variant S7, on all data sets (scope all).

    python tools/train.py configs/mlfd/joint_group_a_s7.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['joint_group_a_s1.py']
method = 'Joint teacher, S7'
model = dict(net=dict(trunk=dict(fuse='S7', channels=(512,)), head=dict(dropout=0.5)))
