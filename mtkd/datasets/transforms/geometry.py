"""Geometric operations on an image, its spatial labels and its metadata, used by the transforms.

``meta['crop']`` is updated: the rectangle of image content (not padding) inside the arrays, None if there is no padding.
"""

from collections.abc import Mapping

import cv2
import numpy as np

from mtkd.structures import Sample, SampleMeta, Size, TargetKind

Kinds = Mapping[str, TargetKind]
Rectangle = tuple[int, int, int, int]  # (top, left, height, width)
PAD_COLOUR = (124, 116, 104)  # ImageNet's mean in whole grey levels: 0 after normalisation, to half a grey level


def size_of(sample: Sample) -> Size:
    """(height, width) of the sample's image."""
    return sample['image'].shape[:2]


def content_of(sample: Sample) -> Rectangle:
    """The rectangle of image content inside the sample's arrays."""
    return sample['meta'].get('crop') or (0, 0, *size_of(sample))


def resize(sample: Sample, kinds: Kinds, size: Size, depth_zoom: float = 1.0) -> Sample:
    """The sample at ``size``: image bilinear, labels nearest, depths divided by ``depth_zoom``."""
    height, width = size_of(sample)
    crop = sample['meta'].get('crop')
    if crop is not None:
        top, left = round(crop[0] * size[0] / height), round(crop[1] * size[1] / width)
        bottom = round((crop[0] + crop[2]) * size[0] / height)
        right = round((crop[1] + crop[3]) * size[1] / width)
        crop = (top, left, bottom - top, right - left)
    image = cv2.resize(sample['image'], size[::-1], interpolation=cv2.INTER_LINEAR)
    return _moved(sample, image, {task: label if label is None else kinds[task].resize(label, size, depth_zoom)
                                  for task, label in sample['targets'].items()}, crop)


def window(sample: Sample, kinds: Kinds, rectangle: Rectangle) -> Sample:
    """The part of the sample inside ``rectangle``, which must be inside the image; views without copies."""
    top, left, height, width = rectangle
    cut = np.s_[top:top + height, left:left + width]
    crop = sample['meta'].get('crop')
    if crop is not None:
        first, last = max(crop[0] - top, 0), min(crop[0] + crop[2] - top, height)
        start, stop = max(crop[1] - left, 0), min(crop[1] + crop[3] - left, width)
        crop = (first, start, max(last - first, 0), max(stop - start, 0))
    return _moved(sample, sample['image'][cut], {
        task: label[cut] if label is not None and kinds[task].spatial else label
        for task, label in sample['targets'].items()}, crop)


def pad(sample: Sample, kinds: Kinds, size: Size) -> Sample:
    """The sample centred in ``size``: :data:`PAD_COLOUR` around the image, invalid around the labels."""
    (height, width), (top, left, *content) = size_of(sample), content_of(sample)
    above, before = (size[0] - height) // 2, (size[1] - width) // 2
    inside = np.s_[above:above + height, before:before + width]
    image: np.ndarray = np.empty((*size, 3), np.uint8)
    image[:] = PAD_COLOUR
    image[inside] = sample['image']
    targets = {}
    for task, label in sample['targets'].items():
        targets[task] = label
        if label is not None and kinds[task].spatial:
            targets[task] = kinds[task].empty(size)
            targets[task][inside] = label
    return _moved(sample, image, targets, (top + above, left + before, content[0], content[1]))


def hflip(sample: Sample, kinds: Kinds) -> Sample:
    """The mirrored sample; the x of normals is negated."""
    crop = sample['meta'].get('crop')
    if crop is not None:
        crop = (crop[0], size_of(sample)[1] - crop[1] - crop[3], crop[2], crop[3])
    flipped = _moved(sample, np.ascontiguousarray(sample['image'][:, ::-1]), {
        task: label if label is None else kinds[task].hflip(label) for task, label in sample['targets'].items()}, crop)
    flipped['meta']['flip'] = not sample['meta'].get('flip', False)
    return flipped


def _moved(sample: Sample, image: np.ndarray, targets: dict, crop: Rectangle | None) -> Sample:
    """The sample with other arrays; ``crop`` is None if there is no padding."""
    if crop == (0, 0, *image.shape[:2]):
        crop = None
    meta = SampleMeta(**{**sample['meta'], 'crop': crop})  # type: ignore[typeddict-item]
    return Sample(**{**sample, 'image': image, 'targets': targets, 'meta': meta})  # type: ignore[typeddict-item]
