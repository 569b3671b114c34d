"""Class maps from COCO annotations: instance segmentations of a JSON file, and panoptic PNGs with their JSON."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mtkd.structures import IGNORE, Size

from ..base import BadData
from ..files import REPAIR
from ..picture_files import read_picture


class CocoMasks:
    """The class map of each image of a COCO JSON file.

    Pixels of several instances belong to the smallest one, which is on top. ``iscrowd`` regions count as their class.
    Uncovered pixels are ``background``.

    Args:
        file: the JSON file.
        categories: category id or name -> class; None: the categories in the order of their ids, from 0, or from 1 if
            ``background`` is 0.
        background: class of uncovered pixels; 255 ignores them.
        panoptic: whether the file is a panoptic one, whose segments are read from PNGs.

    Raises:
        BadData: the file is missing or not a COCO file, or ``categories`` has one that is not in it.
    """

    def __init__(self, file: Path, categories: Mapping[Any, int] | None = None, background: int = IGNORE,
                 panoptic: bool = False) -> None:
        self.file, self.background, self.panoptic = file, int(background), panoptic
        content = _read_json(file)
        self.images = {Path(image['file_name']).stem: image for image in content['images']}
        self.classes = self._classes(content.get('categories') or [], categories)
        self.annotations: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for annotation in content['annotations']:
            self.annotations[annotation['image_id']].append(annotation)

    def _classes(self, known: list[Mapping[str, Any]], categories: Mapping[Any, int] | None) -> dict[int, int]:
        ids = {category['id']: category['id'] for category in known}
        names = {category['name']: category['id'] for category in known}
        if categories is None:
            first = 1 if self.background == 0 else 0
            return {identifier: first + place for place, identifier in enumerate(sorted(ids))}
        chosen: dict[int, int] = {}
        for category, target in categories.items():
            if category not in ids and category not in names:
                raise BadData(f"{self.file} has no category '{category}'; it has {', '.join(names)}.")
            chosen[ids[category] if category in ids else names[category]] = int(target)
        return chosen

    def __contains__(self, sample_id: str) -> bool:
        return Path(sample_id).name in self.images

    def read(self, sample_id: str, size: Size, png: Path | None = None) -> np.ndarray:
        """(H, W) uint8 class ids of an image.

        Args:
            sample_id: the image's file name without its suffix.
            size: (height, width) of the image.
            png: the panoptic PNG, whose colours are segment ids.

        Raises:
            BadData: a segmentation does not fit the image, or a segment has no entry.
        """
        image = self.images[Path(sample_id).name]
        annotations = self.annotations[image['id']]
        return self._segments(annotations, png) if self.panoptic else self._instances(annotations, sample_id, size)

    def _instances(self, annotations: list[Mapping[str, Any]], sample_id: str, size: Size) -> np.ndarray:
        labels: np.ndarray = np.full(size, self.background, np.uint8)
        for annotation in sorted(annotations, key=lambda one: -float(one.get('area', 0))):
            if annotation['category_id'] not in self.classes:
                continue
            labels[self._mask(annotation, sample_id, size)] = self.classes[annotation['category_id']]
        return labels

    def _mask(self, annotation: Mapping[str, Any], sample_id: str, size: Size) -> np.ndarray:
        from pycocotools import mask as coco_mask  # late: few data sets have COCO's files
        shape: Any = annotation.get('segmentation')
        try:
            if isinstance(shape, list):
                encoded = coco_mask.merge(coco_mask.frPyObjects(shape, *size))
            elif isinstance(shape['counts'], list):
                encoded = coco_mask.frPyObjects(shape, *shape['size'])
            else:
                encoded = shape
            mask = coco_mask.decode(encoded).astype(bool)
        except (TypeError, KeyError, ValueError, IndexError) as error:
            raise BadData(f"{self.file}: the segmentation of annotation {annotation.get('id')} ('{sample_id}') does not "
                          "read "
                          f'({error}): repair or remove it.') from error
        if mask.shape != size:
            raise BadData(f"{self.file}: annotation {annotation.get('id')} is {mask.shape[0]}x{mask.shape[1]}, its image "
                          f"'{sample_id}' {size[0]}x{size[1]}: they do not belong together.")
        return mask

    def _segments(self, annotations: list[Mapping[str, Any]], png: Path | None) -> np.ndarray:
        if png is None:
            raise BadData(f'{self.file} is panoptic, its segments lie in PNGs: give files=... as well.')
        colours: np.ndarray = read_picture(png, exif='refuse').astype(np.int64)
        segments = colours[..., 0] + 256 * colours[..., 1] + 65536 * colours[..., 2]
        known = {segment['id']: segment['category_id'] for one in annotations for segment in one['segments_info']}
        values, places = np.unique(segments, return_inverse=True)
        classes = []
        for value in values.tolist():
            if value and value not in known:
                raise BadData(f'{png} has the segment {value}, which {self.file} does not list: {REPAIR}.')
            classes.append(self.classes.get(known[value], IGNORE) if value else self.background)
        return np.asarray(classes, np.uint8)[places].reshape(segments.shape)


def _read_json(file: Path) -> Any:
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise BadData(f'{file} is missing: correct the path of the annotations, below data_root.') from None
    except (OSError, ValueError) as error:
        raise BadData(f'{file} is not a readable JSON file ({error}).') from error
    if not isinstance(content, dict) or not {'images', 'annotations'} <= set(content):
        raise BadData(f"{file} is no COCO annotation file: it has no 'images' and 'annotations'.")
    return content
