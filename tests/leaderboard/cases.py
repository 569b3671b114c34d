"""Small results for leaderboards."""

from pathlib import Path

from mtkd.leaderboard.results import Metric, Result

UNITS = {'mIoU': ('%', True), 'pixAcc': ('%', True), 'rmse': ('m', False), 'mErr': ('deg', False), 'odsF': ('%', True)}
NYUD = {'semseg': 'mIoU', 'depth': 'rmse', 'normals': 'mErr', 'edge': 'odsF'}
ST_HRNET18 = {'semseg': 38.02, 'depth': 0.6104, 'normals': 20.94, 'edge': 76.22}
MT_HRNET18 = {'semseg': 36.35, 'depth': 0.6284, 'normals': 21.02, 'edge': 76.36}


def result(values: dict[str, float], seed: int = 0, **changes: object) -> Result:
    """A result with one metric per task, as in `NYUD`."""
    method = str(changes.get('method', 'MT'))
    kwargs: dict = {
        'suite': 'toy',
        'method': method,
        'config': f'configs/{method}_{"_".join(values)}.py',
        'config_sha256': f'hash of {method} {" ".join(values)}',
        'seed': seed,
        'student': 'net',
        'backbone': 'hrnet18',
        'tasks': list(values),
        'role': 'multi_task',
        'metrics': {task: {NYUD[task]: Metric(value, *UNITS[NYUD[task]])} for task, value in values.items()},
        'primary': {task: NYUD[task] for task in values},
        'command': f'python tools/test.py configs/{method}.py --seed {seed}',
    }
    return Result(**{**kwargs, **changes})


def write(root: Path, *results: Result) -> Path:
    """Writes results below `root`, one folder each."""
    for number, item in enumerate(results):
        item.write(root / f'{item.method}-{"-".join(item.tasks)}-{number}' / f'seed{item.seed}' / 'results.json')
    return root


def single_task(values: dict[str, float], seed: int = 0, **changes: object) -> list[Result]:
    """One single-task result for each task."""
    kwargs = {'method': 'ST', 'role': 'single_task', **changes}
    return [result({task: value}, seed, **kwargs) for task, value in values.items()]
