#!/usr/bin/env bash
# MMEngine 0.10.7's Runner formats its config with yapf each time it needs it as text: several times at the start of a run, and once
# for every checkpoint. yapf's run time grows quickly with nested dictionaries, so for a small network, formatting takes longer than
# the rest of a checkpoint. Config(..., format_python_code=False), or a subclass of Config that overrides pretty_text, avoids it.
# Observed: 4 calls of yapf before the first iteration, and 5 in the 5 iterations that each write a checkpoint. They took 96 to 97 %
# of the time of these iterations (for a linear layer; a second or more per call for configs of a few hundred values). With
# formatting off: 0 calls.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet torch==2.8.0 mmengine==0.10.7 yapf==0.43.0 'setuptools<81' 'numpy<2.3'
cat > "$folder/run.py" <<'PY'
import sys
import time

import mmengine.config.config as config
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import Runner

at_start, calls, spent, format_code = [], [], 0.0, config.FormatCode


def counted(*args, **kwargs):
    global spent
    calls.append(1)
    start = time.perf_counter()
    result = format_code(*args, **kwargs)
    spent += time.perf_counter() - start
    return result


config.FormatCode = counted


@MODELS.register_module()
class Net(BaseModel):
    def __init__(self, parts):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, inputs, mode='tensor'):
        return {'loss': self.layer(inputs).square().mean()}


@DATASETS.register_module()
class Numbers(torch.utils.data.Dataset):
    def __len__(self):
        return 20

    def __getitem__(self, index):
        return {'inputs': torch.full((2,), float(index))}


class FirstIteration(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if not at_start:
            at_start.extend([len(calls), spent, time.perf_counter()])


parts = [{'type': 'Layer', 'channels': i, 'norm': {'type': 'BN', 'eps': 1e-5}, 'act': {'type': 'ReLU', 'inplace': True},
          'options': {'stride': 1, 'padding': [1, 1], 'bias': False, 'name': f'layer{i}'}} for i in range(12)]
runner = Runner.from_cfg(config.Config({
    'model': {'type': 'Net', 'parts': parts}, 'work_dir': sys.argv[1], 'log_level': 'ERROR',
    'train_dataloader': {'batch_size': 4, 'num_workers': 0, 'dataset': {'type': 'Numbers'},
                         'sampler': {'type': 'InfiniteSampler', 'shuffle': True}, 'collate_fn': {'type': 'default_collate'}},
    'train_cfg': {'type': 'IterBasedTrainLoop', 'max_iters': 5},
    'optim_wrapper': {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1}},
    'default_hooks': {'checkpoint': {'type': 'CheckpointHook', 'interval': 1, 'by_epoch': False}}},
    format_python_code=sys.argv[2] == 'True'))
runner.register_hook(FirstIteration())
runner.train()
print(at_start[0], len(calls) - at_start[0], f'{(spent - at_start[1]) / (time.perf_counter() - at_start[2]):.2f}')
PY
seen=
for switch in True False; do
    line=$("$folder/env/bin/python" "$folder/run.py" "$folder/work_$switch" $switch 2>"$folder/err" | tail -n 1) || { cat "$folder/err"; exit 1; }
    echo "format_python_code=$switch: calls at the start, calls later, share of the time later: $line"; seen="$seen${line% *};"
done
[ "$seen" = '4 5;0 0;' ] || { echo 'changed'; exit 1; }
