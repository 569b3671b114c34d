"""Weights of the output losses of the comparison: the default times 1, 1/4, 1/16 and 4, on a held-out tenth of the training images.

    python tools/sweep.py configs/sweeps/comparison_outputs_search.py --data-root data

As many iterations as in the table, and one seed that the table (configs/sweeps/comparison_outputs.py) does not use. Cost: 52 runs of a minute.
Not finished yet.
"""

_WEIGHT = 'model.distiller.links.0.weight'
_WEIGHTS = {
    'kd': (1.0, 0.25, 0.0625, 4.0),
    'dkd': (1.0, 0.25, 0.0625, 4.0),
    'nkd': (1.0, 0.25, 0.0625, 4.0),
    'mlkd': (1.0, 0.25, 0.0625, 4.0),
    'ls': (9.0, 2.25, 0.562, 36.0),
    'ctkd': (1.0, 0.25, 0.0625, 4.0),
    'wsld': (2.25, 0.562, 0.141, 9.0),
    'dist': (2.0, 0.5, 0.125, 8.0),
    'dist_plus': (1.0, 0.25, 0.0625, 4.0),
    'kdam': (1.0, 0.25, 0.0625, 4.0),
    'bernoulli': (1.0, 0.25, 0.0625, 4.0),
    'top_k': (1.0, 0.25, 0.0625, 4.0),
    'tf_kd': (1.0, 0.25, 0.0625, 4.0),
}
points = [{'config': f'configs/catalogue/cifar10_{_name}.py', _WEIGHT: _weight} for _name, _weights in _WEIGHTS.items() for _weight in _weights]
options = {
    'suite': 'comparison_search',
    'train_dataloader.dataset.name': 'CIFAR-10-nine-tenths', 'train_dataloader.dataset.val': 0.1,
    'val_dataloader.dataset.split': 'val', 'val_dataloader.dataset.val': 0.1,
    'test_dataloader.dataset.split': 'val', 'test_dataloader.dataset.val': 0.1}
labels = {_WEIGHT: 'weight'}
seeds = [100]
title = 'Weights of the output losses (CIFAR-10, held-out tenth)'
