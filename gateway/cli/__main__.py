"""``python -m gateway.cli``: the command, for where no script is installed."""

from __future__ import annotations

from gateway.cli.main import main

if __name__ == "__main__":
    main(prog_name="portvakt")
