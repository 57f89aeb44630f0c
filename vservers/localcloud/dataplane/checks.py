"""A listener's settings for one backend, and its health check as HAProxy writes it."""

from collections.abc import Callable, Iterator

from vservers.localcloud.dataplane import words
from vservers.localcloud.dataplane.topology import Backend, HealthCheck, Listener, OwnSettings

type PortMap = Callable[[int], int]


def settings_of(listener: Listener, backend: Backend) -> OwnSettings:
    """The backend's own settings, else the listener's."""
    return backend.settings or OwnSettings(
        listener.scheduler, listener.health_check, listener.sticky
    )


def check_times(check: HealthCheck) -> tuple[int, int, int, int]:
    """Interval, timeout, and how many successes and failures in a row change a server's state."""
    interval = words.integer(check.interval, 1, 50, "interval")
    # The cloud counts a timeout below the interval as the interval.
    timeout = max(words.integer(check.timeout, 1, 300, "timeout"), interval)
    rise = words.integer(check.healthy_threshold, 1, 10, "healthy_threshold")
    fall = words.integer(check.unhealthy_threshold, 1, 10, "unhealthy_threshold")
    return interval, timeout, rise, fall


def check_lines(check: HealthCheck, member_port: PortMap) -> Iterator[str]:
    interval, timeout, rise, fall = check_times(check)
    settings = f"inter {interval}s rise {rise} fall {fall}"
    if check.port is not None:
        settings += f" port {member_port(words.port(check.port, 'check port'))}"
    yield f"    timeout check {timeout}s"
    if check.kind == "http":
        yield from _http_check(check)
    elif check.kind != "tcp":  # by itself the engine connects, and that is the check
        raise words.RenderError("health check", check.kind)
    yield f"    default-server {settings}"


def _http_check(check: HealthCheck) -> Iterator[str]:
    named = check.domain not in ("", "$_ip")
    # bc_dst is the address that is being checked.
    host = words.host(check.domain, "check domain") if named else "%[bc_dst]"
    yield "    option httpchk"
    yield (
        f"    http-check send meth {words.method(check.method)}"
        f" uri '{words.url(check.uri, 'check uri')}' ver HTTP/1.1 hdr Host '{host}'"
    )
    yield f"    http-check expect status {words.status_ranges(check)}"
