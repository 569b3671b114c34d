"""The files of one prediction; ``tests/cli/test_infer.py`` checks those of a whole run."""

import cv2
import numpy as np
import pytest

from mtkd.deploy.inference import Prediction
from mtkd.deploy.prediction_files import write_prediction


def prediction(source='film.mp4#12'):
    image = np.zeros((4, 6, 3), np.uint8)
    red = np.full_like(image, (200, 0, 0))
    return Prediction(source, image, {'depth': np.ones((4, 6), np.float32), 'age': 31.5, 'gender': np.array([.25, .75])},
                      {'depth': 'm', 'age': 'value', 'gender': 'probability per class'}, {'depth': red})


def test_maps_go_to_npz_and_numbers_into_the_index(tmp_path):
    entry = write_prediction(prediction(), tmp_path, 3, values=True)
    assert entry['size'] == [4, 6] and entry['pictures'] == {'depth': '00003_film_12_depth.png'}
    assert entry['values'] == {'age': 31.5, 'gender': [.25, .75], 'depth': '00003_film_12.npz'}
    assert np.load(tmp_path / '00003_film_12.npz')['depth'].shape == (4, 6)
    assert cv2.imread(str(tmp_path / '00003_film_12_depth.png'))[0, 0].tolist() == [0, 0, 200]  # OpenCV reads BGR


def test_without_values_and_where_nothing_can_be_written(tmp_path):
    assert 'depth' not in write_prediction(prediction('a.jpg'), tmp_path, 0, values=False)['values']
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='file'):
        write_prediction(prediction(), tmp_path / 'file', 0, values=False)
