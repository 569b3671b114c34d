"""Data sets that torchvision reads, from tiny copies on disk."""

import cv2
import numpy as np
import pytest

from mtkd.datasets import BadData, TorchvisionImages


def picture(path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((6, 8, 3), value, np.uint8))


@pytest.fixture
def pets(tmp_path):
    """Three breeds with five images each, of which three are for training."""
    folder = tmp_path / 'oxford-iiit-pet'
    lists = {'trainval': [], 'test': []}
    for breed in range(3):
        for number in range(5):
            name = f'{"Abc"[breed]}_{number}'
            picture(folder / 'images' / f'{name}.jpg', 40 * breed + number)
            lists['trainval' if number < 3 else 'test'].append(f'{name} {breed + 1} 1 1')
    (folder / 'annotations').mkdir()
    for split, lines in lists.items():
        (folder / 'annotations' / f'{split}.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


def test_official_and_mlfds_division(pets):
    official = [TorchvisionImages(data_root=pets, source='OxfordIIITPet', split=split, size=4)
                for split in ('trainval', 'test')]
    assert [len(data) for data in official] == [9, 6] and official[0].images.shape == (9, 3, 4, 4)
    assert official[0].labels['label'].tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    mlfd = [TorchvisionImages(data_root=pets, source='OxfordIIITPet', split=split, protocol='mlfd', size=4)
            for split in ('train', 'val')]
    ids = [{entry['sample_id'] for entry in data.entries} for data in mlfd]
    assert [len(data) for data in mlfd] == [12, 3] and not ids[0] & ids[1]
    assert sorted(mlfd[1].labels['label'].tolist()) == [0, 1, 2]


def test_a_set_of_folders(tmp_path):
    for number in (0, 1):
        picture(tmp_path / 'gtsrb' / 'GTSRB' / 'Training' / f'{number:05d}' / '00000_00000.ppm', 50 + number)
    data = TorchvisionImages(data_root=tmp_path, source='GTSRB', task='sign', size=8)
    assert data.labels['sign'].tolist() == [0, 1] and data.name == 'GTSRB' and (data.images[1] == 51).all()


def test_mistakes_are_sentences(tmp_path):
    with pytest.raises(BadData, match='torchvision finds no CIFAR10 .* download=True'):
        len(TorchvisionImages(data_root=tmp_path, source='CIFAR10'))
    with pytest.raises(ValueError, match="no source='CIFAR11'"):
        TorchvisionImages(source='CIFAR11')
    with pytest.raises(ValueError, match="no split 'val': use one of train, test"):
        TorchvisionImages(source='MNIST', split='val')
    assert TorchvisionImages(source='Flowers102', protocol='mlfd', split='val').parts['train'][1] == {'split': 'test'}
