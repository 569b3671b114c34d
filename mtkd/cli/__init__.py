"""F8: the commands. Each file declares its options, and imports nothing heavy before they are parsed."""
