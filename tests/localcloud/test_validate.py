"""The table-driven validation, and the shapes of texts."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vservers.localcloud import handlers
from vservers.localcloud.cloud import PRODUCTS
from vservers.localcloud.dataplane import words
from vservers.localcloud.errors import ApiError
from vservers.localcloud.formats import FORMATS
from vservers.localcloud.handlers.settings import checked_settings
from vservers.localcloud.registry import ACTIONS
from vservers.localcloud.validate import Table, table

SPEC_KEYS = {
    "type",
    "required",
    "missing",
    "enum",
    "ignore_case",
    "separator",
    "bounds",
    "also",
    "clamp",
    "length",
    "format",
    "default",
    "items",
    "max_items",
    "too_many",
    "malformed",
    "error",
    "bare",
    "length_error",
    "clear",
}


def one(spec, shapes=None):
    return Table(
        {"product": "x", "version": "1", "shapes": shapes or {}, "actions": {"Do": {"P": spec}}}
    )


def check(spec, text, shapes=None):
    return one(spec, shapes).validate("Do", {"P": text}).get("P")


def refusal(spec, text, shapes=None):
    with pytest.raises(ApiError) as refused:
        check(spec, text, shapes)
    return refused.value.code


@pytest.mark.parametrize("product", PRODUCTS.values())
def test_a_table_speaks_only_words_that_validation_knows(product):
    known = table(product)
    document = [*known.actions.values(), *(shape.fields for shape in known.shapes.values())]
    for parameters in document:
        for spec in parameters.values():
            assert set(spec) <= SPEC_KEYS
            assert spec.get("format", "name") in FORMATS
            assert spec.get("items", "string") in {"string", *known.shapes}


def test_the_slb_table_has_all_actions_and_every_handler_has_a_table():
    assert handlers.__all__
    assert len(table("slb").actions) == 93
    listed = {
        (product, action) for product in PRODUCTS.values() for action in table(product).actions
    }
    assert set(ACTIONS) == listed
    assert set(PRODUCTS.values()) >= {"slb", "ecs", "vpc", "sts"}


@pytest.mark.parametrize("text", ["True", "true", "TRUE"])
def test_booleans_are_read_without_case(text):
    assert check({"type": "boolean"}, text) is True
    assert check({"type": "boolean"}, "False") is False
    assert refusal({"type": "boolean"}, "yes") == "InvalidParameter"


@pytest.mark.parametrize(
    "text", ["", "1.0", "1e3", "٣", "²", " 1", "--1", "1_0", "2147483648", "9" * 5000]
)
def test_texts_that_are_no_int32_are_refused(text):
    if text == "":
        assert check({"type": "integer"}, text) is None
    else:
        assert refusal({"type": "integer"}, text) == "InvalidParameter"


def test_bounds_exceptions_and_clamps():
    spec = {"type": "integer", "bounds": [1, 5], "also": [-1]}
    assert [check(spec, text) for text in ("1", "5", "-1")] == [1, 5, -1]
    assert refusal(spec, "0") == refusal(spec, "6") == "InvalidParameter"
    assert check({"type": "integer", "bounds": [1, None]}, "2000000000") == 2000000000
    assert [check({"type": "integer", "clamp": [10, 100]}, text) for text in ("1", "500")] == [
        10,
        100,
    ]


@pytest.mark.parametrize(
    ("spec", "given", "value"),
    [
        ({"type": "integer"}, {"p": "3"}, 3),
        ({"type": "integer", "required": True}, {"p": "3"}, 3),
        ({"type": "integer"}, {"P": "4", "p": "3"}, 4),
        ({"type": "list", "items": "string"}, {"p.1": "a", "P.2": "b"}, ("a", "b")),
        ({"type": "list", "items": "pair"}, {"p.1.key": "a"}, ({"Key": "a"},)),
    ],
)
def test_a_name_in_another_case_counts_and_the_exact_one_more(spec, given, value):
    shapes = {"pair": {"Key": {"type": "string", "required": True}}}
    assert one(spec, shapes).validate("Do", given) == {"P": value}


@pytest.mark.parametrize(
    "row",
    [
        {"ServerId": "i-1", "Port": 80, "Type": ""},
        {"serverId": "i-1", "port": 80, "serverIp": "", "description": "", "type": "ecs"},
        {"server_id": "i-1", "port": "80", "type": "ecs"},
        {"SERVER-ID": "i-1", "PORT": 80, "unknown": {"a": 1}},
        {"ServerId": "i-1", "serverid": "i-2", "Port": 80},
    ],
)
def test_a_member_is_read_as_each_client_spells_it(row):
    given = {"RegionId": "r", "VServerGroupId": "rsp-1", "BackendServers": json.dumps([row])}
    values = table("slb").validate("AddVServerGroupBackendServers", given)
    (member,) = values["BackendServers"]
    member.pop("ServerIp", None)
    assert member == {"ServerId": "i-1", "Port": 80, "Weight": 100, "Type": "ecs"}


def test_an_empty_text_that_may_stand_is_kept():
    row = {"rule_name": "r", "domain": "", "URL": "/x", "vserverGroupId": "rsp-1"}
    given = {"regionId": "r", "LoadBalancerID": "lb-1", "listenerport": "80"}
    given["ruleList"] = json.dumps([row])
    (rule,) = table("slb").validate("CreateRules", given)["RuleList"]
    assert rule == {"RuleName": "r", "Domain": "", "Url": "/x", "VServerGroupId": "rsp-1"}


@pytest.mark.parametrize("product", PRODUCTS.values())
def test_no_two_names_differ_by_their_spelling_alone(product):
    known = table(product)
    for specs in [*known.actions.values(), *(shape.fields for shape in known.shapes.values())]:
        folded = {name.lower().replace("_", "").replace("-", "") for name in specs}
        assert len(folded) == len(specs)


def test_a_required_list_is_asked_for_by_its_entries():
    spec = {"type": "list", "items": "string", "required": True, "enum": ["a", "b"]}
    assert one(spec).validate("Do", {"P.2": "b", "P.1": "a"}) == {"P": ("a", "b")}
    for absent in ({}, {"P": "a"}, {"P.1": ""}):
        with pytest.raises(ApiError) as refused:
            one(spec).validate("Do", absent)
        assert refused.value.code == "MissingParameter"
    with pytest.raises(ApiError) as refused:
        one(spec).validate("Do", {"P.1": "c"})
    assert refused.value.code == "InvalidParameter"


def test_a_default_is_taken_for_absent_and_empty():
    assert one({"type": "integer", "default": 7}).validate("Do", {}) == {"P": 7}
    assert check({"type": "integer", "default": 7}, "") == 7


def test_a_required_parameter_is_asked_for_before_others_are_looked_at():
    with pytest.raises(ApiError) as refused:
        table("slb").validate("CreateVServerGroup", {"VServerGroupName": "a b", "RegionId": "r"})
    assert refused.value.code == "MissingParameter"
    assert '"LoadBalancerId"' in refused.value.message


def test_words_in_one_text_are_checked_each():
    spec = {"type": "string", "enum": ["a", "b"], "separator": ",", "max_items": 2}
    assert check(spec, "a, b,") == ("a", "b")
    assert refusal(spec, "a,c") == "InvalidParameter"
    assert refusal(spec, "a,b,a") == "InvalidParameter"


def test_numbered_parameters_become_a_list_in_the_order_of_numbers():
    tags = one(
        {"type": "list", "items": "tag", "max_items": 2},
        {"tag": {"Key": {"type": "string", "required": True}, "Value": {"type": "string"}}},
    )
    given_ = {"P.10.Key": "b", "P.2.Key": "a", "P.2.Value": "v", "Px": "no"}
    assert tags.validate("Do", given_)["P"] == ({"Key": "a", "Value": "v"}, {"Key": "b"})
    for wrong in ({"P.x.Key": "a"}, {"P.1.Value": "v"}, {f"P.{n}.Key": "k" for n in range(3)}):
        with pytest.raises(ApiError):
            tags.validate("Do", wrong)
    plain = one({"type": "list", "items": "string"})
    assert plain.validate("Do", {"P.1": "x", "P.2": "y"})["P"] == ("x", "y")


@given(st.text(max_size=40))
def test_any_text_for_a_json_list_is_a_list_or_refused(text):
    try:
        value = table("slb").validate(
            "AddVServerGroupBackendServers",
            {"RegionId": "r", "VServerGroupId": "g", "BackendServers": text},
        )
    except ApiError:
        return
    assert isinstance(value["BackendServers"], tuple)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
row_values = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("ServerId", "Port", "Weight", "Type", "Description"), json_values),
)


@given(st.lists(row_values | json_values, max_size=3))
def test_any_json_for_servers_gives_rows_in_range_or_a_documented_code(rows):
    try:
        values = table("slb").validate(
            "AddVServerGroupBackendServers",
            {"RegionId": "r", "VServerGroupId": "g", "BackendServers": json.dumps(rows)},
        )
    except ApiError as refused:
        assert refused.code in {
            "BackendServersMalformed",
            "InvalidParameter",
            "InvalidWeight.Malformed",
            "BackendServer.InvalidType",
        }
        return
    for row in values["BackendServers"]:
        assert 1 <= row["Port"] <= 65535
        assert 0 <= row["Weight"] <= 100
        assert row["ServerId"]


def test_numbers_beyond_any_machine_are_refused_like_others():
    for number in ("9" * 4000, "1e999", "-1e999", "NaN"):
        text = f'[{{"ServerId":"i","Port":{number}}}]'
        with pytest.raises(ApiError):
            table("slb").validate(
                "AddVServerGroupBackendServers",
                {"RegionId": "r", "VServerGroupId": "g", "BackendServers": text},
            )


engine_text = st.text(
    alphabet=string.ascii_letters + string.digits + "*.-_/%?#&= $;\"'\n\\é", max_size=70
)


@given(engine_text)
def test_what_the_formats_let_through_the_data_plane_takes(text):
    """A value that the API takes and the renderer refuses would stop a listener from serving."""
    if FORMATS["rule_domain"](text) and text:
        words.domain(text)
    if FORMATS["rule_url"](text) and text:
        words.url(text)
    if FORMATS["check_uri"](text):
        words.url(text)
    if FORMATS["check_domain"](text) and text != "$_ip":
        words.host(text)
    if FORMATS["cookie"](text):
        words.cookie(text)


@given(st.text())
def test_no_name_holds_blanks_controls_or_quotes(text):
    if FORMATS["name"](text):
        assert not set(text) & set(" \t\r\n\"'\\;#{}<>&")
        assert text.isprintable()


@pytest.mark.parametrize("domain", ["a.com", "*.a.com", "localhost", "a-b.c1.io", ""])
def test_domains_that_rules_take(domain):
    assert FORMATS["rule_domain"](domain)


@pytest.mark.parametrize(
    "domain", ["*", "*.", "a.*", "-a.com", "a..b", "a.com.", "a_b.com", "a.com\n"]
)
def test_domains_that_rules_refuse(domain):
    assert not FORMATS["rule_domain"](domain)


SPECS = sorted(
    {
        json.dumps(spec)
        for product in PRODUCTS.values()
        for parameters in table(product).actions.values()
        for spec in parameters.values()
        if spec["type"] not in ("json", "list")
    }
)


@given(st.sampled_from(SPECS), st.text(max_size=300) | st.integers().map(str))
def test_what_passes_a_spec_is_what_it_says(text_of_spec, text):
    spec = json.loads(text_of_spec) | {"required": False}
    spec.pop("default", None)
    try:
        value = check(spec, text)
    except ApiError as error:
        assert error.status in (400, 404)
        return
    if value is None:
        assert text == ""
        return
    values = value if isinstance(value, tuple) else (value,)
    for one_value in values:
        if spec["type"] == "integer":
            low, high = spec.get("clamp") or spec.get("bounds") or (-(2**31), 2**31 - 1)
            inside = low <= one_value and (high is None or one_value <= high)
            assert inside or one_value in spec.get("also", ())
        elif spec["type"] == "boolean":
            assert one_value is (text.lower() == "true")
        elif "enum" in spec:
            assert one_value in spec["enum"] or (spec.get("clear") and one_value == "")
        elif one_value and "length" in spec:
            assert spec["length"][0] <= len(one_value) <= spec["length"][1]
        if one_value and "format" in spec and "enum" not in spec and spec["type"] == "string":
            assert FORMATS[spec["format"]](one_value)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"Key": st.text(string.ascii_letters, min_size=1, max_size=9)},
            optional={"Value": st.text(string.ascii_letters + " +&=", min_size=1, max_size=9)},
        ),
        min_size=1,
        max_size=20,
    ),
    st.randoms(),
)
def test_a_list_on_the_wire_is_read_in_the_order_of_its_numbers(tags, rng):
    wire = [
        (f"Tag.{number}.{name}", text)
        for number, tag in enumerate(tags, 1)
        for name, text in tag.items()
    ]
    rng.shuffle(wire)
    read = table("slb").validate("CreateLoadBalancer", {"RegionId": "r", **dict(wire)})
    assert read["Tag"] == tuple(tags)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "ServerId": st.text(string.ascii_lowercase, min_size=1, max_size=20),
                "Port": st.integers(1, 65535),
                "Weight": st.integers(0, 100),
            }
        ),
        min_size=1,
        max_size=20,
    )
)
def test_servers_are_read_the_same_however_a_client_spells_them(rows):
    worded = [{name: str(value) for name, value in row.items()} for row in rows]

    def read(text):
        return table("slb").validate(
            "AddVServerGroupBackendServers",
            {"RegionId": "r", "VServerGroupId": "g", "BackendServers": text},
        )["BackendServers"]

    expected = tuple(row | {"Type": "ecs"} for row in rows)
    for text in (json.dumps(rows), json.dumps(worded), str(worded), str(rows)):
        assert tuple({**row} for row in read(text)) == expected


@given(
    st.sampled_from(["http", "https", "tcp", "udp"]),
    st.fixed_dictionaries(
        {},
        optional={
            "HealthCheck": st.sampled_from(["on", "off"]),
            "HealthCheckType": st.sampled_from(["tcp", "http"]),
            "HealthCheckURI": st.just("/x"),
            "HealthCheckConnectPort": st.sampled_from([-520, 80]),
            "StickySession": st.sampled_from(["on", "off"]),
            "StickySessionType": st.sampled_from(["insert", "server"]),
            "Cookie": st.just("c"),
            "CookieTimeout": st.just(5),
            "ConnectionDrain": st.sampled_from(["on", "off"]),
            "ConnectionDrainTimeout": st.just(10),
            "AclStatus": st.sampled_from(["on", "off"]),
            "AclId": st.just("acl-1"),
        },
    ),
)
def test_settings_that_are_whole_stay_as_they_are(protocol, settings):
    try:
        whole = checked_settings(settings, protocol)
    except ApiError as error:
        assert error.code == "MissingParameter"
        return
    assert checked_settings(whole, protocol) == whole
    checked = whole.get("HealthCheck") == "on"
    assert ("HealthyThreshold" in whole) is checked
    assert checked or not any(name.startswith("HealthCheck") for name in whole if name[11:])
