"""PASCAL-Context for multi-task learning: segmentation, human parts, saliency, normals and edges."""

from pathlib import Path
from typing import Any

import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import IGNORE, Sample

from ..base import BadData, Entry, TaskDataset
from ..files import REPAIR, class_ids, read_grey, read_list, read_mat, stored_normals
from ..picture_files import IMAGE_SUFFIXES, by_stem, read_picture
from .borders import laplacian_borders
from .pascal_tables import NYU_SHARED, PART_IDS, SIX_PARTS

PERSON = 15
FOLDERS = {'human_parts': ('human_parts', '.mat'), 'edge': ('pascal-context/trainval', '.mat'),
           'sal': ('sal_distill', '.png'), 'normals': ('normals_distill', '.png')}
_SHARED: np.ndarray = np.zeros(460, bool)
_SHARED[list(NYU_SHARED)] = True


@DATASETS.register_module()
class PASCALContextMT(TaskDataset):
    """PASCAL-Context in the folder layout of the multi-task literature (``PASCAL_MT/`` or ``PASCALContext/``).

    Under ``data_root``: ``JPEGImages/ID.jpg``, ``ImageSets/Context/{train,val}.txt`` and

    - ``semseg/VOC12/ID.png``, or if absent ``semseg/pascal-context/ID.png``: 21 classes, 255 unlabelled;
    - ``human_parts/ID.mat`` (PASCAL-Part): the parts of all persons merged to six and background; an image without
      person parts is invalid everywhere;
    - ``pascal-context/trainval/ID.mat`` with ``LabelMap``: its region borders, thinned, are the edges;
    - ``normals_distill/ID.png``: 8-bit normals of a network, used only on classes that NYU also has;
    - ``sal_distill/ID.png``: saliency of a network, salient above one half.

    The last two are not ground truth. Thinning takes most of the reading time: use ``cache=True`` if memory allows.

    Source: fact sheet 2.2.
    """

    OFFERS = {'semseg': 'class_map', 'human_parts': 'class_map', 'sal': 'binary_map', 'normals': 'normals',
              'edge': 'edge_map'}
    NUM_CLASSES = {'semseg': 21, 'human_parts': 7}
    CLASSES = {
        'semseg': ('background', 'aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow',
                   'dining table', 'dog', 'horse', 'motorbike', 'person', 'potted plant', 'sheep', 'sofa', 'train',
                   'tv monitor'),
        'human_parts': SIX_PARTS}

    def load_data_list(self) -> list[Entry]:
        ids = read_list(self.data_root / 'ImageSets' / 'Context' / f'{self.split}.txt')
        first = self.data_root / 'semseg' / 'VOC12'
        voc = {path.name for path in first.iterdir()} if first.is_dir() else set()
        folder = self.data_root / 'JPEGImages'
        pictures = by_stem((path.name for path in folder.iterdir()) if folder.is_dir() else (), IMAGE_SUFFIXES)
        return [{'sample_id': name, 'files': self._files(name, f'{name}.png' in voc, pictures)} for name in ids]

    def _files(self, name: str, voc: bool, pictures: dict[str, str]) -> dict[str, Path]:
        """The files of one sample; ``voc``: whether it has a segmentation of VOC 2012; ``pictures``: stem -> file."""
        files = {'image': self.data_root / 'JPEGImages' / pictures.get(name, f'{name}.jpg')}
        for task in self.reads:
            folder, suffix = FOLDERS.get(task, ('semseg/VOC12' if voc else 'semseg/pascal-context', '.png'))
            files[task] = self.data_root / folder / f'{name}{suffix}'
        if 'normals' in self.reads:
            files['regions'] = self.data_root / 'pascal-context' / 'trainval' / f'{name}.mat'
        return files

    def read(self, entry: Entry) -> Sample:
        files = entry['files']
        image = self.read_image(files['image'])
        targets: dict[str, Any] = {}
        if 'semseg' in self.reads:
            targets['semseg'] = class_ids(read_grey(files['semseg']), files['semseg']).astype(np.uint8)
        if 'human_parts' in self.reads:
            targets['human_parts'] = read_parts(files['human_parts'], image.shape[:2])
        if 'sal' in self.reads:
            targets['sal'] = (read_grey(files['sal']) > 127).astype(np.uint8)
        if 'edge' in self.reads:
            targets['edge'] = laplacian_borders(read_regions(files['edge']))
        if 'normals' in self.reads:
            targets['normals'] = read_normals(files['normals'], read_regions(files['regions']))
        return Sample(image=image, targets=targets, meta={})


def read_regions(path: Path) -> np.ndarray:
    """(H, W) int32 ids of PASCAL-Context's 459 classes."""
    return class_ids(np.asarray(read_mat(path, 'LabelMap')), path, top=len(_SHARED) - 1)


def read_normals(path: Path, label_map: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 unit vectors, zero outside the classes shared with NYU.

    The official loaders read the same vectors with the length from 8 bits, which is 1 within 0.5 % for a normal. Here they
    have length 1, and a grey pixel, whose vector is shorter than 0.1, is invalid.

    Raises:
        BadData: the image of normals and the map of regions differ in size.
    """
    normals = stored_normals(read_picture(path, exif='refuse'), path)
    if normals.shape[:2] != label_map.shape:
        raise BadData(f'{path} is {normals.shape[0]}x{normals.shape[1]}, the LabelMap that masks it '
                      f'{label_map.shape[0]}x{label_map.shape[1]}: {REPAIR}.')
    normals[~_SHARED[label_map]] = 0
    return normals


def read_parts(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(H, W) uint8 of the six parts of all persons in a PASCAL-Part annotation; 255 everywhere if there are none.

    Raises:
        BadData: the annotation has another structure, or a part that PASCAL-Part does not have.
    """
    parts: np.ndarray = np.zeros(size, np.uint8)
    try:
        for thing in _rows(read_mat(path, 'anno')['objects']):
            if int(thing['class_ind']) != PERSON:
                continue
            for part in _rows(thing['parts']):
                parts[np.asarray(part['mask']) > 0] = PART_IDS[part['part_name']]
    except (KeyError, TypeError, IndexError) as error:
        raise BadData(f'{path} is no PASCAL-Part annotation ({type(error).__name__}: {error}; expected are objects with '
                      f'class_ind and parts, these with part_name and a mask of the size of the image): '
                      f'{REPAIR}.') from error
    return parts if parts.any() else np.full(size, IGNORE, np.uint8)


def _rows(structs: Any) -> list[dict[str, Any]]:
    """The rows of a MATLAB struct array, which SciPy reads as one dictionary, several, or an empty array."""
    return [structs] if isinstance(structs, dict) else list(structs)
