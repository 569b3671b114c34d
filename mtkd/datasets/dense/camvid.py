"""CamVid: driving scenes with 11 classes."""

import logging

import numpy as np
from mmengine.logging import print_log

from mtkd.registry import DATASETS
from mtkd.structures import IGNORE, Sample

from ..base import BadData, Entry, TaskDataset
from ..files import class_ids, read_grey
from ..picture_files import by_stem, left_out, pictures_in
from .borders import label_borders

UNLABELLED = 11


@DATASETS.register_module()
class CamVid(TaskDataset):
    """CamVid in the folders of the SegNet tutorial.

    Under ``data_root``: ``<split>/ID.png`` (or another image format) and ``<split>annot/ID.png`` for ``train``, ``val``
    and ``test``; labels are 0 to 10, 11 is unlabelled and becomes 255. ``edge`` is computed from the labels: the borders
    between two labelled classes; unlabelled pixels have no edge value.

    Raises (on use):
        BadData: a folder has no images, an image has no labels.

    Source: Brostow et al. 2009; the 11-class version of the SegNet tutorial.
    """

    OFFERS = {'semseg': 'class_map', 'edge': 'edge_map'}
    NUM_CLASSES = {'semseg': 11}
    CLASSES = {'semseg': ('sky', 'building', 'pole', 'road', 'pavement', 'tree', 'sign symbol', 'fence', 'car',
                          'pedestrian', 'bicyclist')}
    SPLITS = ('train', 'val', 'test')

    def load_data_list(self) -> list[Entry]:
        folder = self.data_root / self.split
        if not folder.is_dir():
            raise BadData(f'{folder} is missing: data_root must be the folder that holds it.')
        pictures, others = pictures_in(folder)
        if others:
            print_log(f"{self.name} '{self.split}' in {folder}: {left_out(others)}.", 'current', logging.WARNING)
        labels = self.data_root / f'{self.split}annot'
        there = by_stem((path.name for path in labels.iterdir()) if labels.is_dir() else (), ('.png',))
        unused = sorted(there.keys() - {path.stem for path in pictures})
        if unused:
            print_log(f"{self.name} '{self.split}': {len(unused)} labels are left out, {folder} has no image for them "
                      f'(first: {labels / there[unused[0]]}).', 'current', logging.WARNING)
        files = {path: labels / there.get(path.stem, f'{path.stem}.png') for path in pictures}
        return [{'sample_id': path.stem, 'files': {'image': path, **dict.fromkeys(self.reads, label)}}
                for path, label in files.items()]

    def read(self, entry: Entry) -> Sample:
        files = entry['files']
        path = next(files[task] for task in self.reads)  # both labels come from one file
        ids = class_ids(read_grey(path), path)
        semseg = np.where(ids == UNLABELLED, IGNORE, ids).astype(np.uint8)
        labels = {'semseg': semseg, 'edge': label_borders(semseg) if 'edge' in self.reads else None}
        return Sample(image=self.read_image(files['image']), targets={task: labels[task] for task in self.reads}, meta={})
