"""KD from the teacher's three largest logits (Shen and Xing, ECCV 2022).

    python tools/train.py configs/catalogue/cifar10_top_k.py --with-prerequisites

CIFAR-10, a narrow ResNet-10 from a wide one. A row of configs/sweeps/comparison_outputs.py; the
weight is the default, not yet that of the search.
"""

_base_ = ['cifar10_narrow.py']
method = 'Top-k logits'
model = dict(distiller=dict(
    teachers=dict(wide=dict(config='configs/catalogue/cifar10_wide.py')),
    links=[dict(task='cifar10', loss=dict(type='TopKTeacher', k=3, loss=dict(type='PlainKD', tau=4.0)), weight=1.0)]))
teacher_cache = dict(mode='views', views=4, folder='work_dirs/comparison_cache/logits')
