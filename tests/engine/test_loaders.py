"""The data sets of a loader."""

from mmengine.config import ConfigDict

from mtkd.engine.loaders import datasets_of


def test_data_sets_inside_data_sets():
    loader = ConfigDict({'dataset': {'type': 'MultiDataset', 'datasets': [
        {'type': 'A'}, {'type': 'B', 'datasets': [{'type': 'C'}]}]}})
    assert sorted(dataset.type for dataset in datasets_of(loader)) == ['A', 'B', 'C', 'MultiDataset']
    assert list(datasets_of(None)) == []
