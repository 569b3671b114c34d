import numpy as np
from mtkd.registry import DATASETS


def discs(**given):
    made = DATASETS.build({'type': 'Discs', 'num_samples': 3, **given})
    made.full_init()
    return made


def test_a_sample_is_a_function_of_its_number():
    one, two = discs().load(1), discs().load(1)
    assert all(np.array_equal(one['targets'][task], two['targets'][task]) for task in ('semseg', 'depth'))
    assert not np.array_equal(discs().load(0)['image'], discs(split='val').load(0)['image'])


def test_labels_agree():
    for i in range(3):
        targets = discs().load(i)['targets']
        assert targets['semseg'].max() <= 3 and targets['depth'].min() >= 1
        assert np.array_equal(targets['semseg'] == 0, targets['depth'] == 10)
