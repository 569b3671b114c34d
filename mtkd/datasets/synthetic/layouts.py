"""Scenes written in the folders and encodings of the real data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ...structures import Size
from .labels import CLASSES, LIMB_ID, LIMBS, first_scene
from .render import Scene, render_scene

_PASCAL_SIZES = ((375, 500), (333, 500), (500, 375), (281, 500), (500, 334), (360, 480))
_VOC_IDS = {'sofa': 18, 'table': 11, 'chair': 9, 'person': 15}
"""Class -> id in VOC, for the classes that are also in VOC; the others become its background, 0."""
_CONTEXT_IDS = {
    'wall': 440, 'floor': 158, 'ceiling': 68, 'bed': 18, 'sofa': 368, 'table': 397, 'chair': 72, 'cabinet': 46,
    'lamp': 232, 'ball': 12, 'picture': 288, 'window': 454, 'door': 115, 'rug': 331, 'person': 284,
}  # fmt: skip
"""Class -> an id in the range of PASCAL-Context (1..459)."""
_INSIDE_HEAD = {'head': ('head', 'hair')}  # masks of PASCAL-Part may overlap: that of a head includes its hair


def _write_image(path: Path, picture: np.ndarray, quality: int = 95) -> None:
    """Write (H, W) grey or (H, W, 3) RGB uint8, and create the folder if needed.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.ndim == 3:
        picture = picture[..., ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == '.jpg' else []
    if not cv2.imwrite(str(path), picture, options):
        raise OSError(f'Could not write the image {path}.')


def _write_array(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def _write_mat(path: Path, **variables: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    from scipy.io import savemat  # late: only tests write this
    savemat(path, variables, do_compression=True)


def _write_ids(path: Path, ids: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{sample_id}\n' for sample_id in ids), encoding='utf-8')


def _as_colours(normals: np.ndarray) -> np.ndarray:
    """Unit vectors as 8-bit RGB, so that n = 2 v / 255 - 1."""
    return np.round((normals + 1) * 127.5).astype(np.uint8)


def _table_of(ids: Mapping[str, int], dtype: type) -> np.ndarray:
    return np.array([ids.get(name, 0) for name in CLASSES], dtype)


def write_nyud_mt(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (96, 128), variant: str = 'drive'
) -> dict[str, list[str]]:
    """Writes scenes as one of the three NYUD-MT releases (fact sheet 2.1) straight under `root`.

    Segmentation holds class + 1; 0 would be unlabelled and does not occur. Normals are in camera axes, x right, y down,
    z forward.

    Args:
        root: the folder that stands for `NYUD_MT/` or `NYUDv2/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of images.
        size: (height, width).
        variant: 'drive' (jpg; png, npy, npy, npy), 'eth' (png throughout, depth npy) or 'astmt' (jpg; mat, jpg, png,
            mat): the files of image; segmentation, normals, edge, depth.

    Returns:
        split -> ids; sample k of a split is scene `SPLIT_START[split] + k`.

    Raises:
        ValueError: unknown variant or split.
    """
    if variant not in ('drive', 'eth', 'astmt'):
        raise ValueError(f"There is no NYUD-MT variant '{variant}'; there are drive, eth and astmt.")
    root, written, number = Path(root), {}, 0
    for split, count in counts.items():
        written[split] = [f'{number + k + 1:04d}' for k in range(count)]
        number += count
        for k, sample_id in enumerate(written[split]):
            scene = render_scene(seed, first_scene(split) + k, size)
            _write_image(root / 'images' / f'{sample_id}.{"png" if variant == "eth" else "jpg"}', scene.image)
            if variant == 'astmt':
                _write_mat(root / 'segmentation' / f'{sample_id}.mat', segmentation=scene.semseg + np.uint8(1))
                _write_image(root / 'normals' / f'{sample_id}.jpg', _as_colours(scene.normals), quality=100)
                _write_mat(root / 'depth' / f'{sample_id}.mat', depth=scene.depth_m)
            else:
                _write_image(root / 'segmentation' / f'{sample_id}.png', scene.semseg + np.uint8(1))
                _write_array(root / 'depth' / f'{sample_id}.npy', scene.depth_m)
            if variant == 'eth':
                _write_image(root / 'normals' / f'{sample_id}.png', _as_colours(scene.normals))
            elif variant == 'drive':
                _write_array(root / 'normals' / f'{sample_id}.npy', scene.normals)
                _write_array(root / 'edge' / f'{sample_id}.npy', scene.edge.astype(np.float32))
            if variant != 'drive':
                _write_image(root / 'edge' / f'{sample_id}.png', scene.edge * np.uint8(255))
        _write_ids(root / 'gt_sets' / f'{split}.txt', written[split])
    return written


def _voc_map(scene: Scene) -> np.ndarray:
    """VOC's 21 classes with the void band (255) that VOC draws around objects."""
    labels = _table_of(_VOC_IDS, np.uint8)[scene.semseg]
    things = np.where(labels > 0, scene.instances, 0).astype(np.uint8)
    kernel: np.ndarray = np.ones((3, 3), np.uint8)
    labels[cv2.dilate(things, kernel) != cv2.erode(things, kernel)] = 255
    return labels


def _struct(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> np.ndarray:
    """A MATLAB 1 x N struct array."""
    array: np.ndarray = np.empty((1, len(rows)), dtype=[(name, object) for name in names])
    for i, row in enumerate(rows):
        array[0, i] = row
    return array


def _several(size: Size | Sequence[Size] | None) -> list[Size]:
    if size is None:
        return list(_PASCAL_SIZES)
    pairs = np.array(size).reshape(-1, 2)
    return [(int(h), int(w)) for h, w in pairs]


def _part_annotation(scene: Scene, sample_id: str) -> np.ndarray:
    """PASCAL-Part's `anno`: .imname, .objects(i) = (class, class_ind, mask, parts(j) = (part_name, mask))."""
    objects = []
    for region in np.unique(scene.instances).tolist():
        mask = scene.instances == region
        name = CLASSES[int(scene.semseg[mask][0])]
        if name not in _VOC_IDS:
            continue
        parts = []
        for limb in sorted(set(np.unique(scene.limbs[mask]).tolist()) - {0}):
            part = LIMBS[limb - 1][0]
            inside = [LIMB_ID[other] for other in _INSIDE_HEAD.get(part, (part,))]
            parts.append((part, (mask & np.isin(scene.limbs, inside)).astype(np.uint8)))
        listed = _struct(parts, ('part_name', 'mask')) if parts else np.zeros((0, 0))
        objects.append((name, float(_VOC_IDS[name]), mask.astype(np.uint8), listed))
    return _struct([(sample_id, _struct(objects, ('class', 'class_ind', 'mask', 'parts')))], ('imname', 'objects'))


def write_pascal_mt(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size | Sequence[Size] | None = None
) -> dict[str, list[str]]:
    """Writes scenes in the layout of PASCAL-MT (fact sheet 2.2) straight under `root`.

    Every second id has only `semseg/pascal-context/ID.png` (no void band), the others only `semseg/VOC12/ID.png`.
    `LabelMap` numbers classes, as PASCAL-Context does: two chairs that touch are one region there.

    Args:
        root: the folder that stands for `PASCAL_MT/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of images.
        size: one (height, width), or several used in turn; None: sizes like PASCAL's, the longer side at most 500.

    Returns:
        split -> ids; sample k of a split is scene `SPLIT_START[split] + k`.

    Raises:
        ValueError: unknown split.
    """
    sizes = _several(size)
    context = _table_of(_CONTEXT_IDS, np.uint16)
    root, written, number = Path(root), {}, 0
    for split, count in counts.items():
        written[split] = [f'2008_{number + k + 1:06d}' for k in range(count)]
        number += count
        for k, sample_id in enumerate(written[split]):
            scene = render_scene(seed, first_scene(split) + k, sizes[k % len(sizes)])
            _write_image(root / 'JPEGImages' / f'{sample_id}.jpg', scene.image)
            if k % 2 == 0:
                _write_image(root / 'semseg' / 'VOC12' / f'{sample_id}.png', _voc_map(scene))
            else:
                labels = _table_of(_VOC_IDS, np.uint8)[scene.semseg]
                _write_image(root / 'semseg' / 'pascal-context' / f'{sample_id}.png', labels)
            _write_mat(root / 'pascal-context' / 'trainval' / f'{sample_id}.mat', LabelMap=context[scene.semseg])
            _write_mat(root / 'human_parts' / f'{sample_id}.mat', anno=_part_annotation(scene, sample_id))
            _write_image(root / 'normals_distill' / f'{sample_id}.png', _as_colours(scene.normals))
            _write_image(root / 'sal_distill' / f'{sample_id}.png', scene.sal * np.uint8(255))
        _write_ids(root / 'ImageSets' / 'Context' / f'{split}.txt', written[split])
    return written


def write_camvid(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (96, 128), suffix: str = '.png'
) -> dict[str, list[str]]:
    """Writes scenes in the folders of the SegNet tutorial's CamVid: `<split>/ID<suffix>`, `<split>annot/ID.png`.

    Our first 11 classes stand for CamVid's 0..10; the others become 11, which CamVid ignores. There are no list files.

    Args:
        root: the folder that holds `train/`, `trainannot/`, ...
        seed: series of `render_scene`.
        counts: split ('train', 'val', 'test') -> number of images.
        size: (height, width).
        suffix: '.png' as in the tutorial, or '.jpg'.

    Returns:
        split -> ids; sample k of a split is scene `SPLIT_START[split] + k`.

    Raises:
        ValueError: unknown split.
    """
    root, written = Path(root), {}
    for split, count in counts.items():
        written[split] = [f'0001TP_{6690 + 30 * k:06d}' for k in range(count)]
        for k, sample_id in enumerate(written[split]):
            scene = render_scene(seed, first_scene(split) + k, size)
            _write_image(root / split / f'{sample_id}{suffix}', scene.image)
            _write_image(root / f'{split}annot' / f'{sample_id}.png', np.minimum(scene.semseg, 11).astype(np.uint8))
    return written


_BLIND_M = 8.0
"""Depth in metres from which MTAN's layouts are written without a depth."""


def _write_mtan(folder: Path, number: int, scene: Scene, classes: int, label: str, depth: np.ndarray) -> None:
    """Writes image, class map and (H, W) depth of one sample of MTAN's layout under `folder`."""
    seen = scene.depth_m < _BLIND_M
    _write_array(folder / 'image' / f'{number}.npy', scene.image.astype(np.float32) / 255)
    _write_array(folder / label / f'{number}.npy', np.where(scene.semseg < classes, scene.semseg, -1.0))
    _write_array(folder / 'depth' / f'{number}.npy', np.where(seen, depth, np.float32(0))[..., None])


def write_nyuv2_mtan(root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (96, 128)) -> None:
    """Writes scenes in MTAN's NYUv2 layout (fact sheet 2.3), `<split>/{image,label,depth,normal}/<number>.npy`.

    Our first 13 classes stand for its 13, the others become -1; depths of 8 m and more and the normals there are invalid.

    Args:
        root: the folder that stands for `nyuv2/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of images; image k of a split is scene `SPLIT_START[split] + k`.
        size: (height, width).

    Raises:
        ValueError: unknown split.
    """
    for split, count in counts.items():
        for k in range(count):
            scene = render_scene(seed, first_scene(split) + k, size)
            _write_mtan(Path(root) / split, k, scene, 13, 'label', scene.depth_m)
            normals = np.where((scene.depth_m < _BLIND_M)[..., None], scene.normals, np.float32(0))
            _write_array(Path(root) / split / 'normal' / f'{k}.npy', normals)


def write_cityscapes_mtan(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (64, 128), classes: int = 7,
    label: str | None = None,
) -> None:  # fmt: skip
    """Writes scenes in MTAN's Cityscapes layout (fact sheet 2.4), `<split>/{image,label_7,depth}/<number>.npy`.

    Our first classes stand for its own, the others become -1; the inverse depth is 0.2 / metres, 0 from 8 m on.

    Args:
        root: the folder that stands for `cityscapes/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of images; image k of a split is scene `SPLIT_START[split] + k`.
        size: (height, width).
        classes: how many classes to keep, at most ours.
        label: name of the label folder; `label_<classes>` by default.

    Raises:
        ValueError: unknown split.
    """
    for split, count in counts.items():
        for k in range(count):
            scene = render_scene(seed, first_scene(split) + k, size)
            _write_mtan(
                Path(root) / split, k, scene, classes, label or f'label_{classes}', np.float32(0.2) / scene.depth_m
            )
