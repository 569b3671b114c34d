"""IDX files."""

import gzip
import struct

import numpy as np
import pytest

from mtkd.datasets import BadData, IDXImages


def write(path, array: np.ndarray, packed: bool = True) -> None:
    content = struct.pack('>HBB', 0, 8, array.ndim) + struct.pack(f'>{array.ndim}I', *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if packed else content)


@pytest.fixture
def pictures(tmp_path) -> np.ndarray:
    """Five training images in .gz files, three test images in plain files."""
    made = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    write(tmp_path / 'train-images-idx3-ubyte.gz', made)
    write(tmp_path / 'train-labels-idx1-ubyte.gz', np.arange(5, dtype=np.uint8))
    write(tmp_path / 't10k-images-idx3-ubyte', made[:3], packed=False)
    write(tmp_path / 't10k-labels-idx1-ubyte', np.arange(3, dtype=np.uint8), packed=False)
    return made


def test_pictures_and_labels(pictures, tmp_path):
    data = IDXImages(data_root=tmp_path, task='digit', size=28)
    assert len(data) == 5 and data.images.shape == (5, 3, 28, 28)
    assert np.array_equal(data.images[:, 1].numpy(), pictures) and data.labels['digit'].tolist() == [0, 1, 2, 3, 4]
    assert IDXImages(data_root=tmp_path, split='test')[2]['image'].shape == (3, 32, 32)


def test_emnist(tmp_path, pictures):
    write(tmp_path / 'emnist-letters-test-images-idx3-ubyte.gz', pictures)
    write(tmp_path / 'emnist-letters-test-labels-idx1-ubyte.gz', np.arange(1, 6, dtype=np.uint8))
    data = IDXImages(data_root=tmp_path, split='test', prefix='emnist-letters-', first_label=1, transposed=True, size=28)
    assert data.labels['label'].tolist() == [0, 1, 2, 3, 4]
    assert np.array_equal(data.images[0, 0].numpy(), pictures[0].T)


def test_damage_is_said(tmp_path, pictures):
    (tmp_path / 'train-images-idx3-ubyte.gz').write_bytes(b'nothing')
    with pytest.raises(BadData, match=r'train-images-idx3-ubyte\\.gz is not a readable IDX file'.replace('\\\\', '\\')):
        len(IDXImages(data_root=tmp_path))
    whole = (tmp_path / 't10k-images-idx3-ubyte').read_bytes()
    (tmp_path / 't10k-images-idx3-ubyte').write_bytes(whole[:-1])
    with pytest.raises(BadData, match='cut short'):
        len(IDXImages(data_root=tmp_path, split='test'))
    with pytest.raises(BadData, match='is missing'):
        len(IDXImages(data_root=tmp_path, prefix='other-'))
    write(tmp_path / 'train-images-idx3-ubyte.gz', pictures[:4])
    with pytest.raises(BadData, match='4 images'):
        len(IDXImages(data_root=tmp_path))
