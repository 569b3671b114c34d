"""Joint teacher of group A, variant S28, on all data sets (scope all).

    python tools/train.py configs/mlfd/joint_group_a_s28.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['joint_group_a_s1.py']
method = 'Joint teacher, S28'
model = dict(net=dict(trunk=dict(fuse='S28', channels=(128, 256, 512)), head=dict(dropout=0.5)))
