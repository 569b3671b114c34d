"""Fetching a data set where it may be fetched, and laying out a release that the user has."""

import hashlib
import importlib
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .data_sets import Archive, DataSet, lacking

_FETCHED: Mapping[str, Sequence[Mapping[str, Any]]] = {  # torchvision's class -> what it is called with, a call a part
    'CIFAR10': ({'train': True}, {'train': False}), 'CIFAR100': ({'train': True}, {'train': False}),
    'GTSRB': ({'split': 'train'}, {'split': 'test'}), 'SVHN': ({'split': 'train'}, {'split': 'test'}),
    'Omniglot': ({'background': True}, {'background': False}), 'Caltech101': ({},),
    'Flowers102': ({'split': 'train'}, {'split': 'val'}, {'split': 'test'}),
    'OxfordIIITPet': ({'split': 'trainval'}, {'split': 'test'})}
_AS_FOLDERS = ('CIFAR10', 'GTSRB')  # the configs read them by FolderImages
_BLOCK = 1 << 20


def fetch(one: DataSet, root: Path, say: Callable[[str], None] = print) -> None:
    """Let torchvision fetch a data set, check it by MD5 and put it where the configs look.

    Args:
        one: the data set.
        root: the data root.
        say: takes lines on what happens.

    Raises:
        ValueError: it may not be fetched here, or cannot be; says what to do.
    """
    if not one.torchvision:
        raise ValueError(f'{one.title} cannot be fetched from here: get it from {one.source} ({one.terms}), and see '
                         f'mtkd data {one.key} for its layout.')
    folder = root / one.folder
    if not lacking(one, root):
        say(f'{one.title} is in {folder} already')
        return
    datasets = importlib.import_module('torchvision.datasets')
    folder.mkdir(parents=True, exist_ok=True)
    say(f'{one.title}: terms: {one.terms}; from {one.source}')
    for arguments in _FETCHED[one.torchvision]:
        try:
            part = getattr(datasets, one.torchvision)(root=str(folder), download=True, **arguments)
        except Exception as error:
            raise ValueError(f'{one.title} could not be fetched ({type(error).__name__}: {error}): try again, or get it '
                             f'from {one.source}.') from error
        if one.torchvision in _AS_FOLDERS:
            split = 'train' if arguments.get('train') or arguments.get('split') == 'train' else 'test'
            as_folders(part, folder / split)
    if one.torchvision == 'Omniglot':
        for name in ('images_background', 'images_evaluation'):
            shutil.move(str(folder / 'omniglot-py' / name), folder / name)
    _done(one, root, say)


def as_folders(part: Any, folder: Path) -> None:
    """Write images with class numbers as ``<folder>/<class>/<number>.png``.

    Args:
        part: (image, class number) by index, and ``classes``, their names, where it has some.
        folder: of the split.
    """
    names = [str(name).replace('/', '_') for name in getattr(part, 'classes', [])]
    for number in range(len(part)):
        picture, label = part[number]
        place = folder / (names[label] if names else f'{label:05d}')
        place.mkdir(parents=True, exist_ok=True)
        picture.convert('RGB').save(place / f'{number:05d}.png')


def lay_out(one: DataSet, given: Path, root: Path, say: Callable[[str], None] = print) -> None:
    """Unpack a release's archives to where the configs look.

    Args:
        one: the data set.
        given: the folder that holds the archives, or one of them.
        root: the data root.
        say: takes lines on what happens.

    Raises:
        FileNotFoundError: there is no such archive.
        ValueError: one is damaged, would write outside the folder, or the data set has no archive that is known here.
    """
    if not one.archives:
        raise ValueError(f'{one.title} has no archive that is known here: lay its files out as mtkd data {one.key} shows.')
    wanted = [name for archive in one.archives for name in archive.names]
    found = [(archive, path) for archive in one.archives if (path := _find(archive, given)) is not None]
    if not found and given.is_file() and len(one.archives) == 1:  # by another name
        found = [(one.archives[0], given)]
    if not found:
        raise FileNotFoundError(f'{given} holds none of the archives of {one.title} ({", ".join(wanted)}): get them from '
                                f'{one.source}, or name the folder that holds them.')
    folder = root / one.folder
    for archive, path in found:
        check_md5(path, archive.md5)
        say(f'{path} -> {folder / archive.into}')
        unpack(path, folder / archive.into, archive.strip)
    _done(one, root, say)


def _find(archive: Archive, given: Path) -> Path | None:
    if given.is_file():
        return given if given.name in archive.names else None
    return next((given / name for name in archive.names if (given / name).is_file()), None)


def check_md5(path: Path, md5: str) -> None:
    """Compare a file with the checksum of the release; '' compares nothing.

    Raises:
        ValueError: it is another file, or damaged.
    """
    if not md5:
        return
    digest = hashlib.md5(usedforsecurity=False)
    with path.open('rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != md5:
        raise ValueError(f"{path} is damaged, or another release: its MD5 is {digest.hexdigest()}, the release's is {md5}. "
                         f'Download it again.')


def unpack(path: Path, folder: Path, strip: int) -> None:
    """Unpack a tar or zip archive: plain files only, none outside ``folder``, those that are there already kept.

    Args:
        path: the archive.
        folder: where to.
        strip: leading folders of the members' names that are left out; fewer where a member has no more.

    Raises:
        ValueError: it is no archive, is damaged, or names a place outside the folder.
    """
    try:
        for name, opened in _members(path):
            parts = PurePosixPath(name).parts
            if PurePosixPath(name).is_absolute() or '..' in parts:
                raise ValueError(f'{path} holds {name}, which lies outside the folder it is unpacked to: it is refused.')
            target = folder.joinpath(*parts[min(strip, len(parts) - 1):])
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f'{target.name}.partial')
            with opened() as source, partial.open('wb') as file:
                shutil.copyfileobj(source, file, _BLOCK)
            partial.replace(target)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        reason = str(error).partition('\n')[0].rstrip(':') or type(error).__name__
        raise ValueError(f'{path} cannot be unpacked ({reason}): it is damaged, download it again.') from error


def _members(path: Path) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
    """Name and opener of each plain file of an archive."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield entry.filename, lambda entry=entry: archive.open(entry)  # type: ignore[misc]
        return
    with tarfile.open(path) as packed:
        for member in packed:
            if member.isfile():
                yield member.name, lambda member=member: packed.extractfile(member)  # type: ignore[misc]


def _done(one: DataSet, root: Path, say: Callable[[str], None]) -> None:
    absent = lacking(one, root)
    if absent:
        say(f'{one.title}: still absent in {root / one.folder}: {", ".join(absent)} (mtkd data {one.key} shows the layout)')
    else:
        say(f'{one.title} is in {root / one.folder}')
