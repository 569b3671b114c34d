import yaml

from mtkd.deploy.hub_card import front_matter
from mtkd.deploy.student import load_student

from .deployed import write_student


def data(text: str) -> dict:
    start, body, end = text.split('---\n')
    assert start == '' and end.strip() == ''
    return yaml.safe_load(body)


def test_what_a_hub_reads(tmp_path):
    student = load_student(*write_student(tmp_path))
    found = data(front_matter(student, name='toy', metrics={'depth': {'rmse': (0.7, 'm'), 'log': (float('nan'), '')}},
                              test_set='Toy rooms, val', licence='mit'))
    assert found['license'] == 'mit' and found['library_name'] == 'mtkd' and found['pipeline_tag'] == 'image-segmentation'
    assert found['tags'] == ['mtkd', 'multi-task-learning', 'semseg', 'depth']
    result, = found['model-index'][0]['results']
    assert result['dataset'] == {'name': 'Toy rooms, val', 'type': 'toy-rooms-val'}
    assert result['metrics'] == [{'type': 'rmse', 'value': 0.7, 'name': 'depth rmse (m)'}], 'NaN is not valid in JSON'


def test_untested_without_licence(tmp_path):
    found = data(front_matter(load_student(*write_student(tmp_path)), name='toy', metrics=None))
    assert 'license' not in found and 'model-index' not in found
