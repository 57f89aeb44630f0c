"""What may and may not enter the configuration."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dataplane.world import Network, routes, topology
from vservers.localcloud.dataplane import (
    AccessControl,
    Certificate,
    HealthCheck,
    Listener,
    OwnSettings,
    StickySession,
    TlsPolicy,
    Topology,
)
from vservers.localcloud.dataplane.ports import Place
from vservers.localcloud.dataplane.render import Block, Frame, Rendered, render
from vservers.localcloud.dataplane.tls import TlsError
from vservers.localcloud.dataplane.udp import UdpFrame, render_udp, targets
from vservers.localcloud.dataplane.words import RenderError

pytestmark = pytest.mark.dataplane

NETWORK = Network("127.150")
FRAME = Frame(
    stats_socket="/run/x/stats.sock",
    state_file="/run/x/state",
    tls_folder="/run/x/tls",
    secret="abc",
)
BACKEND = NETWORK.backend("rsp-1", [100])
LISTENER = NETWORK.listener(BACKEND)

HOSTILE = [
    "\n",
    "a\n    server evil 10.0.0.1:80",
    "a\r",
    "a\x00",
    "a\x1b",
    "a\x7f",
    "a\u2028b",
    "a'",
    'a"',
    "a#b",
    "a\\",
    "a b",
    "a\tb",
    "{a}",
    "a}",
    "%[env(HOME)]",
    "a%[src]",
    "$HOME",
    "${HOME}",
    "a;b",
    "a,b",
    "é",
    "-f",
    "--",
    "!a",
    "",
]


def rendered(wanted: Topology) -> Rendered:
    """The configuration with all listeners; raises RenderError when one is left out."""
    places = {
        (listener.address, listener.port): Place(listener.port) for listener in wanted.listeners
    }
    found = render(wanted, FRAME, places, lambda port: port)
    if found.left_out:
        raise RenderError("listener", found.left_out)
    return found


def _rendered_udp(wanted: Topology) -> str:
    places = {
        (listener.address, listener.port): Place(listener.port) for listener in wanted.listeners
    }
    targets(wanted, lambda port: port)
    return render_udp(wanted, UdpFrame(), places, lambda port: port, lambda key: True)


def _member(**changes: Any) -> Listener:
    member = replace(BACKEND.members[0], **changes)
    return replace(LISTENER, backends=(replace(BACKEND, members=(member,)),))


def _check(**changes: Any) -> Listener:
    return replace(LISTENER, health_check=replace(HealthCheck(), **changes))


def _rule(domain: str, url: str) -> Listener:
    return replace(LISTENER, routes=routes((domain, url, "rsp-1")))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_leaves_its_place(text: str) -> None:
    sticky = StickySession("server", cookie=text)
    refused = [
        replace(LISTENER, load_balancer_id=text),
        replace(LISTENER, address=text),
        replace(LISTENER, protocol=text),
        replace(LISTENER, scheduler=text),
        replace(LISTENER, backends=(replace(BACKEND, key=text),), default_backend=text),
        replace(LISTENER, sticky=sticky),
        replace(LISTENER, sticky=StickySession(text)),
        _member(server_id=text),
        _member(address=text),
        _check(method=text),
        _check(uri=text),
        _check(http_codes=(text,)),
        *([_check(domain=text)] if text else []),
        *([_check(uri="/" + text)] if "#" not in text and text.strip("-f") else []),
        *(
            [_rule(text, ""), _rule("*." + text, "/a"), _rule("", text)]
            if text
            else [_rule("", "")]
        ),
    ]
    for listener in refused:
        with pytest.raises(RenderError):
            rendered(topology(listener))


def _certified(certificate: Certificate, **changes: Any) -> Listener:
    secure = replace(LISTENER, protocol="https", certificate=certificate)
    return replace(secure, **changes)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_leaves_its_place_behind_new_settings(text: str) -> None:
    certificate = Certificate("cert-1", "chain", "key")
    named = Certificate(text, "chain", "key")
    check = HealthCheck(kind=text)
    tcp, udp = replace(LISTENER, protocol="tcp"), replace(LISTENER, protocol="udp")
    own = (replace(BACKEND, settings=OwnSettings(text)),)
    refused = [
        _certified(named),
        _certified(certificate, ca_certificate=named),
        _certified(certificate, extensions=(("a.com", named),)),
        *([_certified(certificate, extensions=((text, certificate),))] if text else []),
        _certified(certificate, extensions=((f"*.{text}", certificate),)),
        *(
            replace(listener, **change)
            for listener in (LISTENER, tcp, udp, replace(LISTENER, forward_port=443))
            for change in (
                {"access": AccessControl(text)},
                {"access": AccessControl("white", (text,))},
                {"access": AccessControl("black", ("10.0.0.0/8", f"10.0.0.0/8{text}"))},
                {"address": text},
                {"load_balancer_id": text},
            )
            if text or "networks" not in str(change)
        ),
        *(
            replace(listener, **change)
            for listener in (tcp, udp)
            for change in (
                {"scheduler": text},
                {"backends": own},
                {"default_backend": f"rsp-1{text}"} if text else {"scheduler": ""},
                {"backends": (replace(BACKEND, key=text),), "default_backend": text},
            )
        ),
        replace(tcp, health_check=check),
        replace(udp, health_check=check),
        *(
            [
                replace(udp, health_check=HealthCheck(kind="udp", request=text)),
                replace(udp, health_check=HealthCheck(kind="udp", expect=text)),
            ]
            if text
            else []
        ),
        _check(kind=text),
    ]
    for listener in refused:
        with pytest.raises(RenderError):
            rendered(topology(listener))
            _rendered_udp(topology(listener))
    for policy in (TlsPolicy((text,), ()), TlsPolicy(("TLSv1.2",), (text,))):
        with pytest.raises(TlsError):
            rendered(topology(_certified(certificate, tls_policy=policy)))


@pytest.mark.parametrize("number", [-1, 10_000, True, "80", 80.0, None])
def test_new_numbers_are_whole_and_in_range(number: Any) -> None:
    tcp = replace(LISTENER, protocol="tcp")
    for listener in (
        replace(tcp, persistence_timeout=number),
        replace(tcp, established_timeout=number),
        replace(tcp, drain_timeout=number),
        *([replace(LISTENER, forward_port=number)] if number not in (None, 10_000, True) else []),
    ):
        with pytest.raises(RenderError):
            rendered(topology(listener))


def test_what_a_udp_check_says_never_enters_the_configuration() -> None:
    check = HealthCheck(kind="udp", request="evil1", expect="evil2")
    udp = replace(LISTENER, protocol="udp", health_check=check)
    assert "evil" not in _rendered_udp(topology(udp))


def test_ciphers_that_are_not_known_are_left_out() -> None:
    names = ("AES128-SHA", "AES128-SHA ssl-min-ver SSLv3", "TLS_AES_128_GCM_SHA256", "RC4\n")
    certificate = Certificate("cert-1", "chain", "key")
    policy = TlsPolicy(("TLSv1.0", "TLSv1.2", "TLSv1.3"), names)
    config = rendered(topology(_certified(certificate, tls_policy=policy))).config
    [line] = [line for line in config.splitlines() if " ssl " in line]
    assert line.endswith(
        " ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3"
        " ciphers AES128-SHA ciphersuites TLS_AES_128_GCM_SHA256"
    )


@given(st.lists(st.text(max_size=40), max_size=5), st.sampled_from(["white", "black"]))
def test_any_list_is_refused_or_networks(networks: list[str], kind: str) -> None:
    for protocol, render_it in (("http", lambda t: rendered(t).config), ("udp", _rendered_udp)):
        guarded = replace(LISTENER, protocol=protocol, access=AccessControl(kind, tuple(networks)))
        try:
            config = render_it(topology(guarded))
        except RenderError:
            continue
        for line in config.splitlines():
            if "acl listed" in line or line.lstrip().startswith(("allow", "deny")):
                assert set(line) <= set("    acl listed src allow deny all 0123456789./;")


@pytest.mark.parametrize("text", ["*", "*.", "**.a.com", "a.*.com", "*a.com", ".a.com", "a..com"])
def test_a_star_stands_only_in_front(text: str) -> None:
    with pytest.raises(RenderError):
        rendered(topology(_rule(text, "")))


@pytest.mark.parametrize("number", [0, -1, 65536, True, "80", 80.0, None])
def test_ports_are_whole_numbers_in_range(number: Any) -> None:
    for listener in (replace(LISTENER, port=number), _member(port=number)):
        with pytest.raises(RenderError):
            rendered(topology(listener))


@pytest.mark.parametrize("number", [-1, 101, True, "1", 1.5, None])
def test_weights_are_whole_numbers_in_range(number: Any) -> None:
    with pytest.raises(RenderError):
        rendered(topology(_member(weight=number)))


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.0.2.1", "::1", "127.1", "127.0.0.1:80", "a.com"]
)
def test_addresses_are_loopback_addresses(address: str) -> None:
    for listener in (replace(LISTENER, address=address), _member(address=address)):
        with pytest.raises(RenderError):
            rendered(topology(listener))


def test_names_are_used_once() -> None:
    twice = replace(BACKEND, members=BACKEND.members * 2)
    other = replace(LISTENER, load_balancer_id="lb-2")
    moved = replace(LISTENER, address="127.0.0.9")
    for wanted in (
        topology(LISTENER, other),
        topology(LISTENER, moved),
        topology(replace(LISTENER, backends=(twice,))),
    ):
        with pytest.raises(RenderError):
            rendered(wanted)


def test_a_listener_that_may_not_be_written_takes_no_other_with_it() -> None:
    wrong = replace(_check(http_codes=tuple("http_2xx")), port=8089)
    places = {(one.address, one.port): Place(one.port) for one in (LISTENER, wrong)}
    found = render(topology(wrong, LISTENER), FRAME, places, lambda port: port)
    [sentence] = found.left_out
    assert sentence.startswith(f"{wrong.address}:8089 (http) is not served: http_codes ")
    assert found.config == rendered(topology(LISTENER)).config


def test_only_known_backends_are_named() -> None:
    for listener in (
        replace(LISTENER, default_backend="rsp-2"),
        replace(LISTENER, routes=routes(("a.com", "", "rsp-2"))),
    ):
        with pytest.raises(RenderError):
            rendered(topology(listener))


def test_weights_do_not_change_the_shape() -> None:
    one = rendered(topology(NETWORK.listener(NETWORK.backend("rsp-1", [1, 2]))))
    two = rendered(topology(NETWORK.listener(NETWORK.backend("rsp-1", [1, 0]))))
    more = rendered(topology(NETWORK.listener(NETWORK.backend("rsp-1", [1, 2, 3]))))
    assert one.shape == two.shape != more.shape
    assert one.config != two.config


def test_known_blocks_change_nothing_but_the_time() -> None:
    def listeners(weight: int, port: int) -> list[Listener]:
        group = NETWORK.backend("rsp-1", [weight, 50])
        tcp = NETWORK.listener(group, protocol="tcp", port=9000)
        forwarder = NETWORK.listener(port=8089, forward_port=port)
        return [NETWORK.listener(NETWORK.backend("rsp-1", [1])), tcp, forwarder]

    known: dict[str, Block] = {}
    for weight, port in ((1, 443), (1, 443), (2, 443), (2, 444), (1, 443)):
        wanted = topology(*listeners(weight, port))
        places = {(one.address, one.port): Place(one.port) for one in wanted.listeners}
        before = dict(known)
        fast = render(wanted, FRAME, places, lambda port: port, known)
        assert fast == render(wanted, FRAME, places, lambda port: port)
        assert known.keys() == {"lb-1.http.8088", "lb-1.tcp.9000", "lb-1.http.8089"}
        assert known["lb-1.http.8088"] is before.get("lb-1.http.8088", known["lb-1.http.8088"])
    render(topology(), FRAME, {}, lambda port: port, known)
    assert known == {}


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_refused_or_one_quoted_word(domain: str, url: str) -> None:
    try:
        config = rendered(topology(_rule(domain, url))).config
    except RenderError:
        return
    before = rendered(topology(LISTENER)).config
    # One line for the rule, and one for the host where a domain is asked for.
    assert len(config.splitlines()) - len(before.splitlines()) == 1 + bool(domain)
    line = next(line for line in config.splitlines() if "use_backend" in line)
    assert line.count("'") == 2 * (bool(domain) + bool(url))
