"""CUB-200's lists."""

import pytest

from mtkd.datasets import CUB200, BadData


@pytest.fixture
def root(tmp_path):
    """Two species with five images each, of which the first two are for training."""
    rows = [(number, number // 5 + 1, int(number % 5 < 2)) for number in range(10)]
    (tmp_path / 'images' / 'bird').mkdir(parents=True)
    for number, *_ in rows:
        (tmp_path / 'images' / 'bird' / f'{number}.jpg').touch()
    for name, lines in (('images', [f'{n + 1} bird/{n}.jpg' for n, *_ in rows]),
                        ('image_class_labels', [f'{n + 1} {c}' for n, c, _ in rows]),
                        ('train_test_split', [f'{n + 1} {t}' for n, _, t in rows])):
        (tmp_path / f'{name}.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


def test_both_divisions(root):
    official = [CUB200(data_root=root, split=split) for split in ('train', 'val')]
    assert [[entry['class'] for entry in data.entries] for data in official] == [[0, 0, 1, 1], [0, 0, 0, 1, 1, 1]]
    mlfd = [CUB200(data_root=root, split=split, protocol='mlfd') for split in ('train', 'val')]
    assert [len(data) for data in mlfd] == [8, 2] and [entry['class'] for entry in mlfd[1].entries] == [0, 1]


def test_mistakes_are_sentences(root):
    with pytest.raises(ValueError, match="protocol='random' is unknown"):
        CUB200(data_root=root, protocol='random')
    (root / 'image_class_labels.txt').write_text('1 1\n')
    with pytest.raises(BadData, match='do not name the same images'):
        len(CUB200(data_root=root))
    (root / 'images.txt').unlink()
    with pytest.raises(BadData, match='is missing'):
        len(CUB200(data_root=root))
