"""Weight and temperature of the soft labels on CIFAR-10 with a tenth of the labels, scored on a held-out tenth of the training images.

    python tools/sweep.py configs/sweeps/few_labels_search.py --data-root data

Seeds that the table (configs/sweeps/few_labels.py) does not use. Result: docs/results/few_labels.md."""

_WEIGHT, _TAU = 'model.distiller.links.0.weight', 'model.distiller.links.0.loss.tau'
config = 'configs/few_labels/cifar10_taught_search.py'
points = [{_WEIGHT: 0.5, _TAU: 2.0}, {_WEIGHT: 2.0, _TAU: 2.0}, {_WEIGHT: 2.0, _TAU: 1.0}]
labels = {_WEIGHT: 'weight', _TAU: 'tau'}
seeds = [100]
title = 'Few labels: weight and temperature of the soft labels (held-out tenth)'
