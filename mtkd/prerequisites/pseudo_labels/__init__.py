"""Pseudo-labels from a teacher for unlabelled samples: configuration, creation, storage and loading."""
