"""Print the shell code for completion of commands, options, and names of configs and data sets."""

import argparse

EXAMPLE = """\
examples:
  eval "$(mtkd completion bash)"                                       in ~/.bashrc
  mtkd completion fish > ~/.config/fish/completions/mtkd.fish
"""
SHELLS = ('bash', 'zsh', 'fish', 'tcsh', 'powershell')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('shell', choices=SHELLS, help='your shell')


def run(arguments: argparse.Namespace) -> int:
    """Run the command."""
    import argcomplete
    print(argcomplete.shellcode(['mtkd'], shell=arguments.shell))
    return 0
