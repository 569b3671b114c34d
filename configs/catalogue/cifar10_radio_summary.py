"""AM-RADIO (Ranzinger et al., CVPR 2024): cosine of summary vectors.

    python tools/train.py configs/catalogue/cifar10_radio_summary.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. Compared with all other methods in docs/results/comparison.md.
"""

_base_ = ['cifar10_narrow.py']
method = 'RADIO, summary'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='RadioSummary'), student='shared', projector=dict(type='NonLinear'), weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/shared')
