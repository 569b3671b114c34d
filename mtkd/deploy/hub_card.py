"""Metadata of a model card for a model hub."""

import math
import re

from huggingface_hub import EvalResult, ModelCardData

from .model_card import Metrics
from .student import Student

_PIPELINES = {'depth': 'depth-estimation', 'class_map': 'image-segmentation', 'class_label': 'image-classification'}
"""Kind of a task -> name of the task on the hub; other kinds have none."""


def front_matter(student: Student, *, name: str, metrics: Metrics | None, test_set: str | None = None,
                 licence: str | None = None) -> str:
    """The YAML front matter of a ``README.md``, including the lines of dashes.

    Args:
        student: the exported student.
        name: name of the model.
        metrics: metrics of ``results.json``; None: not tested. Values that are not finite are omitted.
        test_set: test set of the metrics; None: the data set of the config.
        licence: the hub's identifier of the licence of the weights, such as ``apache-2.0``; None: no licence is given.
    """
    pipelines = [_PIPELINES[task.kind.name] for task in student.tasks.values() if task.kind.name in _PIPELINES]
    distilled = bool(((student.cfg.get('model') or {}).get('distiller') or {}).get('teachers'))
    tags = ['mtkd', *(['multi-task-learning'] if len(student.tasks) > 1 else []),
            *(['knowledge-distillation'] if distilled else []),
            *(re.sub('[^a-z0-9]+', '-', task.lower()) for task in student.tasks)]
    data = test_set or str(student.cfg.get('data_set') or 'not named')
    results = [EvalResult(task_type=_PIPELINES.get(student.tasks[task].kind.name, 'other'), task_name=task,
                          dataset_name=data, dataset_type=re.sub('[^a-z0-9]+', '-', data.lower()).strip('-') or 'data',
                          metric_type=metric, metric_name=f'{task} {metric}' + (f' ({unit})' if unit else ''),
                          metric_value=float(value))
               for task, numbers in (metrics or {}).items() if task in student.tasks
               for metric, (value, unit) in numbers.items() if math.isfinite(value)]
    about = ModelCardData(library_name='mtkd', license=licence, pipeline_tag=pipelines[0] if pipelines else None,
                          tags=list(dict.fromkeys(tags)), model_name=name if results else None,
                          eval_results=results or None)
    return f'---\n{about.to_yaml()}\n---\n\n'
