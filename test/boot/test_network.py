# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests on networks: who reaches whom, and what a filtered tap lets through. One machine, three guests."""

import re

import pytest

import emulator
from guests import GuestConsole, wait_guest

# "lan" is over the emulator's first NIC. The other two are on one cable of their own.
CABLE_MACS = ("52:54:00:c0:00:01", "52:54:00:c0:00:02")
NETWORKS = f"""
network "inner" {{
	mode = "isolated"
	address = "192.168.77.1/24"
}}
network "wild" {{
	mode = "isolated"
	ipv4 = "dhcp"
	ipv6-ra = true
}}
network "tag-a" {{
	uplink = "{CABLE_MACS[0]}"
	vlan = 20
	ipv4 = "none"
}}
network "tag-b" {{
	uplink = "{CABLE_MACS[1]}"
	vlan = 20
	ipv4 = "none"
}}
network "tag-c" {{
	uplink = "{CABLE_MACS[1]}"
	vlan = 30
	ipv4 = "none"
}}
"""
GUEST = """
guest "{name}" {{
	machine = "microvm"
	memory = "64M"
	kernel = "guest/vmlinuz"
	initrd = "guest/initramfs.cpio.zst"
	cmdline = "console=ttyS0 quiet mvirt.name={name} mvirt.address=10.0.2.{own}/24 {pings}"
	echo-console = true
	{nics}
}}
"""
INITRD = "guest/initramfs.cpio.zst"
GATEWAY = "10.0.2.2"
ADDRESS = {"left": "10.0.2.50", "right": "10.0.2.51", "open": "10.0.2.52"}
ISOLATED = 'nic {{\n\t\taddress = ["{}"]\n\t\tisolate = true\n\t}}\n'
GATEWAY6, LEFT6 = "fec0::2", "fec0::50"
NICS = {"left": ISOLATED.format(f'{ADDRESS["left"]}", "{LEFT6}'),
        "right": ISOLATED.format(ADDRESS["right"]) + '\tnic { network = "tag-a" }\n\tnic {\n\t\tnetwork = "wild"\n'
        '\t\tmay = ["dhcp-server", "router"]\n\t}',
        "open": 'nic {}\n\tnic { network = "inner" }\n\tnic { network = "tag-b" }\n\tnic { network = "tag-c" }\n\tnic { network = "wild" }'}
# The two that are not isolated ping each other, and the outside of the machine.
PINGS = {"left": "open", "right": None, "open": "left"}


def configuration():
    text = NETWORKS
    for name, address in ADDRESS.items():
        peers = [GATEWAY] + ([ADDRESS[PINGS[name]]] if PINGS[name] else [])
        text += GUEST.format(name=name, own=address.rsplit(".", 1)[1], nics=NICS[name],
                             pings=" ".join(f"mvirt.ping={peer}" for peer in peers))
    return text


def cpio(name, content):
    """An archive of one program, as the kernel takes it in front of another: newc, padded."""
    entries = b""
    for path, mode, data in ((name, 0o100755, content), ("TRAILER!!!", 0, b"")):
        numbers = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path) + 1, 0]
        entry = b"070701" + b"".join(b"%08x" % number for number in numbers) + path.encode() + b"\0"
        entry += bytes(-len(entry) % 4) + data
        entries += entry + bytes(-len(entry) % 4)
    return entries + bytes(-len(entries) % 512)


def stick(folder):
    """The demo guest's, with the rogue in its root."""
    program = folder / "rogue"
    emulator.run("gcc", "-static", "-O1", "-s", "-o", program, emulator.SOURCE / "test/boot/rogue.c")
    files = emulator.demo_files(configuration())
    files[INITRD] = cpio("rogue", program.read_bytes()) + files[INITRD].read_bytes()
    return files


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    logs = emulator.BUILD / "run" / "test" / "network"
    cable = []
    for number, mac in enumerate(CABLE_MACS):
        cable += ["-netdev", f"hubport,id=cable{number},hubid=7",
                  "-device", f"virtio-net-pci,netdev=cable{number},mac={mac},romfile="]
    with emulator.Machine(logs, stick=stick(tmp_path_factory.mktemp("network")), extra=cable) as machine:
        machine.console.wait(r"hostd: host: ready", 180)
        for name in ADDRESS:
            wait_guest(machine, name, rf"mvirt-guest: up {name} ", 300)
        yield machine
    for image in logs.glob("*.img"):
        image.unlink()


def refused(host, name, nic=0):
    """The guest's frames that its tap's filter dropped."""
    return host.mvirt(f"stats {name}")["nics"][nic]["txRefused"]


def test_neighbours(host):
    """Two guests on one bridge reach each other, and what is outside the machine."""
    for name, peer in PINGS.items():
        wait_guest(host, name, rf"mvirt-guest: ping {GATEWAY} ok", 120)
        if peer:
            wait_guest(host, name, rf"mvirt-guest: ping {ADDRESS[peer]} ok", 120)


def test_isolated_guests(host):
    """Two guests with isolate = true do not reach each other; test_neighbours shows that both reach the outside."""
    for name, other in (("left", "right"), ("right", "left")):
        with GuestConsole(host, name) as console:
            assert console.pings_not(ADDRESS[other]), (name, other)
            assert console.pings(ADDRESS["open"])


def test_spoofed_address(host):
    """A guest with an address uses no other: no answer comes, and its NIC's figure counts what was dropped."""
    with GuestConsole(host, "left") as console:
        assert console.pings(GATEWAY)
        status, output = console.run("ip address add 10.0.2.99/24 dev eth0")
        assert status == 0, output
        # The guest asks for neighbours' addresses from the other address, too.
        assert console.run("ip neigh flush dev eth0")[0] == 0
    before = refused(host, "left")
    with GuestConsole(host, "left") as console:
        assert console.pings_not(ADDRESS["open"], "-I 10.0.2.99")
        assert console.pings_not(GATEWAY, "-I 10.0.2.99")
        console.run("ip address del 10.0.2.99/24 dev eth0")
        assert console.pings(GATEWAY)
    assert refused(host, "left") >= before + 2


def test_other_address_without_filter(host):
    """What test_spoofed_address does works for a guest without address: so the filter prevented it."""
    with GuestConsole(host, "open") as console:
        assert console.run("ip address add 10.0.2.98/24 dev eth0")[0] == 0
        assert console.pings(GATEWAY, "-I 10.0.2.98")
        console.run("ip address del 10.0.2.98/24 dev eth0")


def claims_gateway(host):
    """What "open", which may use any other address, does to pose as the gateway, or the host, to its neighbours."""
    own = re.search(r"inet ([0-9.]+)/", host.shell("ip -o -4 address show dev lan")[1]).group(1)
    claimed = (GATEWAY, own)
    # The emulator's DHCP server has no way out and names no router.
    assert host.shell(f"ip route replace default via {GATEWAY} dev lan")[0] == 0
    for address in claimed:
        before = refused(host, "open")
        with GuestConsole(host, "open") as console:
            assert console.run(f"ip address add {address}/32 dev eth0 && ip neigh flush dev eth0")[0] == 0
            # An ARP request for another machine tells everybody the sender's address.
            assert console.pings_not(ADDRESS["left"], f"-I {address}")
        assert refused(host, "open") > before
    # The host asks again, and so does the neighbour.
    assert host.shell(f"ip neigh flush dev lan; ping -c 1 -w 10 {GATEWAY}")[0] == 0
    with GuestConsole(host, "left") as console:
        assert console.run("ip neigh flush dev eth0")[0] == 0
        assert console.pings(GATEWAY)
    with GuestConsole(host, "open") as console:
        for address in claimed:
            console.run(f"ip address del {address}/32 dev eth0")
        assert console.pings(GATEWAY)


def test_claimed_gateway(host):
    """The gateway's address and the host's own are denied to guests without any configuration."""
    claims_gateway(host)


def test_claimed_gateway_after_restart(host):
    """The same with another hostd than the one that started the guest."""
    before = len(host.console.text)
    host.shell("kill -9 $(pidof hostd)")
    host.console.wait(r"hostd: host: ready", 60, start=before)
    claims_gateway(host)


def wait_refused_is_still(host, name):
    """A guest's kernel stops sending by itself what is refused."""
    for _ in range(12):
        before = refused(host, name)
        host.shell("sleep 5")
        if refused(host, name) == before:
            return before
    raise AssertionError(f"{name} goes on sending what is refused")


def test_spoofed_neighbour_discovery(host):
    """A guest with addresses of both families claims no other address of IPv6, and sends from none."""
    with GuestConsole(host, "left") as console:
        assert console.run(f"ip address add {LEFT6}/64 dev eth0 && sleep 3")[0] == 0
        assert console.pings(GATEWAY6)
    before = wait_refused_is_still(host, "left")
    with GuestConsole(host, "left") as console:
        # Duplicate address detection comes from no address, and names the wanted one.
        assert console.run("ip address add fec0::99/64 dev eth0 && sleep 3")[0] == 0
    assert refused(host, "left") > before
    with GuestConsole(host, "left") as console:
        assert console.pings_not(GATEWAY6, "-I fec0::99")
        console.run("ip address del fec0::99/64 dev eth0")
        assert console.pings(GATEWAY6)
    with GuestConsole(host, "open") as console:
        # The same without a filter
        assert console.run("ip address add fec0::98/64 dev eth0 && sleep 3")[0] == 0
        assert console.pings(GATEWAY6, "-I fec0::98")
        console.run("ip address del fec0::98/64 dev eth0")


def test_spoofed_mac(host):
    """Every guest can send only under its own MAC, even one without address."""
    before = refused(host, "open")
    with GuestConsole(host, "open") as console:
        status, mac = console.run("cat /sys/class/net/eth0/address")
        assert status == 0
        change = "ip link set eth0 down && ip link set eth0 address {} && ip link set eth0 up"
        status, output = console.run(change.format("02:00:00:00:00:99"))
        assert status == 0, output
        assert console.pings_not(GATEWAY)
        status, output = console.run(change.format(mac))
        assert status == 0, output
        assert console.pings(GATEWAY)
    assert refused(host, "open") > before


def test_isolated_network(host):
    """A network without an uplink connects the guests and the host, and has no way out."""
    status, output = host.shell("ip -o address show dev inner")
    assert status == 0 and "192.168.77.1/24" in output, output
    with GuestConsole(host, "open") as console:
        status, output = console.run("ip address add 192.168.77.2/24 dev eth1 && ip link set eth1 up")
        assert status == 0, output
        assert console.pings("192.168.77.1")
        assert console.run(f"ip route add 192.0.2.1 via 192.168.77.1 dev eth1; ip route add {GATEWAY} via 192.168.77.1"
                           " dev eth1")[0] == 0
        assert console.pings_not(GATEWAY)
        console.run(f"ip route del 192.0.2.1; ip route del {GATEWAY}")
        assert console.pings(GATEWAY)


ROGUE = r"192\.168\.66\.|2001:db8:66:"


def addresses(host, network):
    status, output = host.shell(f"ip -o address show dev {network}; ip route; ip -6 route")
    assert status == 0, output
    return output


def ask_for_leases(host):
    """Each network's DHCP client is ended: hostd starts another, which asks at once."""
    status, output = host.shell("pgrep -f 'udhcpc -f -i'")
    assert status == 0 and len(output.split()) == 2, output
    host.shell("kill -9 " + output.replace("\n", " "))


def test_servers_that_may_not(host):
    """A guest that answers DHCP and advertises itself as a router convinces nobody: the host's address on lan is the
    emulator's server's, and where there is no other server it has none."""
    before = {nic: refused(host, "open", nic) for nic in (0, 4)}
    with GuestConsole(host, "open") as console:
        assert console.run("ip link set eth4 up; (/rogue eth0 600 &); (/rogue eth4 600 &); sleep 1; pidof rogue")[0] == 0
    ask_for_leases(host)
    for nic, count in before.items():
        for _ in range(30):
            host.shell("sleep 2")
            # some advertisements, and answers to requests
            if refused(host, "open", nic) >= count + 8:
                break
        else:
            raise AssertionError(f"the rogue on NIC {nic} was not heard of")
    for network in ("lan", "wild"):
        assert not re.search(ROGUE, addresses(host, network)), addresses(host, network)
    assert "10.0.2.15/24" in addresses(host, "lan")
    with GuestConsole(host, "open") as console:
        assert console.run("pkill rogue")[0] == 0


def test_servers_that_may(host):
    """The same for a guest whose definition allows it: the host uses what it offers."""
    start = len(host.console.text)
    with GuestConsole(host, "right") as console:
        assert console.run("ip link set eth2 up; (/rogue eth2 600 &); sleep 1; pidof rogue")[0] == 0
    host.console.wait(r"hostd: net wild: 192\.168\.66\.7/24 \(dhcp\)", 180, start=start)
    host.console.wait(r"hostd: net wild: 2001:db8:66:\S+/64 \(ra\)", 180, start=start)
    assert refused(host, "right", 2) == 0
    with GuestConsole(host, "right") as console:
        assert console.run("pkill rogue")[0] == 0


def test_vlan(host):
    """Two networks with the same tag on two NICs of one cable are one; a third with another tag is separate."""
    with GuestConsole(host, "right") as console:
        status, output = console.run("ip address add 192.168.20.1/24 dev eth1 && ip link set eth1 up")
        assert status == 0, output
    with GuestConsole(host, "open") as console:
        status, output = console.run("ip address add 192.168.20.2/24 dev eth2 && ip link set eth2 up")
        assert status == 0, output
        assert console.pings("192.168.20.1")
        status, output = console.run("ip address del 192.168.20.2/24 dev eth2;"
                                     " ip address add 192.168.20.3/24 dev eth3 && ip link set eth3 up")
        assert status == 0, output
        assert console.pings_not("192.168.20.1")


def test_second_nics(host):
    """A guest's NICs are in the order of its definition, each with its network and a MAC of its own."""
    nics = host.mvirt("stats open")["nics"]
    assert [nic["network"] for nic in nics] == ["lan", "inner", "tag-b", "tag-c", "wild"]
    with GuestConsole(host, "open") as console:
        macs = console.run("cat /sys/class/net/eth*/address")[1].split()
    assert len(set(macs)) == 5, macs
