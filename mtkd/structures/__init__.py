"""F0: data structures shared by all packages: batches, target kinds, reductions."""

from .batch import Batch, Sample, SampleMeta, as_picture, collate, interleave, pack
from .feature_store import FeatureStore
from .kinds import IGNORE, KINDS, Size, TargetKind
from .reduce import PerSample, all_rows, all_sum, global_ratio, synced_sum, world_size
from .rows import Route, Routing, RoutingPlan, from_host, joined, row_wise

__all__ = ['IGNORE', 'KINDS', 'Batch', 'FeatureStore', 'PerSample', 'Route', 'Routing', 'RoutingPlan', 'Sample',
           'SampleMeta', 'Size', 'TargetKind', 'all_rows', 'all_sum', 'as_picture', 'collate', 'from_host', 'global_ratio',
           'interleave', 'joined', 'pack', 'row_wise', 'synced_sum', 'world_size']
