"""F7: jobs that use whole runs: sweeps, plans, looks at data and machines, comparisons of networks.

Nothing is imported here: ``doctor`` has to work where torch does not.
"""
