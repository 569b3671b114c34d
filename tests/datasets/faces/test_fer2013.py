import numpy as np
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.faces import FER2013
from mtkd.datasets.faces.fer2013 import pixels_of

from .copies import write_fer2013


@pytest.mark.parametrize('header', ['emotion,pixels,Usage', 'emotion, Usage, pixels'])
def test_splits_pixels_and_labels(tmp_path, header):
    write_fer2013(tmp_path, header)
    for split, rows in (('train', [0, 1, 4]), ('val', [2]), ('test', [3])):
        data = FER2013(data_root=tmp_path, split=split, size=(48, 48))
        assert [data.load(i)['targets']['expression'] for i in range(len(data))] == rows
        assert [data.load(i)['meta']['sample_id'] for i in range(len(data))] == [str(row) for row in rows]
        grey = np.random.default_rng(rows[0]).integers(0, 256, 48 * 48).reshape(48, 48)
        assert (data.load(0)['image'] == grey[..., None]).all()
    assert FER2013(data_root=tmp_path)[0]['image'].shape == (3, 64, 64)


def test_a_broken_row_is_a_broken_picture(tmp_path):
    write_fer2013(tmp_path)
    path = tmp_path / 'fer2013.csv'
    lines = path.read_text().splitlines()
    lines[1] = '0,1 2 3,Training'
    path.write_text('\n'.join(lines))
    data = FER2013(data_root=tmp_path)
    assert not data[0]['image'].any() and not data[0]['present']['expression'] and data[1]['present']['expression']
    with pytest.raises(BadData, match=r"max_broken=0.*row 0 of .*fer2013\.csv holds 3 pixels, not 2304"):
        FER2013(data_root=tmp_path, max_broken=0)[0]


def test_pixels():
    whole = ' '.join(['7'] * 2304)
    assert (pixels_of(whole) == 7).all()
    assert 'no numbers' in pixels_of(whole + ' x') and 'outside' in pixels_of(whole.replace('7', '256', 1))
