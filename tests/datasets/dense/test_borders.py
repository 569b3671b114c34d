import numpy as np

from mtkd.datasets.dense.borders import label_borders, laplacian_borders

HALVES = np.zeros((10, 12), np.uint8)
HALVES[:, 6:] = 3


def test_label_borders_mark_one_column():
    edge = label_borders(HALVES)
    assert edge.dtype == np.uint8
    assert (edge[:, 5] == 1).all() and edge.sum() == 10


def test_label_borders_know_nothing_of_unlabelled_pixels():
    labels = HALVES.copy()
    labels[:, 6:8] = 255
    edge = label_borders(labels)
    assert (edge[:, 6:8] == 255).all() and (edge[:, :6] == 0).all() and (edge[:, 8:] == 0).all()


def test_laplacian_borders_are_thin_lines():
    edge = laplacian_borders(HALVES.astype(np.uint16) * 100)
    assert set(np.unique(edge)) == {0, 1}
    assert (edge[1:-1].sum(axis=1) == 1).all() and edge[:, [5, 6]].sum() == edge.sum()
    assert laplacian_borders(np.full((5, 5), 7)).sum() == 0
