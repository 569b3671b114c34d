"""Downloads data sets with torchvision, and unpacks archives provided by the user."""

import hashlib
import importlib
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .data_sets import Archive, DataSet, lacking

_FETCHED: Mapping[str, Sequence[Mapping[str, Any]]] = {  # torchvision class -> arguments, one call per part
    'CIFAR10': ({'train': True}, {'train': False}), 'CIFAR100': ({'train': True}, {'train': False}),
    'GTSRB': ({'split': 'train'}, {'split': 'test'}), 'SVHN': ({'split': 'train'}, {'split': 'test'}),
    'Omniglot': ({'background': True}, {'background': False}), 'Caltech101': ({},),
    'Flowers102': ({'split': 'train'}, {'split': 'val'}, {'split': 'test'}),
    'OxfordIIITPet': ({'split': 'trainval'}, {'split': 'test'})}
_AS_FOLDERS = ('CIFAR10', 'GTSRB')  # read by FolderImages in the configs
_BLOCK = 1 << 20


def fetch(one: DataSet, root: Path, say: Callable[[str], None] = print) -> None:
    """Download a data set with torchvision, which verifies its MD5 checksums, and store it where the configs expect it.

    Args:
        one: the data set.
        root: the data root.
        say: callback for progress messages.

    Raises:
        ValueError: torchvision does not provide it, or the download failed; the message says what to do.
    """
    if not one.torchvision:
        raise ValueError(f'{one.title} cannot be downloaded by mtkd: get it from {one.source} ({one.terms}), and see '
                         f'mtkd data {one.key} for its layout.')
    folder = root / one.folder
    if not lacking(one, root):
        say(f'{one.title} is already in {folder}')
        return
    datasets = importlib.import_module('torchvision.datasets')
    folder.mkdir(parents=True, exist_ok=True)
    say(f'{one.title}: terms: {one.terms}; from {one.source}')
    for arguments in _FETCHED[one.torchvision]:
        try:
            part = getattr(datasets, one.torchvision)(root=str(folder), download=True, **arguments)
        except Exception as error:
            raise ValueError(f'{one.title} could not be downloaded ({type(error).__name__}: {error}): try again, or get it '
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
        part: data set of torchvision: pairs (PIL image, class number) by index, and optionally ``classes``, their names.
        folder: folder of the split.
    """
    names = [str(name).replace('/', '_') for name in getattr(part, 'classes', [])]
    for number in range(len(part)):
        picture, label = part[number]
        place = folder / (names[label] if names else f'{label:05d}')
        place.mkdir(parents=True, exist_ok=True)
        picture.convert('RGB').save(place / f'{number:05d}.png')


def lay_out(one: DataSet, given: Path, root: Path, say: Callable[[str], None] = print) -> None:
    """Unpack the archives of a release to where the configs expect them.

    Args:
        one: the data set.
        given: the folder that contains the archives, or one of them.
        root: the data root.
        say: callback for progress messages.

    Raises:
        FileNotFoundError: there is no such archive.
        ValueError: an archive is damaged or contains paths outside the folder, or no archive of the data set is known.
    """
    if not one.archives:
        raise ValueError(f'mtkd knows no archive of {one.title}: arrange its files as shown by mtkd data {one.key}.')
    wanted = [name for archive in one.archives for name in archive.names]
    found = [(archive, path) for archive in one.archives if (path := _find(archive, given)) is not None]
    if not found and given.is_file() and len(one.archives) == 1:  # under another name
        found = [(one.archives[0], given)]
    if not found:
        raise FileNotFoundError(f'{given} contains none of the archives of {one.title} ({", ".join(wanted)}): get them from '
                                f'{one.source}, or name the folder that contains them.')
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
    """Compare the MD5 checksum of a file with that of the release; '' skips the check.

    Raises:
        ValueError: the file differs or is damaged.
    """
    if not md5:
        return
    digest = hashlib.md5(usedforsecurity=False)
    with path.open('rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != md5:
        raise ValueError(f'{path} is damaged, or is another release: its MD5 is {digest.hexdigest()}, that of the release '
                         f'is {md5}. Download it again.')


def unpack(path: Path, folder: Path, strip: int) -> None:
    """Unpack a tar or zip archive: only regular files, none outside ``folder``; existing files are kept.

    Args:
        path: the archive.
        folder: the target folder.
        strip: number of leading folders to remove from member names; fewer if a member has fewer.

    Raises:
        ValueError: it is not an archive, is damaged, or contains a path outside the folder.
    """
    try:
        for name, opened in _members(path):
            parts = PurePosixPath(name).parts
            if PurePosixPath(name).is_absolute() or '..' in parts:
                raise ValueError(f'{path} contains {name}, a path outside the target folder, and is not unpacked: get the '
                                 f'archive from its original source.')
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
        say(f'{one.title}: still missing in {root / one.folder}: {", ".join(absent)} (mtkd data {one.key} shows the layout)')
    else:
        say(f'{one.title} is in {root / one.folder}')
