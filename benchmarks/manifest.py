"""The cost of opening a Manifest: processor time and memory, in the main process and in a forked or spawned worker.

A csv of random rows (path, split, age, gender, expression) is opened as in training, with all checks. The files exist, a
thousand per folder, and are empty, since none is read. Memory is the growth over a process with the same imports that opens
nothing; for a worker, it is the growth of its private memory after it has accessed 1,000 rows.

    python benchmarks/manifest.py
    python benchmarks/manifest.py --against ../mtkd_before --rows 1000000 --folder manifest_rows
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

EXPRESSIONS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']
CHILD = '''
import json, sys, time
import numpy as np
import torch._dynamo
from torch import multiprocessing
from mtkd.datasets import Manifest

def memory(key, file='status'):
    with open(f'/proc/self/{file}') as lines:
        return sum(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024

def look(data, queue):
    if data is not None:
        for index in np.random.default_rng(0).integers(0, len(data), 1000).tolist():
            data.entries[index]
    queue.put(memory('Private_Dirty', 'smaps_rollup'))

def worker(method, data):
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=look, args=(data, queue))
    process.start()
    used = queue.get()
    process.join()
    return used

if __name__ == '__main__':
    data = Manifest({'age': 'scalar', 'gender': 'class_label', 'expression': 'class_label'}, sys.argv[1], label_maps={
        'gender': {'M': 0, 'F': 1}, 'expression': {name: i for i, name in enumerate(sys.argv[2].split(','))}})
    idle = {method: worker(method, None) for method in ('fork', 'spawn')}
    with open('/proc/self/clear_refs', 'w') as file:
        file.write('5')  # the highest mark of memory starts anew
    before, start = memory('VmRSS'), time.process_time()
    data.full_init()
    told = {'processor time': time.process_time() - start, 'memory, highest': memory('VmHWM') - before,
            'memory, held': memory('VmRSS') - before}
    told |= {f'memory of a worker ({method})': worker(method, data) - idle[method] for method in idle}
    print(json.dumps(told))
'''


def write(folder: Path, rows: int) -> None:
    """Write the table and its empty image files; existing files are kept."""
    rng = np.random.default_rng(0)
    ages, genders, faces = rng.integers(0, 10000, rows) / 100, rng.integers(0, 3, rows), rng.integers(0, 7, rows)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / 'manifest.csv').open('w') as file:
        file.write('path,split,age,gender,expression\n')
        for i in range(rows):
            file.write(f'pictures/{i // 1000:04d}/{i:07d}.jpg,train,{ages[i]},{["M", "F", ""][genders[i]]},'
                       f'{EXPRESSIONS[faces[i]]}\n')
    for first in range(0, rows, 1000):
        place = folder / 'pictures' / f'{first // 1000:04d}'
        place.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in place.iterdir()) < min(1000, rows - first):
            for i in range(first, min(first + 1000, rows)):
                (place / f'{i:07d}.jpg').touch()


def measured(tree: Path, folder: Path) -> dict[str, float]:
    """The measurements of one build of mtkd, in seconds and MB."""
    script = folder / 'child.py'
    script.write_text(CHILD)
    made = subprocess.run([sys.executable, str(script), str(folder), ','.join(EXPRESSIONS)], capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': str(tree), 'OMP_NUM_THREADS': '1'}, cwd=folder, check=False)
    if made.returncode:
        raise SystemExit(made.stderr)
    return json.loads(made.stdout.splitlines()[-1])


def main() -> None:
    """Measure this build and, if requested, another one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rows', type=int, default=1_000_000)
    parser.add_argument('--against', type=Path, help='a checkout of mtkd to compare with')
    parser.add_argument('--folder', type=Path, help='folder to write the images to; kept (default: temporary)')
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).absolute()
        write(folder, arguments.rows)
        trees = {'this build': Path(__file__).resolve().parents[1]}
        if arguments.against:
            trees['before'] = arguments.against.resolve()
        figures = {name: measured(tree, folder) for name, tree in trees.items()}
    for name in figures['this build']:
        print(f'{name:30}' + ''.join(f'  {build}: {told[name]:8.2f} {"s" if "time" in name else "MB"}'
                                     for build, told in figures.items()))


if __name__ == '__main__':
    main()
