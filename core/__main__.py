"""`python -m core COMMAND`: the command line is in `core/cli`."""

from core.cli.main import console

if __name__ == "__main__":
    console()
