"""Tiny synthetic copies of the data sets of ``mtkd data``, as small as their adapters allow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mtkd.datasets.synthetic import write_camvid, write_cityscapes_mtan, write_nyud_mt, write_nyuv2_mtan, write_pascal_mt
from mtkd.datasets.synthetic.images import write_decathlon, write_omniglot, write_svhn
from tests.datasets.faces import copies
from tests.datasets.video.test_utd_mhad import write as write_utd_mhad

TWO = {'train': 1, 'val': 1}
SMALL = (24, 32)


def files(root: Path, *names: str) -> None:
    """Empty files, for adapters that open a data set without reading its images."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def text(root: Path, **content: str) -> None:
    """Text files; in names, two underscores stand for a slash, and one before the last part for the dot of a suffix."""
    for name, value in content.items():
        path = root / name.replace('__', '/')
        path = path.with_name('.'.join(path.name.rsplit('_', 1)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value + '\n')


def pictures(root: Path, *names: str) -> None:
    for seed, name in enumerate(names):
        copies.picture(root / name, seed)


def fairface(root: Path) -> None:
    copies.write_fairface(root)
    copies.write_fairface(root, split='val')


def affectnet(root: Path) -> None:
    copies.write_affectnet(root)
    copies.write_affectnet(root, header=False)


def tiny_imagenet(root: Path) -> None:
    pictures(root, 'train/n01/images/n01_0.JPEG', 'val/images/val_0.JPEG')
    text(root, val__val_annotations_txt='val_0.JPEG\tn01\t0\t0\t7\t7')


def pets(root: Path) -> None:
    pictures(root, 'oxford-iiit-pet/images/A_0.jpg', 'oxford-iiit-pet/images/A_1.jpg')
    for name, split in (('A_0', 'trainval'), ('A_1', 'test')):
        text(root / 'oxford-iiit-pet' / 'annotations', **{f'{split}_txt': f'{name} 1 1 1'})


def cub(root: Path) -> None:
    files(root, 'images/bird/0.jpg', 'images/bird/1.jpg')
    text(root, images_txt='1 bird/0.jpg\n2 bird/1.jpg', image_class_labels_txt='1 1\n2 1', train_test_split_txt='1 1\n2 0')


def decathlon(root: Path) -> None:
    for name in ('svhn', 'omniglot'):
        write_decathlon(root, 0, name, 1, TWO)


def ucf101(root: Path) -> None:
    files(root, 'UCF-101/A1/v_A1_g08_c01.avi', 'UCF-101/A1/v_A1_g01_c01.avi')
    text(root / 'ucfTrainTestlist', classInd_txt='\n'.join(f'{k} A{k}' for k in range(1, 102)),
         trainlist01_txt='A1/v_A1_g08_c01.avi 1', testlist01_txt='A1/v_A1_g01_c01.avi')


def hmdb51(root: Path) -> None:
    files(root, 'hmdb51_org/a00/1.avi', 'hmdb51_org/a00/2.avi')
    for number in range(51):
        text(root / 'testTrainMulti_7030_splits',
             **{f'a{number:02d}_test_split1_txt': '1.avi 1\n2.avi 2' if number == 0 else ''})


def activitynet(root: Path) -> None:
    files(root, 'videos/v_a.mp4', 'videos/v_b.mp4')
    entry = {'duration': 9.0, 'annotations': [{'label': 'Archery', 'segment': [0.0, 5.0]}]}
    (root / 'activity_net.v1-3.min.json').write_text(json.dumps(
        {'database': {'a': {'subset': 'training', **entry}, 'b': {'subset': 'validation', **entry}}}))


def sketches(root: Path) -> None:
    files(root, *(f'sketch/n01/{number}.JPEG' for number in range(5)))


def classes(root: Path) -> None:
    pictures(root, 'train/a/1.png', 'test/a/2.png')


def _splits(*names: str, **arguments: Any) -> list[dict[str, Any]]:
    return [{'split': name, **arguments} for name in names]


Copy = tuple[Callable[[Path], Any], list[dict[str, Any]]]
COPIES: dict[str, Copy] = {  # key -> what writes it to a folder, and the arguments of every part
    'nyud': (lambda root: write_nyud_mt(root, 0, TWO, size=SMALL), _splits('train', 'val')),
    'pascal': (lambda root: write_pascal_mt(root, 0, TWO, size=SMALL), _splits('train', 'val')),
    'nyuv2': (lambda root: write_nyuv2_mtan(root, 0, TWO, size=SMALL), _splits('train', 'val')),
    'cityscapes': (lambda root: write_cityscapes_mtan(root, 0, TWO, size=SMALL), _splits('train', 'val')),
    'camvid': (lambda root: write_camvid(root, 0, {**TWO, 'test': 1}, size=SMALL), _splits('train', 'val', 'test')),
    'cifar10': (classes, _splits('train', 'test', size=8)), 'gtsrb': (classes, _splits('train', 'test', size=8)),
    'svhn': (lambda root: write_svhn(root, 0, {'train': 10, 'test': 10}), _splits('train', 'test')),
    'omniglot': (lambda root: write_omniglot(root, 0, {'Latin': 1, 'Greek': 1}, evaluation=('Greek',)), _splits('train')),
    'pets': (pets, _splits('trainval', 'test', source='OxfordIIITPet', size=8)), 'cub200': (cub, _splits('train', 'val')),
    'tiny-imagenet': (tiny_imagenet, _splits('train', 'val')), 'imagenet-sketch': (sketches, _splits('train', 'val')),
    'decathlon': (decathlon, [part for name in ('svhn', 'omniglot')
                              for part in _splits('train', 'val', name=name, num_classes={name: 1})]),
    'fairface': (fairface, _splits('train', 'val')), 'utkface': (copies.write_utkface, _splits('train', 'val')),
    'adience': (copies.write_adience, _splits('train', 'val')), 'fer2013': (copies.write_fer2013, _splits('train', 'val')),
    'raf-db': (copies.write_raf_db, _splits('train', 'val')), 'morph2': (copies.write_morph, _splits('train', 'val')),
    'affectnet': (affectnet, _splits('train', 'val')),
    'imdb-wiki': (copies.write_imdb_wiki, _splits('train', source='wiki')),
    'ucf101': (ucf101, _splits('train', 'test')), 'hmdb51': (hmdb51, _splits('train', 'test')),
    'activitynet': (activitynet, _splits('train', 'val', num_classes={'action': 1})),
    'utd-mhad': (write_utd_mhad, _splits('train', 'test'))}
# torchvision checks the MD5 sums of their files, or requires a folder of the release that is not read
WITHOUT_COPY = ('cifar100', 'flowers102', 'caltech101')
