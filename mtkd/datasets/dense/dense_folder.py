"""Custom dense data: a pattern for the images, and a pattern with a few rules for each label."""

import re
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import Sample

from ..base import BadData, Entry, TaskDataset
from ..files import read_list
from .coco_masks import CocoMasks
from .label_files import ANNOTATIONS, check_rules, label_kind, read_label

KEPT_ARGUMENTS = ('cache', 'num_classes', 'views', 'name', 'label_maps', 'exif', 'keep_labels',
                  'limit')  # of TaskDataset


@DATASETS.register_module()
class DenseFolder(TaskDataset):
    """Images and label maps in folders of any layout.

    Example::

        dict(type='DenseFolder', data_root='rooms', image='images/*.jpg', split='splits/train.txt',
             semseg=dict(files='masks/{id}.png', map={0: None, 255: 1}),
             depth=dict(files='depth/{id}.png', scale=0.001),
             normals=dict(files='normals/{id}.png', encoding='0..255'),
             edge=dict(files='edges/{id}.png'))

    An image's id is the text matched by the wildcards of ``image``, without the suffix; several matches are joined by ``/``.
    ``{id}`` in a label's ``files`` is that id, and ``{split}`` in any pattern is the split. A label file that does not exist
    is a missing label, and one warning counts them; a label that no image has is an error.

    Every label takes ``files``, ``kind`` (the kind of label, if it does not follow from the task's name) and ``key`` (the
    variable of an ``.npz`` or ``.mat`` file, or the channel of an ``.exr`` file). By kind:

    - class maps: ``classes`` (names of the classes, which also define their number), ``map`` (stored value -> class, None
      ignores it), ``ignore`` (stored values without a class), ``palette`` (list of colours, or colour -> class),
      ``coco=dict(file=..., categories=..., background=...)`` instead of ``files``, or ``panoptic=dict(file=..., ...)`` in
      addition (:class:`~mtkd.datasets.dense.coco_masks.CocoMasks`);
    - binary maps: ``map``, ``ignore``, ``threshold``; 0 and 255 are read as 0 and 1;
    - depth: ``scale`` (metres per stored unit; required for integers), ``invalid`` (stored values without a depth),
      ``inverse`` (the scaled number is 1 / m);
    - normals: ``encoding`` (``'unit'``, ``'0..255'``, ``'0..1'`` or ``'0..65535'``; by default ``'0..255'`` for 8-bit
      files), ``axes`` (if the stored components are other axes than x right, y down: ``'x-yz'``).

    Images and maps may be ``.png``, ``.jpg``, ``.tif``, ``.webp``, ``.bmp``, ``.npy``, ``.npz``, ``.mat`` (up to 7.2) or
    ``.exr`` (with the package OpenEXR); 16-bit and float files keep their values.

    Args:
        tasks: see :class:`~mtkd.datasets.base.TaskDataset`; None: all labels.
        data_root: folder to which all patterns are relative.
        split: a file below ``data_root`` with one id per line (a name with a suffix, as in ``'splits/train.txt'``); or a
            name, which replaces ``{split}``.
        image: pattern of the images, with ``*`` for a name and ``**`` for folders of any depth.
        kwargs: the labels, task -> dictionary or pattern of files; and arguments of
        :class:`~mtkd.datasets.base.TaskDataset`.

    Raises:
        ValueError: an argument is neither known nor a label, or a rule does not apply to its label's kind.
        BadData (on use): no image matches, the split lists an id that does not exist, a label has no file at all, or the
            content of a file does not follow the rules.
    """

    SCALE = '{task}=dict(scale=0.001)'

    def __init__(self, tasks: Mapping[str, Any] | None = None, data_root: str | Path = '', split: str = 'all',
                 pipeline: Sequence[Any] = (), seed: int | None = None, *, image: str, **kwargs: Any) -> None:
        base = {name: kwargs.pop(name) for name in KEPT_ARGUMENTS if name in kwargs}
        asked = {task: kind if isinstance(kind, str) else kind.name for task, kind in (tasks or {}).items()}
        self.rules = {task: _as_rules(task, given) for task, given in kwargs.items()}
        self.OFFERS = {task: label_kind(task, rules, asked, 'DenseFolder') for task, rules in self.rules.items()}
        for task, rules in self.rules.items():
            check_rules(task, self.OFFERS[task], rules, 'DenseFolder', ('files', *ANNOTATIONS))
        self.SPLITS = (split,)
        self.CLASSES = {task: tuple(rules['classes']) for task, rules in self.rules.items() if rules.get('classes')}
        self.NUM_CLASSES = {task: len(names) for task, names in self.CLASSES.items()}
        super().__init__(tasks, data_root, split, pipeline, seed, **base)
        self.image = image
        self._coco: dict[str, CocoMasks] = {}

    def load_data_list(self) -> list[Entry]:
        """The images of the split with their existing label files.

        Raises:
            BadData: see the class.
        """
        pictures = self._pictures()
        if self._listed:
            wanted = read_list(self.data_root / self.split)
            gone = [name for name in wanted if name not in pictures]
            if gone:
                near = get_close_matches(gone[0], pictures, n=1)
                raise BadData(f"{self.data_root / self.split} lists '{gone[0]}'{_more(gone)}, which {self.image} does "
                              "not find"
                              + (f" (it finds '{near[0]}')" if near else '') + ': correct the list, or image=....')
            pictures = {name: pictures[name] for name in wanted}
        if not pictures:
            raise BadData(f"no image matches image='{self._filled(self.image)}' in {self.data_root}: correct image or "
                          "data_root.")
        entries = [{'sample_id': name, 'files': {'image': path}} for name, path in pictures.items()]
        for task in self.reads:
            self._add_labels(task, entries)
        return entries

    def read(self, entry: Entry) -> Sample:
        """See :class:`~mtkd.datasets.base.TaskDataset`."""
        image = self.read_image(entry['files']['image'])
        return Sample(image=image, meta={}, targets={task: self._label(task, entry, image.shape[:2]) for task in self.reads})

    def _label(self, task: str, entry: Entry, size: tuple[int, int]) -> np.ndarray | None:
        file = entry['files'].get(task)
        if task in self._coco:
            in_file = entry['sample_id'] in self._coco[task]
            there = in_file and (file is not None or not self._coco[task].panoptic)
            return self._coco[task].read(entry['sample_id'], size, file) if there else None
        return None if file is None else read_label(file, self.OFFERS[task], self.rules[task])

    @property
    def _listed(self) -> bool:
        """Whether the split is a file of ids."""
        return bool(Path(self.split).suffix)

    def _filled(self, pattern: str) -> str:
        return pattern.replace('{split}', self.split)

    def _pictures(self) -> dict[str, Path]:
        """Id -> file of every image that the pattern matches, by name.

        Raises:
            BadData: two images have one id.
        """
        pattern = self._filled(self.image)
        shape = _pattern(str(Path(pattern).with_suffix('')))
        found: dict[str, Path] = {}
        for path in sorted(self.data_root.glob(pattern)):
            match = shape.fullmatch(path.relative_to(self.data_root).with_suffix('').as_posix())
            name = '/'.join(part.strip('/') for part in match.groups() if part) if match else path.stem
            if name in found:
                raise BadData(f"{found[name]} and {path} have the same id '{name}': narrow image='{self.image}', for "
                              f'instance to one suffix.')
            found[name] = path
        return found

    def _add_labels(self, task: str, entries: Sequence[Entry]) -> None:
        """Put a task's files into the entries that have one; count the others."""
        rules = self.rules[task]
        annotations: Any = rules.get('coco') or rules.get('panoptic')
        if annotations:
            given = {**annotations}
            file = self.data_root / self._filled(given.pop('file'))
            self._coco[task] = CocoMasks(file, panoptic='panoptic' in rules, **given)
        if rules.get('files'):
            for entry in entries:
                path = self.data_root / self._filled(rules['files']).replace('{id}', entry['sample_id'])
                if path.is_file():
                    entry['files'][task] = path
        have = [entry for entry in entries if task in entry['files']
                or (task in self._coco and not self._coco[task].panoptic and entry['sample_id'] in self._coco[task])]
        if not have:
            where = f"'{self._filled(rules['files'])}'" if rules.get('files') else f"'{annotations['file']}'"
            raise BadData(f"{self.name}: none of the {len(entries)} images has a {task} label in {where} (the first id is "
                          f"'{entries[0]['sample_id']}', looked for below {self.data_root}): correct files, or "
                          f"take '{task}' out.")
        if len(have) < len(entries):
            warnings.warn(f"{self.name} '{self.split}': {len(entries) - len(have)} of {len(entries)} images have no "
                          f"{task} label "
                          f'and count as unlabelled for it.', stacklevel=2)


def _as_rules(task: str, given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        return {'files': given}
    if not isinstance(given, Mapping) or not set(given) & {'files', 'coco'}:
        raise ValueError(f"DenseFolder: {task}={given!r} is neither an argument of DenseFolder nor a label; a label is a "
                         "pattern of "
                         f"files, or a dictionary with files=..., as in {task}=dict(files='{task}/{{id}}.png').")
    rules = dict(given)
    if rules.get('files') and '{id}' not in rules['files']:
        raise ValueError(f"DenseFolder: {task}: files='{rules['files']}' names one file for all images; put {{id}} "
                         "where the "
                         f"picture's name stands.")
    if rules.get('files') and rules.get('coco'):
        raise ValueError(f"DenseFolder: {task} has two sources, files='{rules['files']}' and coco=dict(...): leave one out, "
                         'or '
                         'give panoptic=dict(...) if the files are the PNGs of panoptic annotations.')
    for name in ANNOTATIONS:
        if name in rules and 'file' not in rules[name]:
            raise ValueError(f"DenseFolder: {task}: {name}=dict(...) lacks file=..., the JSON file below data_root.")
    return rules


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a regular expression with a group for each wildcard."""
    parts = {'**/': '((?:[^/]+/)*)', '**': '(.*)', '*': '([^/]*)', '?': '([^/])'}
    pieces = re.split(r'(\*\*/|\*\*|\*|\?|\[[^\]]*\])', glob)
    return re.compile(''.join(parts.get(piece) or (f'({piece})' if piece.startswith('[') else re.escape(piece))
                              for piece in pieces))


def _more(names: Sequence[str]) -> str:
    return f' and {len(names) - 1} more' if len(names) > 1 else ''
