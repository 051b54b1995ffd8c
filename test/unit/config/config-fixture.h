/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of guests' definitions share: one with every key, and a parser that must succeed.
 */
#pragma once

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "config/config.h"

static const char everything[] = "guest \"web\" {\n"
				 "\tmachine = \"q35\"\n"
				 "\tfirmware = \"uefi\"\n"
				 "\taccel = \"any\"\n"
				 "\tcpus = 4\n"
				 "\tcpu = \"EPYC,+avx2,-svm\"\n"
				 "\tmemory = \"2048M\"\n"
				 "\thugepages = true\n"
				 "\tkernel = \"vmlinuz\"\n"
				 "\tinitrd = \"data:guests/web/initrd\"\n"
				 "\tcmdline = \"a=\\\"b\\\" \\\\ ü\"\n"
				 "\tboot = [\"network\", \"disk\"]\n"
				 "\tserial-ports = 3\n"
				 "\tdisplay = \"vnc\"\n"
				 "\tvideo = \"virtio\"\n"
				 "\twatchdog = \"poweroff\"\n"
				 "\trng = false\n"
				 "\tballoon = false\n"
				 "\tvsock = true\n"
				 "\tcpu-weight = 10000\n"
				 "\tcpu-limit = 25600\n"
				 "\tio-weight = 1\n"
				 "\tio-limit = \"5K\"\n"
				 "\tafter = [\"db\", \"cache\"]\n"
				 "\tready = \"console:\\\"login\\\\: \"\n"
				 "\tstart-delay = 3600\n"
				 "\tautostart = false\n"
				 "\trestart = \"always\"\n"
				 "\ton-poweroff = \"host\"\n"
				 "\ton-reboot = \"stop\"\n"
				 "\ton-panic = \"pause\"\n"
				 "\techo-console = true\n"
				 "\tshutdown-timeout = 3600\n"
				 "\tdisk {\n"
				 "\t\tfile = \"disk.qcow2\"\n"
				 "\t\tformat = \"qcow2\"\n"
				 "\t\tbus = \"nvme\"\n"
				 "\t\treadonly = false\n"
				 "\t\tserial = \"A-1\"\n"
				 "\t\tsize = \"20480M\"\n"
				 "\t}\n"
				 "\tdisk {\n"
				 "\t\tdevice = \"serial:WD \\\\1\"\n"
				 "\t\tbus = \"scsi\"\n"
				 "\t\treadonly = true\n"
				 "\t\tallow-existing = true\n"
				 "\t}\n"
				 "\tcdrom {\n"
				 "\t\tfile = \"data:images/x.iso\"\n"
				 "\t}\n"
				 "\tcdrom {\n"
				 "\t}\n"
				 "\tnic {\n"
				 "\t\tnetwork = \"lan\"\n"
				 "\t\tmodel = \"rtl8139\"\n"
				 "\t\tmac = \"52:54:00:12:34:56\"\n"
				 "\t\taddress = [\"192.0.2.8\", \"2001:db8::8\"]\n"
				 "\t\tisolate = true\n"
				 "\t\tmay = [\"dhcp-server\"]\n"
				 "\t}\n"
				 "\tnic {\n"
				 "\t\tnetwork = \"user\"\n"
				 "\t\tmodel = \"virtio\"\n"
				 "\t\tisolate = false\n"
				 "\t}\n"
				 "\tcloud-init {\n"
				 "\t\tmeta-data = \"data:guests/web/meta\"\n"
				 "\t\tnetwork-config = \"net\"\n"
				 "\t\thostname = \"web.example.org\"\n"
				 "\t\tssh-key = [\"ssh-rsa AAAA a\", \"ssh-ed25519 AAAA\"]\n"
				 "\t\tpassword-hash = \"$6$salt$hash\"\n"
				 "\t\tinstance-id = \"i-1\"\n"
				 "\t}\n"
				 "}\n";

static struct guest_config *parsed(const char *text)
{
	struct guest_config *config = NULL;
	struct config_mistakes mistakes = {};
	int r = guest_config_parse(text, &config, &mistakes);

	for (size_t i = 0; i < mistakes.count; i++)
		print_message("# %u: %s\n", mistakes.items[i].line, mistakes.items[i].message);
	assert_int_equal(r, 0);
	assert_int_equal(mistakes.count, 0);
	return config;
}

struct fit {
	struct host_config *host;
	struct config_mistakes mistakes;
	struct guest_config *others[4];
	size_t count;
};

static const char host_text[] = "network \"dmz\" { mode = \"isolated\" }\n"
				"network \"away\" { mode = \"nat\" }\n";

static struct fit fit_new(void)
{
	static const char *const texts[] = {
		"guest \"web\" { nic { mac = \"52:54:00:00:00:01\" } after = \"db\" }",
		"guest \"db\" { nic {} after = \"disk\" }",
		"guest \"disk\" { nic { mac = \"52:54:00:00:00:02\" } }",
		"guest \"log\" { nic {} after = \"lost\" }",
	};
	struct fit fit = {};

	assert_int_equal(host_config_parse(host_text, &fit.host, &fit.mistakes), 0);
	for (; fit.count < ELEMENTS(texts); fit.count++)
		fit.others[fit.count] = parsed(texts[fit.count]);
	return fit;
}

static void fit_done(struct fit *fit)
{
	host_config_free(fit->host);
	config_mistakes_done(&fit->mistakes);
	for (size_t i = 0; i < fit->count; i++)
		guest_config_free(fit->others[i]);
}
