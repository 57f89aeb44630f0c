"""Planned calls as programs that people can read, copy and run: the vendor's command line and SDK.

Pure functions of the calls. What people typed goes through shlex.quote and repr, never as it is.
"""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vservers.cloud.calls import Call

from .changes import NEW, SECRET, new_rule_name
from .creations import BY_ACTION

# Parameters that the API takes as JSON text.
_JSON_PARAMS = {
    "BackendServers", "RuleList", "RuleIds", "MasterSlaveBackendServers", "AclEntrys",
}  # fmt: skip
# Where a program finds the only secret that is ever sent.
KEY_FILE = "private-key.pem"
# A boundary of the SDK's spelling: before a capital that follows a small letter or a digit.
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# What the answer names that was made, and its rows with a line each; kept to tools that every shell
# has.
_TAKE_ROWS = """| tr -d ' \\n\\t' | tr '{' '\\n'"""
_TAKE_ID = """| grep -o '"{}": *"[^"]*"' | cut -d '"' -f 4"""

# Of the products beside SLB: version, and what the vendor calls the host of its endpoint.
_PRODUCTS = {"ecs": ("20140526", "ecs"), "cms": ("20190101", "metrics")}
_PYTHON_HEAD = """\
# pip install alibabacloud-slb20140515
import json
import os

from alibabacloud_slb20140515 import models
from alibabacloud_slb20140515.client import Client
from alibabacloud_tea_openapi.models import Config

client = Client(
    Config(
        access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        region_id={region},
        # Unset: the region's own endpoint, over HTTPS.
        endpoint=os.environ.get("SLB_ENDPOINT"),
        protocol=os.environ.get("SLB_PROTOCOL", "HTTPS"),
    )
)
"""

# Another product beside: the same key, an endpoint of its own.
_PYTHON_HEAD_MORE = """\
# pip install alibabacloud-{product}{version}
import json
import os

from alibabacloud_{product}{version} import models as {product}
from alibabacloud_{product}{version}.client import Client as {title}Client
from alibabacloud_tea_openapi.models import Config

{product}_client = {title}Client(
    Config(
        access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        region_id={region},
        endpoint=os.environ.get("{upper}_ENDPOINT", "{host}." + {region} + ".aliyuncs.com"),
        protocol=os.environ.get("{upper}_PROTOCOL", "HTTPS"),
    )
)
"""


def command_line(calls: Iterable[Call], region_id: str) -> str:
    """A script for bash and the vendor's `aliyun`; it stops at the first call that is refused."""
    blocks = ["set -euo pipefail"]
    made = ""
    calls = list(calls)
    named = any(_of_new_rule(call) for call in calls)
    for call in calls:
        words = [f"aliyun {call.product} {call.action} --region {shlex.quote(region_id)}"]
        words += [_flag(name, value, made) for name, value in call.params.items()]
        command = " \\\n  ".join(words)
        if creation := BY_ACTION.get(call.action):
            made = creation.variable.upper()
            command = f"{made}=$({command} \\\n  {_TAKE_ID.format(creation.answer)})"
        elif named and call.action == "CreateRules":
            command = f"RULES=$({command} \\\n  {_TAKE_ROWS})"
        blocks.append(command)
    return "\n\n".join(blocks) + "\n"


def _flag(name: str, value: str | int, made: str) -> str:
    if value == NEW:
        return f'--{name} "${made}"'
    if value == SECRET:
        return f'--{name} "$(cat {KEY_FILE})"'
    if rule := new_rule_name(value):
        row = shlex.quote(f'"RuleName":{json.dumps(rule)}')
        return f'--{name} "$(echo "$RULES" | grep -F {row} {_TAKE_ID.format("RuleId")})"'
    text = str(value)
    # A value with a hyphen in front would be taken for the next flag.
    return f"--{name}{'=' if text.startswith('-') else ' '}{shlex.quote(text)}"


def _of_new_rule(call: Call) -> bool:
    """Whether it is about a rule that a call before it makes."""
    return any(new_rule_name(value) for value in call.params.values())


def python_sdk(calls: Iterable[Call], region_id: str) -> str:
    """A whole program for the vendor's SDKs; keys come from the environment. Reads are printed."""
    calls = list(calls)
    named = any(_of_new_rule(call) for call in calls)
    heads = dict.fromkeys(call.product for call in calls) or {"slb": None}
    blocks = [_head(product, region_id) for product in heads]
    made = ""
    for call in calls:
        client = "client" if call.product == "slb" else f"{call.product}_client"
        params = {"RegionId": region_id, **_lists(call.params)}
        arguments = "".join(
            f"        {_attribute(name)}={_argument(call.action, name, value, made)},\n"
            for name, value in params.items()
        )
        models = "models" if call.product == "slb" else call.product
        request = f"{models}.{call.action}Request(\n{arguments}    )"
        answer = f"{client}.{_attribute(call.action)}(\n    {request}\n)"
        if call.action.startswith("Describe"):
            answer = f"answer = {answer}\nprint(json.dumps(answer.body.to_map(), indent=2))"
        if creation := BY_ACTION.get(call.action):
            made = creation.variable
            answer = f"{made} = {answer}.body.{_attribute(creation.answer)}"
        elif named and call.action == "CreateRules":
            rows = f"{answer}.body.rules.rule"
            answer = f"rules = {{\n    one.rule_name: one.rule_id\n    for one in {rows}\n}}"
        blocks.append(answer + "\n")
    return "\n".join(blocks)


def _head(product: str, region_id: str) -> str:
    if product == "slb":
        return _PYTHON_HEAD.replace("{region}", repr(region_id))
    version, host = _PRODUCTS[product]
    return _PYTHON_HEAD_MORE.format(
        product=product,
        version=version,
        title=product.title(),
        upper=product.upper(),
        host=host,
        region=repr(region_id),
    )


def _attribute(name: str) -> str:
    """As the SDK spells it: XForwardedFor_SLBID is xforwarded_for_slbid."""
    return _WORD.sub("_", name).replace("__", "_").lower()


def _lists(params: Mapping[str, str | int]) -> dict[str, Any]:
    """Name.N as a list, Name.N.Key as a list of objects; the rest as it is."""
    found: dict[str, Any] = {}
    for name, value in params.items():
        words = name.split(".")
        if len(words) == 1:
            found[name] = value
        elif len(words) == 2:
            found.setdefault(words[0], []).append(value)
        else:
            rows = found.setdefault(words[0], [])
            if len(rows) < int(words[1]):
                rows.append({})
            rows[-1][words[2]] = value
    return found


def _argument(action: str, name: str, value: Any, made: str) -> str:
    if not isinstance(value, list):
        return _literal(name, value, made)
    rows = [
        f"models.{action}Request{name}("
        + ", ".join(f"{_attribute(key)}={_literal(key, one, made)}" for key, one in row.items())
        + ")"
        if isinstance(row, dict)
        else _literal(name, row, made)
        for row in value
    ]
    return f"[{', '.join(rows)}]"


def _literal(name: str, value: str | int, made: str) -> str:
    if value == NEW:
        return made
    if value == SECRET:
        return f"open({KEY_FILE!r}).read()"
    if rule := new_rule_name(value):
        return f"rules[{rule!r}]"
    if name not in _JSON_PARAMS:
        return repr(value)
    items: Sequence[Any] = json.loads(str(value))
    rows = "".join(f"                {item!r},\n" for item in items)
    return f"json.dumps(\n            [\n{rows}            ]\n        )"
