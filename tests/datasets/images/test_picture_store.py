import numpy as np
import torch

from mtkd.datasets.images.picture_store import PictureStore
from mtkd.datasets.transforms import PhotoMetricDistortion, RandomHFlip, RandomTranslate
from mtkd.structures import KINDS

TASKS = {'age': KINDS['scalar'], 'race': KINDS['class_label'], 'mood': KINDS['class_label']}


def test_a_batch_is_cut_out():
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 6, 3)).astype(np.uint8)
    images.flags.writeable = False
    store = PictureStore(images, {'age': [1.5, None, 3, 4], 'race': [None, 2, 0, 1]}, TASKS)
    metas = [{'index': i} for i in (2, 0, 2)]
    batch = store.batch(np.array([2, 0, 2]), metas, [], [])
    assert torch.equal(batch['image'], torch.from_numpy(images[[2, 0, 2]].transpose(0, 3, 1, 2)))
    assert batch['image'].is_contiguous() and batch['meta'] == metas and batch['teacher'] == {}
    assert batch['targets']['age'].tolist() == [3, 1.5, 3] and batch['targets']['race'].tolist() == [0, -1, 0]
    assert batch['present']['race'].tolist() == [True, False, True] and not batch['present']['mood'].any()
    assert batch['targets']['age'].dtype == torch.float32 and batch['targets']['mood'].tolist() == [-1, -1, -1]


def test_the_pipeline_leaves_the_store_as_it_is():
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 3)).astype(np.uint8)
    kept = images.copy()
    rngs = [np.random.default_rng(i) for i in range(3)]
    batch = PictureStore(images, {}, TASKS).batch(np.arange(3), [{} for _ in range(3)], [RandomHFlip(1.0)], rngs)
    assert np.array_equal(images, kept)
    assert torch.equal(batch['image'], torch.from_numpy(images.transpose(0, 3, 1, 2)).flip(-1))


def test_what_it_serves():
    assert PictureStore.serves([RandomHFlip(), RandomTranslate()], TASKS)
    assert not PictureStore.serves([PhotoMetricDistortion()], TASKS)
    assert not PictureStore.serves([], {**TASKS, 'depth': KINDS['depth']})
