"""ImageNet-Sketch's folders and our split."""

from mtkd.datasets import ImageNetSketch


def test_a_fifth_of_each_class_is_held_out(tmp_path):
    for wnid in ('n01', 'n02'):
        (tmp_path / 'sketch' / wnid).mkdir(parents=True)
        for number in range(10):
            (tmp_path / 'sketch' / wnid / f'{number}.JPEG').touch()
    train, val = (ImageNetSketch(data_root=tmp_path, split=split) for split in ('train', 'val'))
    assert [len(train), len(val)] == [16, 4] and sorted(entry['class'] for entry in val.entries) == [0, 0, 1, 1]
    ids = [{entry['sample_id'] for entry in data.entries} for data in (train, val)]
    assert not ids[0] & ids[1]
    assert ids[1] == {entry['sample_id'] for entry in ImageNetSketch(data_root=tmp_path, split='val').entries}
    assert ids[1] != {entry['sample_id'] for entry in ImageNetSketch(data_root=tmp_path, split='val', split_seed=1).entries}
