"""Lines that somebody pasted: a server, a port, a weight."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from django.db.models import Q
from django.utils.translation import gettext as _

from vservers.models import LoadBalancer, Server
from vservers.pages.fields import is_number
from vservers.selectors.servers import network_rule, servers_within_reach

from .draft import DEFAULT_WEIGHT, MAX_ROWS, Row

_BETWEEN = re.compile(r"[\s,;]+")
_AROUND = " \t,;"


@dataclass(slots=True)
class Pasted:
    """rows: as they are with what could be read; left: the other lines; errors: what is wrong."""

    rows: list[Row]
    left: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def leave(self, line: str, error: str) -> None:
        """Keep a line, and say what is wrong with it by its number in the box as it is then."""
        self.left.append(line)
        words = {"number": len(self.left), "error": error}
        self.errors.append(_("Line %(number)d: %(error)s") % words)


def paste(
    load_balancer: LoadBalancer, rows: Collection[Row], chosen: Collection[Server], text: str
) -> Pasted:
    """Take over lines of `server port weight` or `server:port weight`; the weight may be left out.

    A server is told by ID, name or private IP. A (server, port) that is there gets the weight; a
    line that begins with # is skipped. chosen: the servers that are there.
    """
    lines = [line.strip(_AROUND) for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    lines, beyond = lines[:MAX_ROWS], lines[MAX_ROWS:]
    words = {_BETWEEN.split(line)[0] for line in lines}
    words |= {word.rpartition(":")[0] for word in words if ":" in word}
    servers = _servers(load_balancer, words)
    pasted = Pasted(list(rows))
    present = list(chosen)
    for line in lines:
        row, error = _read(line, servers)
        if row and not error:
            error = _add(load_balancer, pasted.rows, present, row, servers)
        if error:
            pasted.leave(line, error)
    if beyond:
        pasted.leave(
            "\n".join(beyond),
            _("from here on nothing was read: %(most)d lines at once.") % {"most": MAX_ROWS},
        )
    return pasted


def _servers(load_balancer: LoadBalancer, words: Collection[str]) -> dict[str, list[Server]]:
    found: dict[str, list[Server]] = {}
    named = Q(pk__in=words) | Q(name__in=words) | Q(private_ip__in=words)
    for server in servers_within_reach(load_balancer).filter(named):
        for word in {server.pk, server.name, server.private_ip} - {""}:
            found.setdefault(word, []).append(server)
    return found


def _read(line: str, servers: dict[str, list[Server]]) -> tuple[Row | None, str]:
    word, *numbers = _BETWEEN.split(line)
    found = servers.get(word, [])
    if not found and ":" in word:
        # The name of a server may have a colon, too.
        server, _colon, port = word.rpartition(":")
        if server in servers:
            word, found, numbers = server, servers[server], [port, *numbers]
    if not found:
        return None, _("there is no server %(word)s in this region.") % {"word": word}
    if len(found) > 1:
        return None, _("several servers are called %(word)s; use the ID.") % {"word": word}
    if not 1 <= len(numbers) <= 2:
        return None, _("write server, port and weight.")
    port, weight = numbers[0], numbers[1] if len(numbers) == 2 else DEFAULT_WEIGHT
    if not (is_number(port) and 1 <= int(port) <= 65535):
        return None, _("the port is a whole number from 1 to 65535.")
    if not (is_number(weight) and int(weight) <= 100):
        return None, _("the weight is a whole number from 0 to 100.")
    return Row(found[0].pk, str(int(port)), str(int(weight))), ""


def _add(
    load_balancer: LoadBalancer,
    rows: list[Row],
    present: list[Server],
    row: Row,
    servers: dict[str, list[Server]],
) -> str:
    """Put the row among the others; why not, where it cannot be."""
    for index, held in enumerate(rows):
        if held.server_id == row.server_id and held.port == row.port:
            rows[index] = replace(held, weight=row.weight)
            return ""
    server = servers[row.server_id][0]
    if why_not := network_rule(load_balancer, chosen=present[:1]).why_not(server):
        return why_not
    if len(rows) >= MAX_ROWS:
        return _("the list has %(most)d rows already.") % {"most": MAX_ROWS}
    rows.append(row)
    present.append(server)
    return ""
