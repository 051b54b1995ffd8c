# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of a DHCP client: prints the seconds from the link's coming up to the address on it.

usage, in network, mount and PID namespaces of its own: dhcp_run.py CLIENT LOSS SEED ROOT NETWORK

NETWORK is a file of the network namespace to use, in which hostd runs already if it is the client. A server of our
own is at the other end of a veth pair; it loses each packet, in both directions, with the probability LOSS. Clients
that watch the link are started before, the others when it comes up.
"""

import os
import pathlib
import random
import select
import socket
import struct
import subprocess
import sys
import time

LINK, FAR_LINK = "uplink", "server"
SERVER, CLIENT = "192.0.2.1", "192.0.2.77"
COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
LIMIT_S = 180


def option(packet, wanted):
    """The value of a DHCP option, or None."""
    at = 240
    while at + 1 < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        length = packet[at + 1]
        if packet[at] == wanted:
            return packet[at + 2:at + 2 + length]
        at += 2 + length
    return None


def answer(packet, kind):
    """An OFFER or ACK, RFC 2131 section 4.3.1."""
    head = struct.pack("!BBBB4sHH", 2, 1, 6, 0, packet[4:8], 0, 0x8000)
    addresses = bytes(4) + socket.inet_aton(CLIENT) + socket.inet_aton(SERVER) + bytes(4)
    options = (bytes((53, 1, kind)) + b"\x36\x04" + socket.inet_aton(SERVER) + b"\x33\x04" + struct.pack("!I", 3600)
               + b"\x01\x04\xff\xff\xff\x00" + b"\x03\x04" + socket.inet_aton(SERVER) + b"\xff")
    return head + addresses + packet[28:44] + bytes(192) + COOKIE + options + bytes(32)


def serve(loss, seed):
    """Until it is killed."""
    chance = random.Random(seed)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, FAR_LINK.encode())
        server.bind(("", 67))
        while True:
            packet = server.recv(2048)
            kind = (option(packet, 53) or b"\0")[0]
            reply = {DISCOVER: OFFER, REQUEST: ACK}.get(kind)
            lost_here, lost_back = chance.random() < loss, chance.random() < loss
            if reply and not lost_here and not lost_back:
                server.sendto(answer(packet, reply), ("255.255.255.255", 68))


ROOT = pathlib.Path("/")


def ip(*arguments):
    """The clients' root has it, the build root has not."""
    subprocess.run(["chroot", str(ROOT), "ip", *arguments], check=True)


def start_server(loss, seed):
    """A process in a network namespace of its own with the far end of the pair, which is down."""
    ready, told = os.pipe()
    again, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.unshare(os.CLONE_NEWNET)
        os.write(told, b"1")
        os.read(again, 1)
        ip("address", "add", f"{SERVER}/24", "dev", FAR_LINK)
        os.read(again, 1)
        ip("link", "set", FAR_LINK, "up")
        os.write(told, b"1")
        serve(loss, seed)
    os.read(ready, 1)
    ip("link", "add", LINK, "type", "veth", "peer", "name", FAR_LINK)
    ip("link", "set", FAR_LINK, "netns", str(pid))
    ip("link", "set", LINK, "up")
    os.write(go, b"1")
    return pid, go, ready


def prepare_root(root):
    """What a client finds in its root: this namespace's /proc and /sys (read-only: no udev), a /run of its own."""
    for kind, place, flags in (("proc", "proc", "rw"), ("sysfs", "sys", "ro"), ("tmpfs", "run", "rw"), ("tmpfs", "tmp", "rw"),
                               ("tmpfs", "var/lib/dhcp", "rw"), ("tmpfs", "var/lib/dhcpcd", "rw")):
        (root / place).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", kind, "-o", flags, kind, root / place], check=True)
    subprocess.run(["mount", "--bind", "/dev", root / "dev"], check=True)


def command(client, root):
    """(its command line, whether it watches the link itself); hostd runs already."""
    inside = ["chroot", str(root)]
    if client == "hostd":
        return [], True
    if client == "dhclient":
        return [*inside, "dhclient", "-4", "-d", LINK], False
    if client == "dhcpcd":
        return [*inside, "dhcpcd", "-4", "-B", LINK], True
    folder = root / "run/systemd/network"
    folder.mkdir(parents=True)
    (folder / "uplink.network").write_text(f"[Match]\nName={LINK}\n\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n", "utf-8")
    for made in ("run/systemd/netif/links", "run/systemd/netif/leases", "run/systemd/netif/lldp"):
        (root / made).mkdir(parents=True)
    subprocess.run([*inside, "chown", "-R", "systemd-network:systemd-network", "/run/systemd/netif"], check=True)
    return [*inside, "/usr/lib/systemd/systemd-networkd"], True


def main():
    global ROOT
    client, loss, seed, root, network = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), pathlib.Path(sys.argv[4]), sys.argv[5]
    ROOT = root
    os.setns(os.open(network, os.O_RDONLY), os.CLONE_NEWNET)
    pathlib.Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1", "utf-8")
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/tmp"], check=True)
    prepare_root(root)
    _, go, ready = start_server(loss, seed)
    run, watches = command(client, root)
    log = open("/tmp/dhcp-client.log", "wb")
    monitor = subprocess.Popen(["chroot", str(root), "ip", "-4", "monitor", "address"], stdout=subprocess.PIPE)
    if watches:
        if run:
            subprocess.Popen(run, stdout=log, stderr=log)
        time.sleep(3)
    begun = time.monotonic()
    os.write(go, b"1")
    if not watches:
        os.read(ready, 1)
        subprocess.Popen(run, stdout=log, stderr=log)
    while time.monotonic() < begun + LIMIT_S:
        if not select.select([monitor.stdout], [], [], 1)[0]:
            continue
        if CLIENT in os.read(monitor.stdout.fileno(), 4096).decode():
            print(f"{time.monotonic() - begun:.4f}", flush=True)
            os._exit(0)
    sys.stderr.write(pathlib.Path("/tmp/dhcp-client.log").read_text("utf-8", "replace")[-1000:])
    os._exit(1)


if __name__ == "__main__":
    main()
