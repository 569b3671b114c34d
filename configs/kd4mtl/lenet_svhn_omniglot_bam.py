"""BAM (Clark et al. 2019): annealing from the single-task teachers to the labels, lambda from 0 to 1.

    python tools/train.py configs/kd4mtl/lenet_svhn_omniglot_bam.py --with-prerequisites

SVHN + Omniglot as the paper splits them (47,217 + 19,476 train; 26,040 + 6,492 val). Adam 1e-3 (the paper states none), x.85
every 15 epochs of 184 iterations, 300 epochs; median of the last 20. Not run here: the full sets were not available.
"""

_base_ = ['lenet_svhn_omniglot_uniform.py']
method = 'BAM'
model = dict(
    balance=dict(_delete_=True, type='BAM'),
    distiller=dict(
        teachers=dict(
            svhn=dict(config='configs/kd4mtl/lenet_svhn_omniglot_stl_svhn.py'),
            omniglot=dict(config='configs/kd4mtl/lenet_svhn_omniglot_stl_omniglot.py')),
        links=dict(each_task=dict(loss=dict(type='PlainKD', tau=1.0), teacher='{task}', where='labelled'))))
