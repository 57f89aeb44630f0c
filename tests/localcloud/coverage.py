"""`python -m tests.localcloud.coverage`: which actions exist, and what the tests call of them.

Runs the tests of the local cloud and of the contract with every answer noted, then prints a table:
action x implemented (a handler is registered), happy path (a test got an answer), errors (the codes
that tests got), and the vendor's SDKs that called it. Ends with 1 when an action lacks something.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.localcloud.process import ROOT
from tests.localcloud.recorded import RECORD_FILE
from vservers.localcloud.cloud import PRODUCTS
from vservers.localcloud.registry import ACTIONS
from vservers.localcloud.validate import table

SDKS = ("new SDK v3", "new SDK v1", "old SDK")
FOLDERS = ("tests/localcloud", "tests/contract")


@dataclass
class Row:
    """What was seen of one action."""

    answered: int = 0
    codes: set[str] = field(default_factory=set)
    sdks: set[str] = field(default_factory=set)


def main(arguments: list[str]) -> int:
    """Print the table. arguments: of pytest; given a file of noted answers, run no tests."""
    if len(arguments) == 1 and Path(arguments[0]).is_file():
        rows = seen(Path(arguments[0]).read_text().splitlines())
        return report(rows)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "answers.jsonl"
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", *FOLDERS, *arguments]
        environment = os.environ | {RECORD_FILE: str(record)}
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        rows = seen(record.read_text().splitlines())
    return report(rows) or code


def seen(lines: Iterable[str]) -> dict[tuple[str, str], Row]:
    """Rows by (product, action) from noted answers."""
    rows: dict[tuple[str, str], Row] = defaultdict(Row)
    for line in lines:
        noted = json.loads(line)
        row = rows[PRODUCTS.get(noted["version"], ""), noted["action"]]
        if noted["code"]:
            row.codes.add(noted["code"])
        else:
            row.answered += 1
            row.sdks.add(noted["client"])
    return rows


def report(rows: dict[tuple[str, str], Row]) -> int:
    """Print; 1 when an action lacks something that we ask for."""
    lacking = 0
    print(f"{'action':<48} {'impl':<5}{'happy':>7}  {'SDKs':<6}errors")
    for product in PRODUCTS.values():
        totals = [0, 0, 0, 0, 0]
        for action in table(product).actions:
            row = rows.get((product, action), Row())
            told = [
                True,
                (product, action) in ACTIONS,
                row.answered > 0,
                bool(row.codes),
                set(SDKS) <= row.sdks,
            ]
            totals = [total + one for total, one in zip(totals, told, strict=True)]
            # The vendor's SDKs of further products are not among the tested ones.
            lacking += not all(told[:4])
            sdks = "".join("x" if sdk in row.sdks else "-" for sdk in SDKS)
            print(
                f"{product + ' ' + action:<48} {'yes' if told[1] else 'NO':<5}{row.answered:>7}"
                f"  {sdks:<6}{', '.join(sorted(row.codes)) or 'NONE'}"
            )
        everything, implemented, happy, errors, sdk = totals
        print(
            f"{product}: {implemented} of {everything} implemented, {happy} happy paths tested, "
            f"{errors} with errors tested, {sdk} called by all of {', '.join(SDKS)}\n"
        )
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
