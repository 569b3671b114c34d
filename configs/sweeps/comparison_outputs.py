"""All output losses on CIFAR-10: a narrow ResNet-10, alone and taught by a wide one, with the weights of the search.

    python tools/sweep.py configs/sweeps/comparison_outputs.py --data-root data

Cost: 14 trainings of 1,000 iterations per seed (a minute each on one core), one teacher and its caches.
Not finished yet.
"""

_NAMES = (
    'narrow', 'kd', 'dkd', 'nkd', 'mlkd', 'ls', 'ctkd', 'wsld', 'dist', 'dist_plus', 'kdam', 'bernoulli', 'top_k',
    'tf_kd')
grid = {'config': [f'configs/catalogue/cifar10_{_name}.py' for _name in _NAMES]}
seeds = [0, 1, 2]
title = 'Distillation losses on CIFAR-10: outputs'
