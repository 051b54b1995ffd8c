// SPDX-License-Identifier: GPL-2.0-or-later
// One guest's definition: parsed, formatted, copied, renamed, with one key set, and held against
// the host.
#include "config-fixture.h"

#include "config/config-parse.h"

static void assert_text(const struct guest_config *config, const char *expected)
{
	_cleanup_free_ char *text = guest_config_format(config);

	assert_non_null(text);
	assert_string_equal(text, expected);
}

static void assert_has(const struct guest_config *config, const char *part)
{
	_cleanup_free_ char *text = guest_config_format(config);

	assert_non_null(text);
	if (!strstr(text, part))
		fail_msg("\"%s\" is missing in:\n%s", part, text);
}

static void test_every_key_comes_back(void **state)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(everything);

	(void)state;
	assert_text(config, everything);
	assert_int_equal(config->ready, GUEST_READY_CONSOLE);
	assert_string_equal(config->ready_text, "\"login\\: ");
	assert_int_equal(config->boot_count, 2);
	assert_int_equal(config->boot[0], GUEST_BOOT_NETWORK);
	assert_int_equal(config->io_limit_bytes, 5 << 10);
	assert_int_equal(config->disks[1].format, DISK_FORMAT_AUTO);
	assert_int_equal(config->nics[1].kind, NIC_NETWORK_USER);
	assert_int_equal(config->nics[0].addresses.count, 2);
	assert_true(config->cloud_init.present);
	assert_int_equal(config->line, 1);
	assert_int_equal(config->disks[1].line, 42);
}

static void test_defaults(void **state)
{
	_cleanup_(guest_config_freep) struct guest_config *config =
		parsed("guest \"a\" { nic {} }");

	(void)state;
	assert_int_equal(config->machine, GUEST_MACHINE_Q35);
	assert_int_equal(config->firmware, GUEST_FIRMWARE_BIOS);
	assert_int_equal(config->boot_count, 3);
	assert_int_equal(config->boot[2], GUEST_BOOT_NETWORK);
	assert_int_equal(config->serial_ports, 1);
	assert_true(config->rng && config->balloon && config->autostart);
	assert_false(config->vsock || config->hugepages || config->cloud_init.present);
	assert_int_equal(config->on_panic, GUEST_ON_DEFAULT);
	assert_int_equal(config->cpu_weight + config->cpu_limit_percent + config->io_weight, 0);
	assert_int_equal(config->start_delay_s, 0);
	assert_int_equal(config->shutdown_timeout_s, 30);
	assert_string_equal(config->nics[0].network, "lan");
}

static void test_copy_is_deep(void **state)
{
	struct guest_config *config = parsed(everything);
	_cleanup_(guest_config_freep) struct guest_config *copy = NULL;

	(void)state;
	assert_int_equal(guest_config_copy(config, &copy), 0);
	assert_int_equal(copy->nics[0].line, config->nics[0].line);
	guest_config_free(config);
	assert_text(copy, everything);
	guest_config_free(NULL);
}

static void test_rename_takes_its_files_along(void **state)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(everything);
	_cleanup_(guest_config_freep) struct guest_config *renamed = NULL, *again = NULL;
	_cleanup_free_ char *text = NULL;

	(void)state;
	assert_int_equal(guest_config_rename(config, "No Name", &renamed), -EINVAL);
	assert_null(renamed);
	assert_int_equal(guest_config_rename(config, "new", &renamed), 0);
	assert_string_equal(renamed->name, "new");
	assert_string_equal(renamed->initrd, "data:guests/new/initrd");
	assert_string_equal(renamed->cloud_init.meta_data, "data:guests/new/meta");
	assert_string_equal(renamed->cdroms[0].file, "data:images/x.iso");
	text = guest_config_format(renamed);
	again = parsed(text);
	assert_text(config, everything);
}

static void refused(const char *text, size_t index, unsigned int line, const char *message)
{
	struct guest_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};

	assert_int_equal(guest_config_parse(text, &config, &mistakes), -EBADMSG);
	assert_null(config);
	assert_true(mistakes.count > index);
	assert_int_equal(mistakes.items[index].line, line);
	if (!strstr(mistakes.items[index].message, message))
		fail_msg("\"%s\" is not \"%s\"", mistakes.items[index].message, message);
}

static void test_refused(void **state)
{
	(void)state;
	refused("", 0, 1, "there is none");
	refused("guest \"a\" {", 0, 1, "no closing }");
	refused("guest \"a\" { nic {} }\nguest \"b\" { nic {} }", 0, 2, "is too much");
	refused("hostname = \"x\"\nguest \"a\" { nic {} }", 0, 1, "\"hostname\" is too much");
	refused("guest = \"a\"", 0, 1, "is too much");
	refused("guest \"A\" {}", 0, 1, "with a name of 1 to 32");
	refused("guest \"a\" {\ncpus = 0\nmemory = 1\n}", 0, 1, "nothing to boot from");
	refused("guest \"a\" {\ncpus = 0\nmemory = 1\n}", 1, 2, "cpus is a number");
	refused("guest \"a\" {\ncpus = 0\nmemory = 1\n}", 2, 3, "memory is whole MiB");
	refused("guest \"a\" { nic {} after = \"a\" }", 0, 1, "after itself");
	refused("guest \"a\" { disk { file = \"../x\" } }", 0, 1, "leaves the guest's folder");
	refused("guest \"a\" { disk { file = \"guest.conf\" } }", 0, 1, "hostd's own");
	refused("guest \"a\" { disk { file = \"/.//./guest.conf.new\" } }", 0, 1, "hostd's own");
	refused("guest \"a\" { disk { file = \".seed\" } }", 0, 1, "hostd's own");
	refused("guest \"a\" { disk { file = \"data:guests/b/x\" } }", 0, 1, "another guest's");
	/* Other guests and networks are not known here, and its own folder may be written to. */
	guest_config_free(parsed("guest \"a\" { nic { network = \"dmz\" } after = \"zz\" }"));
	guest_config_free(parsed("guest \"a\" { disk { file = \"disk.raw\" } }"));
}

static const char small[] = "guest \"web\" { memory = \"64M\" disk { file = \"a\" } nic {} }";

static struct guest_config *set(const struct guest_config *config, const char *key,
				const char *value)
{
	struct guest_config *changed = NULL;
	struct config_mistakes mistakes = {};
	int r = guest_config_set(config, key, value, &changed, &mistakes);

	for (size_t i = 0; i < mistakes.count; i++)
		print_message("# %s: %s\n", key, mistakes.items[i].message);
	assert_int_equal(r, 0);
	return changed;
}

/* Of a guest that runs: what is wrong costs its key and nothing else. */
static void test_read(void **)
{
	static const char text[] =
		"guest \"web\" {\n\tmemory = \"2G\"\n\tcpus = 4096\n\ttomorrow {\n"
		"\t\ta = 1\n\t}\n\tdisk {\n\t\tfile = \"../x\"\n\t\tbus = "
		"\"scsi\"\n\t}\n\tcdrom {}\n\tnic {\n\t\tshall = [\"router\"]\n"
		"\t\tmodel = \"e1000\"\n\t}\n}\nguest \"two\" {}\n";
	struct config_mistakes mistakes = {};
	struct guest_config *config = NULL;

	assert_int_equal(guest_config_read(text, &config, &mistakes), 0);
	assert_string_equal(config->name, "web");
	assert_int_equal(config->memory_bytes, UINT64_C(2) << 30);
	assert_int_equal(config->cpus, 1);
	assert_int_equal(config->disk_count, 1);
	assert_null(config->disks[0].file);
	assert_int_equal(config->disks[0].bus, DISK_BUS_SCSI);
	assert_int_equal(config->cdrom_count, 1);
	assert_int_equal(config->nic_count, 1);
	assert_int_equal(config->nics[0].model, NIC_MODEL_E1000);
	assert_int_equal(mistakes.count, 5);
	assert_int_equal(mistakes.items[0].line, 3);
	guest_config_free(config);
	config_mistakes_done(&mistakes);
	config = NULL;
	assert_int_equal(guest_config_read("guest {}", &config, &mistakes), -EBADMSG);
	assert_null(config);
	assert_int_equal(mistakes.count, 1);
	config_mistakes_done(&mistakes);
	assert_int_equal(guest_config_read("guest \"web\" {", &config, &mistakes), -EBADMSG);
	config_mistakes_done(&mistakes);
}

/* What a newer hostd wrote: kept where it was, said once, and no part of what people write. */
static const char newer[] =
	"guest \"web\" {\n\ttomorrow = [ a, \"b\\n\\\"\" ]\n\ttpm \"x\" { a { b = 1 } }\n\tdisk {\n"
	"\t\tfile = \"a\"\n\t\tqueue = 4\n\t}\n\tnic {}\n}\n";

static void test_unknown_keys_are_kept(void **)
{
	struct config_mistakes mistakes = {};
	struct guest_config *config = NULL;
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL, *copy = NULL;
	_cleanup_(guest_config_freep) struct guest_config *again = NULL, *less = NULL;
	_cleanup_free_ char *text = NULL;

	refused(newer, 0, 2, "unknown key \"tomorrow\"");
	assert_int_equal(guest_config_load(newer, &config, &mistakes), 0);
	assert_int_equal(mistakes.count, 3);
	assert_int_equal(mistakes.items[1].line, 3);
	assert_string_equal(mistakes.items[2].message, "unknown key \"queue\" in guest \"web\"");
	config_mistakes_done(&mistakes);
	assert_string_equal(config->unknown, "tomorrow = [\"a\", \"b\\n\\\"\"]\n"
					     "tpm \"x\" {\n\ta {\n\t\tb = \"1\"\n\t}\n}\n");
	assert_int_equal(guest_config_copy(config, &copy), 0);
	guest_config_free(config);
	changed = set(copy, "memory", "1G");
	assert_has(changed, "\t\tqueue = \"4\"\n\t}\n");
	assert_has(changed, "\ttpm \"x\" {\n\t\ta {\n\t\t\tb = \"1\"\n\t\t}\n\t}\n}\n");
	text = guest_config_format(changed);
	assert_int_equal(guest_config_load(text, &again, &mistakes), 0);
	assert_int_equal(mistakes.count, 3);
	config_mistakes_done(&mistakes);
	assert_text(again, text);
	less = set(again, "disk.0.queue", "");
	assert_null(less->disks[0].unknown);
	assert_non_null(less->unknown);
}

/* A mistake that is no unknown key costs the guest, stored or not. */
static void test_load_is_strict_otherwise(void **)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	struct guest_config *config = NULL;

	assert_int_equal(guest_config_load("guest \"a\" { nic {} x = 1 cpus = 0 }", &config,
					   &mistakes),
			 -EBADMSG);
	assert_null(config);
	assert_int_equal(mistakes.count, 2);
}

static void test_counts_now_or_at_the_next_start(void **)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(small);
	_cleanup_(guest_config_freep) struct guest_config *now = NULL, *later = NULL;

	now = set(config, "start-delay", "7");
	assert_true(guest_config_starts_alike(config, now));
	later = set(now, "disk.0.serial", "x");
	assert_false(guest_config_starts_alike(now, later));
	assert_true(guest_config_counts_now("autostart"));
	assert_false(guest_config_counts_now("memory"));
	assert_false(guest_config_counts_now("disk.0.file"));
	assert_false(guest_config_counts_now("nonsense"));
}

static bool is_said(const struct config_field *field)
{
	_cleanup_free_ char *name = NULL;

	for (unsigned int i = 0; field->names && field->names[i]; i++) {
		free(name);
		name = text_format("\"%s\"", field->names[i]);
		if (config_field_may_be(field, i) && !strstr(field->meaning, name))
			return false;
	}
	return true;
}

/* The tables are whole: each key is explained, has a default, and says what a wrong value is. */
static void test_tables(void **)
{
	static const struct config_block *const blocks[] = {
		&config_host_block,       &config_network_block, &config_guest_block,
		&config_disk_block,       &config_cdrom_block,   &config_nic_block,
		&config_cloud_init_block,
	};

	for (size_t b = 0; b < ELEMENTS(blocks); b++)
		for (size_t i = 0; i < blocks[b]->count; i++) {
			const struct config_field *field = &blocks[b]->fields[i];
			bool is_list = config_field_is_list(field);

			if (field->kind == FIELD_OWNED || config_field_is_block(field))
				continue;
			if (!field->meaning || (!field->standard && !field->otherwise) ||
			    ((is_list || field->is || field->form) && !field->wrong) ||
			    (field->kind == FIELD_TEXTS && field->high && !field->many) ||
			    (!strchr(field->meaning, '%') && !is_said(field)))
				fail_msg("%s is not whole", field->key);
		}
}

static void test_paths(void **)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(everything);
	struct config_path path = config_path_parse("data:guests/web/./a/b");

	assert_string_equal(guest_config_path(config, 0), "vmlinuz");
	assert_string_equal(guest_config_path(config, 2), "disk.qcow2");
	assert_string_equal(guest_config_path(config, 5), "net");
	assert_null(guest_config_path(config, 6));
	assert_int_equal(path.place, CONFIG_PLACE_GUEST);
	assert_string_equal(path.name, "a/b");
	assert_true(config_path_is_of(&path, "web"));
	assert_false(config_path_is_of(&path, "we"));
	assert_null(config_path_own_name("data:guests/web/a/b", "web"));
	assert_null(config_path_own_name("data:guests/web/a", "db"));
	assert_null(config_path_own_name("data:images/a", "web"));
	assert_string_equal(config_path_own_name("data:guests/web/a", "web"), "a");
	assert_string_equal(config_path_own_name("./a", "web"), "a");
	assert_int_equal(config_path_parse("data:guests//a").place, CONFIG_PLACE_NONE);
	assert_int_equal(config_path_parse("data:x").place, CONFIG_PLACE_NONE);
}

static void set_gives(const char *text, const char *key, const char *value, const char *part)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(text), *changed = NULL;

	changed = set(config, key, value);
	assert_has(changed, part);
}

static void test_set(void **state)
{
	(void)state;
	set_gives(small, "memory", "1G", "memory = \"1024M\"");
	set_gives(small, "memory", "", "memory = \"256M\"");
	set_gives(small, "cmdline", "", "cpus = 1");
	set_gives(everything, "cmdline", "a,b \"c\"", "cmdline = \"a,b \\\"c\\\"\"");
	set_gives(everything, "on-panic", "", "restart = \"always\"");
	set_gives(small, "boot", "cdrom,disk", "boot = [\"cdrom\", \"disk\"]");
	set_gives(everything, "boot", "", "boot = [\"disk\", \"cdrom\", \"network\"]");
	set_gives(small, "after", "db, cache ,x", "after = [\"db\", \"cache\", \"x\"]");
	set_gives(small, "disk.0.readonly", "true", "readonly = true");
	set_gives(everything, "disk.1.bus", "nvme", "bus = \"nvme\"");
	set_gives(everything, "disk.0.format", "", "file = \"disk.qcow2\"\n\t\tbus");
	set_gives(small, "disk.1.file", "b", "file = \"b\"");
	set_gives(small, "cdrom.0.file", "", "\tcdrom {\n\t}\n");
	set_gives(everything, "cdrom.0.file", "", "\tcdrom {\n\t}\n\tcdrom {\n\t}\n");
	set_gives(small, "nic.1.model", "e1000", "model = \"e1000\"");
	set_gives(small, "nic.0.address", "192.0.2.1,2001:db8::1",
		  "address = [\"192.0.2.1\", \"2001:db8::1\"]");
	set_gives(small, "nic.0.may", "router,dhcp-server",
		  "isolate = false\n\t\tmay = [\"dhcp-server\", \"router\"]\n");
	set_gives(everything, "nic.0.may", "", "isolate = true\n\t}\n");
	set_gives(small, "cloud-init.ssh-key", "ssh-rsa AAAA me",
		  "ssh-key = [\"ssh-rsa AAAA me\"]");
	set_gives(everything, "cloud-init.hostname", "", "network-config = \"net\"\n\t\tssh-key");
	set_gives(everything, "cloud-init", "",
		  "model = \"virtio\"\n\t\tisolate = false\n\t}\n}\n");
	set_gives(small, "cloud-init", "", "\tnic {");
	set_gives(everything, "disk.0", "", "shutdown-timeout = 3600\n\tdisk {\n\t\tdevice");
}

static void test_set_leaves_the_rest(void **state)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(everything);
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL, *back = NULL;

	(void)state;
	changed = set(config, "disk.1.serial", "NEW");
	assert_text(config, everything);
	assert_string_equal(changed->disks[1].serial, "NEW");
	back = set(changed, "disk.1.serial", "");
	assert_text(back, everything);
}

static void set_is_refused(const char *key, const char *value, const char *message)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(small), *changed = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};

	assert_int_equal(guest_config_set(config, key, value, &changed, &mistakes), -EBADMSG);
	assert_null(changed);
	assert_int_equal(mistakes.count, 1);
	assert_int_equal(mistakes.items[0].line, 0);
	if (!strstr(mistakes.items[0].message, message))
		fail_msg("\"%s\" is not \"%s\"", mistakes.items[0].message, message);
}

static void test_set_is_refused(void **state)
{
	char long_value[4200];

	(void)state;
	memset(long_value, 'x', sizeof(long_value) - 1);
	long_value[sizeof(long_value) - 1] = '\0';
	set_is_refused("memry", "1G", "did you mean \"memory\"?");
	set_is_refused("memry", "", "did you mean \"memory\"?");
	set_is_refused("disc.0.file", "x", "unknown key \"disc.0.file\"");
	set_is_refused("disk.0.fil", "x", "did you mean \"file\"?");
	set_is_refused("cloud-init.hostnam", "x", "did you mean \"hostname\"?");
	set_is_refused("memory", "much", "memory is a size");
	set_is_refused("memory", "1G,2G", "memory is a size");
	set_is_refused("disk.0.file", "", "neither a file nor a device");
	set_is_refused("disk.0.device", "/dev/sda", "both a file and a device");
	set_is_refused("disk.2.file", "x", "there is no disk 2: the guest has 1, counted from 0");
	set_is_refused("disk.1", "", "there is no disk 1");
	set_is_refused("disk.9999999", "", "a key of a disk is set as \"disk.0.KEY\"");
	set_is_refused("disk.x.file", "x", "a key of a disk is set as");
	set_is_refused("disk.0x.file", "x", "a key of a disk is set as");
	set_is_refused("disk.file", "x", "a key of a disk is set as");
	set_is_refused("disk", "x", "a key of a disk is set as");
	set_is_refused("disk.0", "x", "disk is a block");
	set_is_refused("cloud-init", "x", "its keys are set as \"cloud-init.KEY\"");
	set_is_refused("name", "other", "rename the guest");
	set_is_refused("", "x", "unknown key \"\"");
	set_is_refused("disk.0.", "x", "unknown key \"\"");
	set_is_refused("cmdline", "a\nb", "control character");
	set_is_refused("cmdline", long_value, "longer than 4096 bytes");
	set_is_refused("nic.0.may", "dhcp", "a nic may be \"dhcp-server\" or \"router\"");
	set_is_refused("boot", "disk,disk", "boot names \"disk\" twice");
	set_is_refused("after", "web", "after itself");
	set_is_refused("machine", "microvm", "a microvm needs a kernel");
	set_is_refused("cloud-init.password-hash", "secret", "never the password itself");
}

static int check(const struct fit *fit, const char *text, char **ret_why)
{
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(text);

	return guest_config_check(config, fit->host,
				  (const struct guest_config *const *)fit->others, fit->count,
				  ret_why);
}

static void check_refuses(const struct fit *fit, const char *text, const char *expected)
{
	_cleanup_free_ char *why = NULL;

	assert_int_equal(check(fit, text, &why), -EINVAL);
	assert_string_equal(why, expected);
}

static void test_check(void **state)
{
	_cleanup_(fit_done) struct fit fit = fit_new();
	char *why = NULL;

	(void)state;
	assert_int_equal(check(&fit, "guest \"new\" { nic { network = \"dmz\" } after = \"web\" }",
			       &why),
			 0);
	assert_int_equal(check(&fit,
			       "guest \"web\" { nic { mac = \"52:54:00:00:00:01\" } "
			       "nic { network = \"user\" } }",
			       &why),
			 0);
	assert_null(why);
	check_refuses(&fit, "guest \"new\" { nic {} nic { network = \"gone\" } }",
		      "nic 1: there is no network \"gone\" on this host");
	check_refuses(&fit, "guest \"new\" { nic { mac = \"52:54:00:00:00:02\" } }",
		      "nic 0 has the same mac as guest \"disk\"");
	check_refuses(&fit,
		      "guest \"new\" { nic { mac = \"52:54:00:00:00:07\" } "
		      "nic { mac = \"52:54:00:00:00:07\" } }",
		      "nic 1 has the same mac as another of its NICs");
	check_refuses(&fit, "guest \"new\" { nic {} after = [\"db\", \"gone\"] }",
		      "it comes after \"gone\", and there is no such guest");
	check_refuses(&fit, "guest \"disk\" { nic {} after = [\"log\", \"web\"] }",
		      "guests would wait for each other in a circle: disk -> web -> db -> disk");
	check_refuses(&fit, "guest \"lost\" { nic {} after = \"log\" }",
		      "guests would wait for each other in a circle: lost -> log -> lost");
}

static void test_nat_is_each_guests_own(void **state)
{
	_cleanup_(fit_done) struct fit fit = fit_new();
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(
		"guest \"a\" { nic { network = \"away\" } nic {} nic { network = \"user\" } }");

	(void)state;
	assert_int_equal(config->nics[0].kind, NIC_NETWORK_BRIDGE);
	guest_config_bind_networks(config, fit.host);
	assert_int_equal(config->nics[0].kind, NIC_NETWORK_USER);
	assert_int_equal(config->nics[1].kind, NIC_NETWORK_BRIDGE);
	assert_int_equal(config->nics[2].kind, NIC_NETWORK_USER);
	assert_has(config, "network = \"away\"");
}

static void test_names_out_of_range(void **state)
{
	(void)state;
	assert_string_equal(guest_on_name(GUEST_ON_HOST), "host");
	assert_string_equal(disk_format_name(DISK_FORMAT_QCOW2), "qcow2");
	assert_null(guest_on_name((enum guest_on)5));
	assert_null(guest_machine_name((enum guest_machine)3));
	assert_null(guest_watchdog_name((enum guest_watchdog)4));
	assert_null(disk_format_name((enum disk_format)3));
}

/* Many of everything grow by doubling, and mistakes stay in the order of lines. */
static void test_many_mistakes_in_order(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_(host_config_freep) struct host_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	(void)state;
	for (int i = 0; i < 1200; i++)
		(void)fprintf(out, "guest \"g%d\" { nic {} after = \"g%d\" }\nspeed = %d\n", i,
			      i ? i - 1 : 0, i);
	(void)fclose(out);
	assert_int_equal(host_config_parse(text, &config, &mistakes), 0);
	/* g0 comes after itself, and g1 loses what it waits for: 999 of the next go on to g1000. */
	assert_int_equal(config->guest_count, 1000);
	assert_int_equal(config->guests[0].after.count, 0);
	assert_int_equal(config->guests[1].after.count, 1);
	assert_int_equal(mistakes.count, 1200 + 1 + 1 + 199);
	for (size_t i = 1; i < mistakes.count; i++)
		assert_true(mistakes.items[i - 1].line <= mistakes.items[i].line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_key_comes_back),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_rename_takes_its_files_along),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_unknown_keys_are_kept),
		cmocka_unit_test(test_load_is_strict_otherwise),
		cmocka_unit_test(test_counts_now_or_at_the_next_start),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_leaves_the_rest),
		cmocka_unit_test(test_set_is_refused),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_nat_is_each_guests_own),
		cmocka_unit_test(test_names_out_of_range),
		cmocka_unit_test(test_many_mistakes_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
