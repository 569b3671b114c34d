"""F8: the commands, one per file; nothing heavy is imported before the options are parsed."""
