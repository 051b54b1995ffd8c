# SPDX-License-Identifier: GPL-2.0-or-later
"""The row of DHCP clients, in network namespaces of this machine: their timers decide, not the processor."""

import subprocess
import sys

from machines import BUILD, PEERS
from results import Measure, Result

CLIENTS = ("udhcpc", "dhclient", "dhcpcd", "systemd-networkd")


def run_once(client, loss, seed):
    """Seconds from link up to the address."""
    done = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "dhcp_run.py",
                           client, str(loss), str(seed), str(PEERS / "dhcp"), str(BUILD / "obj/bin/busybox")],
                          capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{client} got no address: {done.stderr.strip()[-500:]}")
    return float(done.stdout)


def row_12(options):
    subprocess.run(["peers/make-root", "configured", "peers/dhcp.packages", str(PEERS / "dhcp")], check=True)
    # systemd-networkd has none without; mmdebstrap empties it at its end
    (PEERS / "dhcp/etc/machine-id").write_text("6d7669727400400080000000000000fe\n", "utf-8")
    measures = []
    for loss, runs in ((0, options.count(7, 3)), (0.3, options.count(21, 5))):
        # run by run in turn, and the same packets are lost for all of them
        found = {client: [] for client in CLIENTS}
        for seed in range(runs):
            for client in CLIENTS:
                found[client].append(run_once(client, loss, seed))
        measures += [Measure(f"{loss:.0%} lost", "s", found["udhcpc"], found[client], client, 1) for client in CLIENTS[1:]]
    return Result(
        row="12", title="DHCP",
        definition="From the link's coming up to the address on it, on a veth pair with a server that loses packets in both "
                   "directions. Ours is busybox's udhcpc with the arguments that hostd gives it, without the few "
                   "milliseconds in which hostd reads the lease. udhcpc and dhclient are started when the link comes up; "
                   "dhcpcd and systemd-networkd run before. dhcpcd looks first whether somebody has the address (RFC 5227).",
        measures=measures, commands=["udhcpc -f -i uplink -t 4 -T 3 -A 20 …", "dhclient -4 -d uplink", "dhcpcd -4 -B uplink",
                                     "systemd-networkd"])
