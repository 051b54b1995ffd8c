# SPDX-License-Identifier: GPL-2.0-or-later
"""The row of DHCP clients, in network namespaces of this machine: their timers decide, not the processor."""

import subprocess
import sys

import namespaces
from machines import PEERS
from results import Measure, Result

OURS = "hostd"
CLIENTS = ("dhclient", "dhcpcd", "systemd-networkd")


def run_once(client, loss, seed):
    """Seconds from link up to the address."""
    if client == OURS:
        with namespaces.host("dhcp", "") as host:
            # hostd takes what has a device for a NIC, and the end of a veth pair has none
            subprocess.run(["nsenter", f"--target={host.init}", "--mount", "/usr/bin/busybox", "sh", "-c",
                            "mount -t tmpfs net /sys/class/net && mkdir -p /sys/class/net/uplink/device"], check=True)
            return run_in(f"/proc/{host.init}/ns/net", client, loss, seed)
    return run_in("/proc/self/ns/net", client, loss, seed)


def run_in(network, client, loss, seed):
    """The same, in a network namespace; one of its own for /proc/self/ns/net."""
    done = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", sys.executable, "dhcp_run.py",
                           client, str(loss), str(seed), str(PEERS / "dhcp"), network],
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
        found = {client: [] for client in (OURS, *CLIENTS)}
        for seed in range(runs):
            for client, times in found.items():
                times.append(run_once(client, loss, seed))
        measures += [Measure(f"{loss:.0%} lost", "s", found[OURS], found[client], client, 1) for client in CLIENTS]
    return Result(
        row="12", title="DHCP",
        definition="From the link's coming up to the address on it, on a veth pair with a server that loses packets in both "
                   "directions. Ours is hostd in a host made of namespaces, which bridges the link, runs busybox's udhcpc on "
                   "it and sets the address. dhclient is started when the link comes up; hostd, dhcpcd and "
                   "systemd-networkd run before. dhcpcd looks first whether somebody has the address (RFC 5227).",
        measures=measures, commands=["hostd", "dhclient -4 -d uplink", "dhcpcd -4 -B uplink",
                                     "systemd-networkd"])
