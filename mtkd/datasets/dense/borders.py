"""Edge labels made from class maps."""

import cv2
import numpy as np

from mtkd.structures import IGNORE


def laplacian_borders(labels: np.ndarray) -> np.ndarray:
    """(H, W) uint8 {0, 1}: where the Laplacian of a map of region ids is not 0, thinned to lines.

    Source: fact sheet 2.2 (PASCAL-Context).
    """
    from skimage.morphology import thin  # late: it imports most of SciPy
    return thin(cv2.Laplacian(labels.astype(np.float64), cv2.CV_64F) != 0).astype(np.uint8)


def label_borders(labels: np.ndarray) -> np.ndarray:
    """(H, W) uint8 {0, 1, 255}: pixels whose right, lower or lower-right neighbour is of another class.

    Unlabelled pixels (255) have no edge value, and there is no border next to them.

    Source: the partition rule of fact sheet 3.4, step 5.
    """
    edge = np.zeros(labels.shape, bool)
    known = labels != IGNORE
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:]), (np.s_[:-1, :-1], np.s_[1:, 1:])):
        edge[here] |= (labels[here] != labels[there]) & known[here] & known[there]
    return np.where(known, edge, IGNORE).astype(np.uint8)
