from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image

from mtkd.datasets import BadData
from mtkd.datasets.picture_files import by_stem, is_picture, is_video, left_out, pictures_in, read_picture

RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1040  # 0 to 65520


def test_image_is_rgb_from_any_mode(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), rgb[..., ::-1])
    assert np.array_equal(read_picture(tmp_path / 'a.png'), rgb)
    Image.fromarray(rgb[..., 0]).save(tmp_path / 'grey.png')
    assert np.array_equal(read_picture(tmp_path / 'grey.png'), rgb[..., :1].repeat(3, -1))


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_broken_pictures_are_named(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3)).astype(np.uint8)
    whole = cv2.imencode(suffix, noise)[1].tobytes()
    path = tmp_path / f'x{suffix}'
    for content in (b'', b'hello', whole[:len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(BadData) as error:
            read_picture(path)
        assert str(path) in str(error.value) and 'replace the file' in str(error.value)


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.pgm'])
def test_16_bits_are_scaled_and_not_cut_off(tmp_path, suffix):
    path = tmp_path / f'wide{suffix}'
    cv2.imwrite(str(path), RAMP)
    expected = np.rint(RAMP.astype(np.float64) * 255 / 65535).astype(np.uint8)
    found = read_picture(path)
    assert np.array_equal(found, expected[..., None].repeat(3, -1)) and len(np.unique(found)) == 64


def test_16_bits_of_colour_lose_no_more_than_a_level(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 65536, (6, 5, 3)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / 'a.png'), rgb[..., ::-1])
    assert np.abs(read_picture(tmp_path / 'a.png').astype(float) - rgb * (255 / 65535)).max() <= 1


def test_palette_cmyk_and_alpha(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)
    palette = Image.fromarray(rgb).quantize(16)
    palette.save(tmp_path / 'p.png')
    assert np.array_equal(read_picture(tmp_path / 'p.png'), np.array(palette.convert('RGB')))
    clear = np.dstack([rgb, np.zeros((6, 5), np.uint8)])
    Image.fromarray(clear).save(tmp_path / 'a.png')
    assert np.array_equal(read_picture(tmp_path / 'a.png'), rgb)  # alpha is removed
    flat = Image.new('RGB', (16, 16), (200, 40, 90))
    flat.convert('CMYK').save(tmp_path / 'c.jpg', quality=100)
    assert np.abs(read_picture(tmp_path / 'c.jpg').astype(int) - (200, 40, 90)).max() <= 3


@pytest.mark.parametrize('mode, said', [('F', 'holds floats'), ('I', 'holds 32-bit numbers')])
def test_what_has_no_white_level_is_refused(tmp_path, mode, said):
    Image.fromarray(np.ones((4, 4), np.float32 if mode == 'F' else np.int32)).save(tmp_path / 'x.tif')
    with pytest.raises(BadData, match=said):
        read_picture(tmp_path / 'x.tif')


def test_a_huge_picture_is_one_sentence(tmp_path, monkeypatch):
    Image.new('L', (40, 40)).save(tmp_path / 'x.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(BadData, match=r'x\.png is not a readable image .*exceeds limit'):
        read_picture(tmp_path / 'x.png')


def turned(path, orientation=6):
    """An image of 40x56 with an EXIF entry that requires a rotation."""
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 56, 3)).astype(np.uint8))
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)
    return np.array(image)


def test_the_exif_note_is_followed_ignored_or_refused(tmp_path):
    stored = turned(tmp_path / 'a.png')
    assert np.array_equal(read_picture(tmp_path / 'a.png'), np.rot90(stored, -1))
    assert np.array_equal(read_picture(tmp_path / 'a.png', 'ignore'), stored)
    with pytest.raises(BadData, match=r"a\.png carries an EXIF note .*orientation 6.*exif='turn'.*exif='ignore'"):
        read_picture(tmp_path / 'a.png', 'refuse')
    turned(tmp_path / 'plain.png', orientation=1)
    assert read_picture(tmp_path / 'plain.png', 'refuse').shape == (40, 56, 3)


def test_one_list_of_suffixes_in_any_case(tmp_path):
    names = ['a.JPG', 'b.jpeg', 'c.PNG', 'd.webp', 'e.JPEG', 'f.txt', '.hidden', 'Thumbs.db', 'g.HEIC', 'h']
    for name in names:
        (tmp_path / name).touch()
    pictures, others = pictures_in(tmp_path)
    assert [path.name for path in pictures] == names[:5] and others == Counter({'.txt': 1, '.heic': 1, '(no suffix)': 1})
    assert left_out(others).startswith('3 files are left out, no images by the suffix (')
    assert left_out(Counter({'.heic': 1})).startswith('1 file is left out, no image by the suffix (.heic 1)')
    assert is_picture('x.TIFF') and not is_picture('x.mp4') and is_video('x.MP4')


def test_the_first_suffix_wins():
    assert by_stem(['a.PNG', 'a.jpg', 'b.png', 'c.txt'], ('.jpg', '.png')) == {'a': 'a.jpg', 'b': 'b.png'}
