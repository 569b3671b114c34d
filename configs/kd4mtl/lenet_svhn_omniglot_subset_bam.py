"""BAM (Clark et al. 2019): annealing from the single-task teachers to the labels, lambda from 0 to 1.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_subset_bam.py --with-prerequisites

SVHN subset (3,935 train, 1,201 val) and Omniglot drawers 1-14 / 15-17, as `unpack.py` writes them; protocol ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['lenet_svhn_omniglot_subset_uniform.py']
method = 'BAM'
model = dict(
    balance=dict(_delete_=True, type='BAM'),
    distiller=dict(
        teachers=dict(
            svhn=dict(config='configs/kd4mtl/lenet_svhn_omniglot_subset_stl_svhn.py'),
            omniglot=dict(config='configs/kd4mtl/lenet_svhn_omniglot_subset_stl_omniglot.py')),
        links=dict(each_task=dict(loss=dict(type='PlainKD', tau=1.0), teacher='{task}', where='labelled'))))
