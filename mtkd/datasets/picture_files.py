"""The image reader for training and inference, and the list of supported image formats.

Every file is converted to (H, W, 3) uint8 RGB by these rules:

- Grey is repeated in three channels; a palette is looked up; CMYK and YCbCr are converted; alpha is dropped without changing
  the colours.
- 16-bit channels are scaled, not truncated: 65535 becomes 255. Floats and 32-bit numbers have no white level and are
  an error.
- A photo with an EXIF orientation is turned upright if no label is a map. If a label is a map, the orientation is an error,
  because labels may have been drawn on either version; set ``exif`` of the data set.
- From a file with several images, the first is read.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .bad_data import BadData
from .blob import Source, opened, suffix_of

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm', '.gif')  # in any case
VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')
EXIF_RULES = ('turn', 'ignore', 'refuse')
_ORIENTATION = 0x0112
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)  # truncated, unknown, too large …
_SCALED = ('I;16', 'I;16L', 'I;16B', 'I;16N')


def is_picture(path: Source | str) -> bool:
    """Whether a file is an image by its suffix."""
    return suffix_of(path) in IMAGE_SUFFIXES


def is_video(path: Path | str) -> bool:
    """Whether a file is a video by its suffix."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def read_picture(path: Source | str, exif: str = 'turn') -> np.ndarray:
    """(H, W, 3) uint8 RGB of an image file; see the module for the rules.

    Args:
        path: the file, or its content in memory.
        exif: ``'turn'``: turned upright by its EXIF orientation; ``'ignore'``: as stored; ``'refuse'``: an error if it is
            not upright.

    Raises:
        BadData: the file cannot be decoded completely; its values have no white level; or its EXIF orientation is not
            allowed.
    """
    try:
        with Image.open(opened(path)) as image:
            turned = image.getexif().get(_ORIENTATION, 1) not in (0, 1)
            image.load()
            if turned and exif == 'refuse':
                note = image.getexif()[_ORIENTATION]
                raise BadData(
                    f'{path} carries an EXIF note that it is to be turned (orientation {note}), and '
                    f"its labels are maps: say exif='turn' of the data set if they were drawn on the upright image, "
                    f"exif='ignore' if on the stored one.")
            upright = ImageOps.exif_transpose(image) if turned and exif == 'turn' else image
            return _rgb(upright, path)
    except BadData:
        raise
    except _UNREADABLE as error:
        raise BadData(f'{path} is not a readable image ({undecoded(error)}): replace the file.') from error


def undecoded(error: Exception) -> str:
    """Why an image cannot be decoded, without the name of its source."""
    if isinstance(error, UnidentifiedImageError):  # its text has the path, or the address of a stream in memory
        return 'its content is of no known image format'
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _rgb(image: Image.Image, path: Source | str) -> np.ndarray:
    if image.mode in _SCALED or (image.mode == 'I' and image.format in ('PNG', 'PPM')):
        values = np.asarray(image).astype(np.uint32)
        top = 65535
        if int(values.max(initial=0)) > top:
            raise BadData(f'{path} holds {int(values.max())}, a 16-bit image ends at {top}: replace the file.')
        grey = ((values * 255 + top // 2) // top).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.mode in ('I', 'F'):
        raise BadData(f'{path} holds {"floats" if image.mode == "F" else "32-bit numbers"}, for which no white '
                                f'level is known: save it with 8 or 16 bits a channel.')
    return np.array(image.convert('RGB'))


def pictures_in(folder: Path) -> tuple[list[Path], Counter[str]]:
    """The image files of a folder, sorted by name, and the number of other files by suffix (without hidden ones)."""
    pictures, others = [], Counter[str]()
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.') or path.name in ('Thumbs.db', 'desktop.ini') or path.is_dir():
            continue
        if is_picture(path):
            pictures.append(path)
        else:
            others[path.suffix.lower() or '(no suffix)'] += 1
    return pictures, others


def left_out(others: Counter[str]) -> str:
    """The log message for files that are not images: their number and suffixes."""
    counts = ', '.join(f'{suffix} {count}' for suffix, count in others.most_common())
    total = sum(others.values())
    return (f'{total} file{"s are" if total > 1 else " is"} left out, no image{"s" if total > 1 else ""} by the suffix '
            f'({counts}); read are {" ".join(IMAGE_SUFFIXES)}, in any case')


def by_stem(names: Iterable[str], suffixes: Iterable[str]) -> dict[str, str]:
    """Stem -> file name, for names with one of ``suffixes`` in any case; among equal stems the first suffix wins."""
    order = {suffix: number for number, suffix in enumerate(suffixes)}
    found: dict[str, tuple[int, str]] = {}
    for name in sorted(names):
        stem, suffix = Path(name).stem, Path(name).suffix
        rank = order.get(suffix.lower())
        if rank is not None and (stem not in found or rank < found[stem][0]):
            found[stem] = (rank, name)
    return {stem: name for stem, (_, name) in found.items()}
