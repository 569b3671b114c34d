"""The Visual Decathlon: ten image classification sets with images of 72 pixels."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from mtkd.registry import DATASETS

from ..base import BadData, counted_classes
from .folder_images import FolderImages

NUM_CLASSES = {'aircraft': 100, 'cifar100': 100, 'daimlerpedcls': 2, 'dtd': 47, 'gtsrb': 43, 'imagenet12': 1000,
               'omniglot': 1623, 'svhn': 10, 'ucf101': 101, 'vgg-flowers': 102}
RELEASES = {'folder': 'decathlon-1.0-data', 'coco': 'decathlon-1.0'}


@DATASETS.register_module()
class Decathlon(FolderImages):
    """One of the ten sets, from either release.

    Below ``data_root`` there must be ``decathlon-1.0-data/<name>/{train,val}/<class>/*.jpg`` (``layout='folder'``), or
    ``decathlon-1.0`` with ``annotations/<name>_{train,val}.json`` and the images listed there, relative to that folder or
    to ``data`` in it (``layout='coco'``). Classes are numbered by the sorted names of the training folders, or by the
    sorted category ids of the training annotations. Labels of the test sets were never published: there is no split
    ``test``. Images are resized to ``size``; colours are unchanged.

    Args:
        args: see :class:`FolderImages`.
        name: name of the set; also the value of ``meta['dataset']``.
        layout: ``'folder'`` or ``'coco'``.
        task: name of the task; by default the set's.
        kwargs: see :class:`FolderImages`.

    Raises:
        ValueError: the set, layout or split does not exist.
        BadData (on use): see :class:`FolderImages`; annotations are missing, unreadable, or do not give every image one
            category.

    Source: Rebuffi et al. 2017; fact sheet 2.5.
    """

    def __init__(self, *args: Any, name: str, layout: str = 'folder', task: str | None = None, **kwargs: Any) -> None:
        if name not in NUM_CLASSES:
            raise ValueError(f"the Visual Decathlon has no set '{name}': use one of {', '.join(NUM_CLASSES)}.")
        if layout not in RELEASES:
            raise ValueError(f"Decathlon(layout='{layout}'): use one of {', '.join(RELEASES)}.")
        self.NUM_CLASSES = counted_classes(task or name, NUM_CLASSES[name], kwargs)
        super().__init__(*args, name=name, task=task or name, **kwargs)
        if self.split not in ('train', 'val'):
            raise ValueError(f"Decathlon has no labels of the split '{self.split}': use train or val.")
        self.layout = layout

    @property
    def folder(self) -> Path:
        """The release, or the set's folder in it."""
        release = self.data_root / RELEASES[self.layout]
        return release / self.name if self.layout == 'folder' else release

    def listed(self) -> tuple[list[Path], list[int], list[str]]:
        """See :class:`FolderImages`."""
        return super().listed() if self.layout == 'folder' else self._annotated()

    def _annotated(self) -> tuple[list[Path], list[int], list[str]]:
        file = self._file(self.split)
        names = categories(read_annotations(self._file('train')))
        numbers = {category: number for number, category in enumerate(names)}
        annotations = read_annotations(file)
        top, paths, labels = None, [], []
        for key in sorted(annotations.imgs):
            own = [annotation['category_id'] for annotation in annotations.imgToAnns.get(key, [])]
            picture = annotations.imgs[key]['file_name']
            if len(own) != 1 or own[0] not in numbers:
                raise BadData(f'{file} gives {picture} the categories {own}, it must have one, of those of the training '
                              f'set: repair the annotations.')
            top = top or next((place for place in (self.folder, self.folder / 'data') if (place / picture).is_file()),
                              self.folder)
            paths.append(top / picture)
            labels.append(numbers[own[0]])
        self.check_files([{'files': {'image': path}} for path in paths])
        return paths, labels, list(names.values())

    def _file(self, split: str) -> Path:
        return self.folder / 'annotations' / f'{self.name}_{split}.json'


def read_annotations(path: Path) -> Any:
    """A :class:`pycocotools.coco.COCO` of an annotation file.

    Raises:
        BadData: the file is missing or does not contain such annotations.
    """
    from pycocotools.coco import COCO  # imported late because it loads Matplotlib

    if not path.is_file():
        raise BadData(f'{path} is missing: data_root must be the folder that holds {RELEASES["coco"]}.')
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # COCO prints its loading time
            read = COCO(str(path))
    except (OSError, AssertionError, KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadData(f'{path} holds no COCO annotations ({type(error).__name__}: {error}): get the file again.') from error
    if not read.imgs or not read.anns:
        raise BadData(f'{path} lists {len(read.imgs)} images and {len(read.anns)} annotations: get the file again.')
    return read


def categories(annotations: Any) -> dict[int, str]:
    """Category id -> name, by ascending id; the categories in use if the file does not list them."""
    listed = {key: str(category.get('name', key)) for key, category in annotations.cats.items()}
    used = {annotation['category_id']: str(annotation['category_id']) for annotation in annotations.anns.values()}
    return dict(sorted((listed or used).items()))
