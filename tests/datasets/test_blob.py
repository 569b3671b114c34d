from pathlib import Path

import numpy as np
from PIL import Image

from mtkd.datasets.blob import Blob, opened, suffix_of


def test_a_blob_is_read_as_a_file_is(tmp_path):
    Image.fromarray(np.full((2, 3), 7, np.uint8)).save(tmp_path / 'a.PNG')
    blob = Blob("b.tar, sample 'a', part png", '.PNG', (tmp_path / 'a.PNG').read_bytes())
    assert suffix_of(blob) == suffix_of(tmp_path / 'a.PNG') == suffix_of('a.PNG') == '.png'
    for source in (blob, tmp_path / 'a.PNG'):
        assert np.array(Image.open(opened(source))).tolist() == [[7] * 3] * 2
    assert str(blob) == "b.tar, sample 'a', part png" and opened(Path('x')) == Path('x')
