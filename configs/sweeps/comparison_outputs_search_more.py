"""As comparison_outputs_search.py, further out where the best weight was the smallest or the largest one.

    python tools/sweep.py configs/sweeps/comparison_outputs_search_more.py --data-root data

Cost: 17 runs of half a minute. Not finished yet.
"""

_WEIGHT = 'model.distiller.links.0.weight'
_WEIGHTS = {
    'kd': (0.0625, 0.0156), 'dkd': (0.0625, 0.0156), 'ctkd': (0.0625, 0.0156), 'bernoulli': (0.0625, 0.0156),
    'mlkd': (0.0625, 0.0156, 0.0039), 'dist_plus': (16.0, 64.0), 'kdam': (16.0, 64.0), 'wsld': (36.0,), 'nkd': (0.0625,)}
points = [{'config': f'configs/catalogue/cifar10_{_name}.py', _WEIGHT: _weight} for _name, _weights in _WEIGHTS.items() for _weight in _weights]
options = {
    'suite': 'comparison_search', 'train_cfg.max_iters': 400,
    'train_dataloader.dataset.name': 'CIFAR-10-nine-tenths', 'train_dataloader.dataset.val': 0.1,
    'val_dataloader.dataset.split': 'val', 'val_dataloader.dataset.val': 0.1,
    'test_dataloader.dataset.split': 'val', 'test_dataloader.dataset.val': 0.1}
labels = {_WEIGHT: 'weight'}
seeds = [100]
title = 'Further weights of the output losses (CIFAR-10, held-out tenth)'
