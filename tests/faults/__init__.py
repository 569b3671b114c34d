"""Wrong inputs over all commands, each with the words it must be answered by."""
