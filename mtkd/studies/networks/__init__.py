"""Comparison of networks: training cost and supported features."""
