from mtkd.datasets import faces
from mtkd.datasets.faces.classes import EXPRESSIONS, GENDERS, RACES


def test_every_label_map_leads_to_named_classes():
    for name in faces.__all__:
        adapter = getattr(faces, name)
        for field, rule in adapter.LABEL_MAPS.items():
            classes = len(adapter.CLASSES[field])
            used = {i for i in rule.values() if i is not None} if isinstance(rule, dict) else set(range(len(rule)))
            assert used <= set(range(classes)), f'{name} {field}'
        for field, kind in adapter.OFFERS.items():
            assert (kind == 'class_label') == (field in adapter.LABEL_MAPS), f'{name} {field}'


def test_harmonised_classes_are_the_same_everywhere():
    common = {'gender': GENDERS, 'race': RACES, 'expression': EXPRESSIONS}
    for name in faces.__all__:
        for field, classes in getattr(faces, name).CLASSES.items():
            if field in common and not (name == 'FairFace' and field == 'race'):  # its own seven
                assert classes == common[field], f'{name} {field}'
