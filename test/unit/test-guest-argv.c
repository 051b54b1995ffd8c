// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's command line: argv/X.conf beside argv/X.ok, one argument a line; what is refused; MACs.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "guest/guest-argv.h"

#define FOLDER "test/unit/argv"
#define NICS_MAX 8
#define DISKS_MAX 16

static const uint8_t host_id[16] = "0123456789abcdef";

/* Numbers fds as the driver does. "# kvm: no" and "# vhost: no" in the file say what there is. */
static int build(const struct guest_config *config, bool kvm, bool vhost,
		 struct text_list *ret_argv, char **ret_why)
{
	struct guest_argv_nic nics[NICS_MAX] = {};
	struct guest_argv_disk disks[DISKS_MAX] = {};
	struct guest_argv_input input = {
		.config = config, .kvm = kvm, .nics = nics, .disks = disks
	};
	int next = GUEST_FD_FIRST_FREE;

	assert_true(config->nic_count <= NICS_MAX && config->disk_count <= DISKS_MAX);
	for (size_t i = 0; i < config->nic_count; i++) {
		nics[i].tap_fd = config->nics[i].kind == NIC_NETWORK_BRIDGE ? next++ : -EBADF;
		guest_argv_mac(config, i, host_id, nics[i].mac);
	}
	for (size_t i = 0; i < config->nic_count; i++)
		nics[i].vhost_fd =
			vhost && nics[i].tap_fd >= 0 && config->nics[i].model == NIC_MODEL_VIRTIO
				? next++
				: -EBADF;
	for (size_t i = 0; i < config->disk_count; i++) {
		disks[i].fd = next++;
		disks[i].direct = strncmp(config->disks[i].file, "/dev/", 5) == 0;
	}
	return guest_argv_build(&input, ret_argv, ret_why);
}

static char *join(const struct text_list *list)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	for (size_t i = 0; i < list->count; i++)
		(void)fprintf(stream, "%s\n", list->items[i]);
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* Returns whether it is as expected. With MVIRT_GOLDEN_OUT=FOLDER what differs is written there. */
static bool one_golden(const char *name)
{
	_cleanup_free_ char *conf_path = text_format(FOLDER "/%s.conf", name), *conf = NULL;
	_cleanup_free_ char *ok_path = text_format(FOLDER "/%s.ok", name), *ok = NULL;
	_cleanup_free_ char *got = NULL, *why = NULL;
	_cleanup_(host_config_freep) struct host_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_(text_list_done) struct text_list argv = {};

	assert_int_equal(file_read(AT_FDCWD, conf_path, 65536, &conf, NULL), 0);
	assert_int_equal(host_config_parse(conf, &config, &mistakes), 0);
	if (mistakes.count)
		fail_msg("%s:%u: %s", conf_path, mistakes.items[0].line, mistakes.items[0].message);
	assert_int_equal(config->guest_count, 1);
	assert_int_equal(build(&config->guests[0], !strstr(conf, "# kvm: no"),
			       !strstr(conf, "# vhost: no"), &argv, &why),
			 0);
	got = join(&argv);
	if (file_read(AT_FDCWD, ok_path, 65536, &ok, NULL) < 0 || strcmp(ok, got) != 0) {
		_cleanup_free_ char *new_path = NULL;
		const char *folder = getenv("MVIRT_GOLDEN_OUT");
		FILE *file = NULL;

		new_path = folder ? text_format("%s/%s.ok", folder, name) : NULL;
		file = new_path ? fopen(new_path, "we") : NULL;
		if (file) {
			(void)fputs(got, file);
			(void)fclose(file);
		}
		print_message("# %s is not what comes of %s:\n%s", ok_path, conf_path, got);
		return false;
	}
	return true;
}

static void golden(void **)
{
	_cleanup_dir_ DIR *folder = opendir(FOLDER);
	struct dirent *entry = NULL;
	unsigned int count = 0, different = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		char *end = strstr(entry->d_name, ".conf");

		if (!end || end[5])
			continue;
		*end = '\0';
		different += !one_golden(entry->d_name);
		count++;
	}
	assert_int_equal(different, 0);
	assert_true(count >= 5);
}

static void assert_unsupported(const struct guest_config *config, const char *part)
{
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *why = NULL;

	assert_int_equal(build(config, true, true, &argv, &why), -EOPNOTSUPP);
	assert_null(argv.items);
	assert_non_null(why);
	if (!strstr(why, part))
		fail_msg("\"%s\" is not in \"%s\"", part, why);
}

static void unsupported(void **)
{
	char name[] = "web", file[] = "x", lan[] = "lan";
	struct disk_config disks[7] = {};
	struct nic_config nic = { .network = lan };
	struct guest_config config = { .name = name,
				       .machine = GUEST_MACHINE_MICROVM,
				       .disks = disks,
				       .disk_count = 1,
				       .nics = &nic };
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *why = NULL;

	for (size_t i = 0; i < ELEMENTS(disks); i++)
		disks[i] = (struct disk_config){ .file = file, .bus = DISK_BUS_SATA };
	assert_unsupported(&config, "no sata");
	disks[0].bus = DISK_BUS_NVME;
	assert_unsupported(&config, "no nvme");
	config.disk_count = 0;
	config.nic_count = 1;
	nic.model = NIC_MODEL_E1000;
	assert_unsupported(&config, "virtio NICs only");
	disks[0].bus = DISK_BUS_SATA;
	config.machine = GUEST_MACHINE_Q35;
	config.disk_count = 7;
	assert_unsupported(&config, "6 sata");
	config.machine = GUEST_MACHINE_PC;
	config.disk_count = 5;
	assert_unsupported(&config, "4 sata");
	config.disk_count = 4;
	assert_int_equal(build(&config, true, true, &argv, &why), 0);
}

/* What the configuration says can never become an option of its own. */
static void no_injection(void **)
{
	char name[] = "web", file[] = "x", serial[] = "a,id=b,,c", cmdline[] = "-device evil,x=y";
	char kernel[] = "-hda,/etc/shadow";
	struct disk_config disk = { .file = file, .serial = serial };
	struct guest_config config = {
		.name = name, .kernel = kernel, .cmdline = cmdline, .disks = &disk, .disk_count = 1
	};
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *why = NULL, *text = NULL;

	assert_int_equal(build(&config, true, true, &argv, &why), 0);
	text = join(&argv);
	assert_non_null(strstr(text, "\n-append\n-device evil,x=y\n"));
	assert_non_null(strstr(text, ",serial=a,,id=b,,,,c\n"));
	assert_non_null(strstr(text, "\n-kernel\n/kernel\n"));
	assert_null(strstr(text, "shadow"));
}

static void macs(void **)
{
	char web[] = "web", db[] = "db", lan[] = "lan";
	struct nic_config nics[NICS_MAX];
	struct guest_config config = { .name = web, .nics = nics, .nic_count = NICS_MAX };
	uint8_t mac[NICS_MAX][6], other[6];

	for (size_t i = 0; i < NICS_MAX; i++) {
		nics[i] = (struct nic_config){ .network = lan };
		guest_argv_mac(&config, i, host_id, mac[i]);
		assert_memory_equal(mac[i], ((uint8_t[]){ 0x52, 0x54, 0 }), 3);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(mac[i], mac[j], 6);
	}
	guest_argv_mac(&config, 0, host_id, other);
	assert_memory_equal(other, mac[0], 6);
	config.name = db;
	guest_argv_mac(&config, 0, host_id, other);
	assert_memory_not_equal(other, mac[0], 6);
	nics[0].has_mac = true;
	memcpy(nics[0].mac, ((uint8_t[]){ 2, 0, 0, 0, 0, 1 }), 6);
	guest_argv_mac(&config, 0, host_id, other);
	assert_memory_equal(other, nics[0].mac, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(unsupported),
		cmocka_unit_test(no_injection),
		cmocka_unit_test(macs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
