"""F6: prerequisites of a run: earlier runs, pseudo-labels, teacher caches.

The engine finds them in :data:`~mtkd.registry.PREREQUISITES`; nothing is imported here.
"""
