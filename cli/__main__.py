"""``python -m cli`` is ``whimbrel``."""

from cli.app import main

main()
