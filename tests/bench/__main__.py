"""`python -m tests.bench [NAME ...]`: run the named benchmarks of this folder, else all of them."""

import importlib
import pkgutil
import sys

import tests.bench


def main() -> None:
    """Each module of this folder has a `main` that measures and prints."""
    known = [one.name for one in pkgutil.iter_modules(tests.bench.__path__) if one.name[0] != "_"]
    wanted = sys.argv[1:] or known
    if unknown := set(wanted) - set(known):
        sys.exit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    for name in wanted:
        print(f"== {name}", flush=True)
        importlib.import_module(f"tests.bench.{name}").main()


if __name__ == "__main__":
    main()
