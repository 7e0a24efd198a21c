"""``python -m okrsync.cli``: the program, where no ``okrsync`` is on the path."""

from okrsync.cli import main

main()
