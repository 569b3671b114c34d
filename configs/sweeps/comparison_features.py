"""All feature losses on CIFAR-10: a narrow ResNet-10, taught by a wide one, with the weights of the search.

    python tools/sweep.py configs/sweeps/comparison_features.py --data-root data

Cost: 27 trainings of 1,000 iterations per seed (a minute each on one core), one teacher and its caches.
Not finished yet.
"""

_NAMES = (
    'fitnets', 'smooth_l1', 'cosine', 'normalised_l2', 'at', 'cwd', 'affinity', 'pair_wise', 'ab', 'ofd', 'ft', 'nst',
    'mgd', 'pkd', 'vid', 'radio_spatial', 'sp', 'simkd', 'cc', 'cka', 'crd', 'pkt', 'rkd', 'radio_summary', 'fsp',
    'review', 'semckd')
grid = {'config': [f'configs/catalogue/cifar10_{_name}.py' for _name in _NAMES]}
seeds = [0, 1, 2]
title = 'Distillation losses on CIFAR-10: features'
