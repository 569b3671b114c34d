"""Weights of the feature losses of the comparison: the default times 1, 1/4, 1/16 and 4, on a held-out tenth of the training images.

    python tools/sweep.py configs/sweeps/comparison_features_search.py --data-root data

As many iterations as in the table, and one seed that the table (configs/sweeps/comparison_features.py) does not use. Cost: 108 runs of a minute.
Not finished yet.
"""

_WEIGHT = 'model.distiller.links.0.weight'
_WEIGHTS = {
    'fitnets': (100.0, 25.0, 6.25, 400.0),
    'smooth_l1': (1.0, 0.25, 0.0625, 4.0),
    'cosine': (1.0, 0.25, 0.0625, 4.0),
    'normalised_l2': (1.0, 0.25, 0.0625, 4.0),
    'at': (1000.0, 250.0, 62.5, 4000.0),
    'cwd': (50.0, 12.5, 3.12, 200.0),
    'affinity': (1.0, 0.25, 0.0625, 4.0),
    'pair_wise': (1.0, 0.25, 0.0625, 4.0),
    'ab': (1.0, 0.25, 0.0625, 4.0),
    'ofd': (0.001, 0.00025, 6.25e-05, 0.004),
    'ft': (200.0, 50.0, 12.5, 800.0),
    'nst': (50.0, 12.5, 3.12, 200.0),
    'mgd': (7e-05, 1.75e-05, 4.37e-06, 0.00028),
    'pkd': (6.0, 1.5, 0.375, 24.0),
    'vid': (1.0, 0.25, 0.0625, 4.0),
    'radio_spatial': (1.0, 0.25, 0.0625, 4.0),
    'sp': (3000.0, 750.0, 188.0, 12000.0),
    'simkd': (1.0, 0.25, 0.0625, 4.0),
    'cc': (1.0, 0.25, 0.0625, 4.0),
    'cka': (1.0, 0.25, 0.0625, 4.0),
    'crd': (0.8, 0.2, 0.05, 3.2),
    'pkt': (30000.0, 7500.0, 1880.0, 120000.0),
    'rkd': (1.0, 0.25, 0.0625, 4.0),
    'radio_summary': (1.0, 0.25, 0.0625, 4.0),
    'fsp': (50.0, 12.5, 3.12, 200.0),
    'review': (1.0, 0.25, 0.0625, 4.0),
    'semckd': (400.0, 100.0, 25.0, 1600.0),
}
points = [{'config': f'configs/catalogue/cifar10_{_name}.py', _WEIGHT: _weight} for _name, _weights in _WEIGHTS.items() for _weight in _weights]
options = {
    'suite': 'comparison_search',
    'train_dataloader.dataset.name': 'CIFAR-10-nine-tenths', 'train_dataloader.dataset.val': 0.1,
    'val_dataloader.dataset.split': 'val', 'val_dataloader.dataset.val': 0.1,
    'test_dataloader.dataset.split': 'val', 'test_dataloader.dataset.val': 0.1}
labels = {_WEIGHT: 'weight'}
seeds = [100]
title = 'Weights of the feature losses (CIFAR-10, held-out tenth)'
