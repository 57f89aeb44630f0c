"""`python -m vservers.localcloud.generate`: give a local cloud an account of a company's size.

The account has a key of its own, in access-key-<account>.json in the data directory, and is not
served by the data plane. It is written in one transaction: it is there whole or not at all.
"""

import argparse
import dataclasses
import os
import sys
import time
from collections import Counter
from pathlib import Path

from vservers.localcloud.big_account import Size, big_account
from vservers.localcloud.data_dir import STATE_FILE, CannotStart, locked
from vservers.localcloud.keys import make_key
from vservers.localcloud.model import Group
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.store import Changes, Store

BIG_ACCOUNT = "1000000000000500"
_CANNOT = 2


def main() -> int:
    """Generate; 0 when the account is on disk, 2 when it could not be made."""
    options = _options()
    size = Size(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Size)})
    began = time.perf_counter()
    try:
        counts = generate(
            options.data_dir, options.account, size=size, region=options.region, seed=options.seed
        )
    except (CannotStart, ValueError, OSError) as reason:
        print(f"local cloud: nothing is generated: {reason}", file=sys.stderr)
        return _CANNOT
    made = ", ".join(f"{kind} {count:,}" for kind, count in counts.items())
    print(f"account {options.account} in {time.perf_counter() - began:.1f} s: {made}")
    print(f"its access key is in {make_key(options.data_dir, options.account)}")
    return 0


def generate(data_dir: Path, account: str, *, size: Size, region: str, seed: int) -> Counter[str]:
    """How many of each kind were made. Raises ValueError, CannotStart (the cloud runs)."""
    # The account names a file, too.
    if not (account.isascii() and account.isdigit()):
        raise ValueError("an account is a number")
    changes: Changes = {
        (account, entity.kind, entity.id): entity
        for entity in big_account(account, size=size, region=region, seed=seed)
    }
    with locked(data_dir):
        store = Store(data_dir / STATE_FILE)
        try:
            if store.holds(account):
                raise ValueError(f"account {account} is there already: take another number")
            make_key(data_dir, account)
            store.write(changes)
        finally:
            store.close()
    counts = Counter(kind for _, kind, _ in changes)
    del counts["account"]
    counts["member"] = sum(len(one.members) for one in changes.values() if isinstance(one, Group))
    return counts


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m vservers.localcloud.generate",
        description="Give a stopped local cloud an account of a company's size, made up.",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=os.environ.get("LOCALCLOUD_DATA_DIR", "var/localcloud"),
        help="where the cloud keeps its state (LOCALCLOUD_DATA_DIR, else var/localcloud)",
    )
    parser.add_argument(
        "--account", default=BIG_ACCOUNT, help="the new account's number (%(default)s)"
    )
    parser.add_argument(
        "--region", choices=REGIONS, default="cn-hangzhou", help="where all of it is (%(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="the same seed makes the same account (%(default)s)"
    )
    for field in dataclasses.fields(Size):
        parser.add_argument(
            f"--{field.name}", type=int, default=field.default, help="how many (%(default)s)"
        )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
