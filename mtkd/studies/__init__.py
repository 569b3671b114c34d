"""F7: studies that use complete runs: sweeps, plans, checks of data and machines, comparisons of networks.

Nothing is imported here: ``doctor`` must work without torch.
"""
