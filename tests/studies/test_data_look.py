import cv2
import numpy as np

from mtkd.studies.data_look import look

CONFIG = """
tasks = dict(semseg=dict(type='SemanticSegmentation', num_classes=11))
model = dict(type='MultiTaskModel', net=dict(backbone=dict(type="TimmBackbone", name="resnet18")))
train_dataloader = dict(batch_size=1, num_workers=0, dataset=dict(type='CamVid', data_root='camvid', split='train'))
val_dataloader = None
test_dataloader = dict(batch_size=1, num_workers=0, dataset=dict(type='CamVid', data_root='camvid', split='test'))
"""


def test_counts_findings_and_a_contact_sheet(tmp_path):
    for split, value in (('train', 3), ('test', 200)):
        labels = np.full((16, 24), value, np.uint8)
        for folder, array in ((split, np.zeros((16, 24, 3), np.uint8)), (f'{split}annot', labels)):
            (tmp_path / 'camvid' / folder).mkdir(parents=True)
            for number in range(3):
                cv2.imwrite(str(tmp_path / 'camvid' / folder / f'{number}.png'), array)
    (tmp_path / 'c.py').write_text(CONFIG)
    text, right = look(str(tmp_path / 'c.py'), tmp_path / 'out', tmp_path)
    assert not right and 'CamVid: 3 samples, labelled for semseg' in text
    assert 'odd: ' in text and 'semseg is class 3 alone in the 3 labels looked at' in text
    assert 'WRONG: ' in text and 'holds class 200, allowed are 0 to 10' in text
    assert (tmp_path / 'out' / 'train_00.png').is_file() and not (tmp_path / 'out' / 'test_00.png').exists()
