from mmengine.registry import FUNCTIONS

from mtkd.datasets import collate

from .toy import Toy


def test_is_registered_for_configs():
    assert FUNCTIONS.get('mtkd_collate') is collate


def test_batch_of_a_data_set():
    data = Toy(tasks={'depth': 'depth', 'edge': 'binary_map'})
    batch = FUNCTIONS.get('mtkd_collate')([data[0], data[1]])
    assert batch['image'].shape == (2, 3, 20, 30) and batch['targets']['depth'].shape == (2, 1, 20, 30)
    assert batch['present']['edge'].tolist() == [False, False]
