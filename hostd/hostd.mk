# SPDX-License-Identifier: GPL-2.0-or-later
# The C programs that we wrote: init (PID 1), hostd, mvirt, mvirt-screen, mvirt-dashboard. Static, hardened, small.

HOSTD_OBJECTS := $(O)/obj/hostd
# The rooms that are linked into hostd; a room may have rooms of its own.
ROOMS := process config job machine net storage vmm guest host api

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wundef -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wimplicit-fallthrough -Werror
CPPFLAGS := -D_GNU_SOURCE -Ihostd -I$(SYSROOT)/include -I/usr/include/libnl3 \
	-ffile-prefix-map=$(CURDIR)=.
CFLAGS := -std=gnu23 -Os $(WARNINGS) -fPIE -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
	-fcf-protection -ffunction-sections -fdata-sections
LDFLAGS := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,pack-relative-relocs -Wl,--gc-sections -s
SYSTEMD_LIBS := -L$(SYSROOT)/lib -ludev -lsystemd -lcap -lcrypt -lm
HOSTD_LIBS := -lnl-3 -lseccomp -lblkid -lz $(SYSTEMD_LIBS)

CLIENT_SOURCES := $(sort $(wildcard hostd/client/*.c))
CLI_SOURCES := $(sort $(wildcard hostd/cli/*.c))
# main().
MAIN_SOURCES := hostd/hostd.c
BASE_SOURCES := $(sort $(wildcard hostd/base/*.c))
SCREEN_MAIN := hostd/screen/mvirt-screen.c
SCREEN_SOURCES := $(sort $(filter-out $(SCREEN_MAIN),$(wildcard hostd/screen/*.c)))
# Programs of their own load their filters themselves.
SECCOMP_SOURCES := hostd/process/seccomp-list.c
DASHBOARD_SOURCES := $(sort $(wildcard hostd/dashboard/*.c))
# A VMM without a machine, for tests: no part of the hostd that is shipped.
FAKE_SOURCES := hostd/vmm/vmm-list-fake.c $(sort $(wildcard hostd/vmm/fake/*.c))
# Everything of hostd but its main(): also what the tests link.
HOSTD_SOURCES := $(BASE_SOURCES) $(SCREEN_SOURCES) \
	$(filter-out $(FAKE_SOURCES),$(sort $(foreach r,$(ROOMS),$(wildcard hostd/$r/*.c hostd/$r/*/*.c))))

# Headers that programs write
GENERATED := $(O)/obj/generated
CPPFLAGS += -I$(GENERATED)
PCI_IDS := /usr/share/misc/pci.ids
$(GENERATED)/pci-vendors.h: os/make-pci-vendors $(PCI_IDS)
	$(Q)mkdir -p $(@D) && os/make-pci-vendors $(PCI_IDS) >$@
$(addsuffix /machine/device/pci.o,$(HOSTD_OBJECTS) $(O)/obj/test/hostd $(O)/obj/test/fuzz-hostd $(O)/obj/coverage/hostd): \
	$(GENERATED)/pci-vendors.h

FLAGS_FILE := $(call remember,hostd.flags,$(CPPFLAGS) $(CFLAGS) $(LDFLAGS))

# $(call link,OBJECTS,LIBRARIES): the linker warns of getpwnam() and the like in libsystemd, which we never call;
# what it says is shown when it fails.
link = $(Q)gcc $(CFLAGS) $(LDFLAGS) $1 $2 -o $@ >$@.log 2>&1 || { cat $@.log >&2; exit 1; }

objects = $(patsubst hostd/%.c,$(HOSTD_OBJECTS)/%.o,$1)

$(HOSTD_OBJECTS)/%.o: hostd/%.c $(FLAGS_FILE) $(SYSROOT)/.systemd
	$(Q)mkdir -p $(@D)
	$(Q)ccache gcc $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Only these two say the version: a commit does not recompile the rest.
$(call objects,hostd/hostd.c hostd/cli/mvirt.c): CPPFLAGS += -DMVIRT_VERSION='"$(VERSION)"'
$(call objects,hostd/hostd.c hostd/cli/mvirt.c): $(VERSION_FILE)

$(HOSTD_OBJECTS)/init: $(call objects,hostd/init.c)
	$(call link,$^)

$(HOSTD_OBJECTS)/hostd: $(call objects,$(MAIN_SOURCES) $(HOSTD_SOURCES))
	$(call link,$^,$(HOSTD_LIBS))

# The fault tests run this in hostd's place: the fake VMM is what guests run with.
$(HOSTD_OBJECTS)/hostd-fake: $(call objects,$(MAIN_SOURCES) $(filter-out hostd/vmm/vmm-list.c,$(HOSTD_SOURCES)) \
		hostd/vmm/fake/fake.c hostd/vmm/vmm-list-fake.c)
	$(call link,$^,$(HOSTD_LIBS))

$(HOSTD_OBJECTS)/mvirt-fake-vmm: $(call objects,hostd/vmm/fake/fake-program.c hostd/vmm/fake/mvirt-fake-vmm.c)
	$(call link,$^)

$(HOSTD_OBJECTS)/mvirt: $(call objects,$(BASE_SOURCES) $(SCREEN_SOURCES) $(CLIENT_SOURCES) $(CLI_SOURCES))
	$(call link,$^,$(SYSTEMD_LIBS) -lz)

# Where it draws every pixel: speed, not size.
$(call objects,$(SCREEN_SOURCES)): CFLAGS := $(subst -Os,-O3,$(CFLAGS))

$(HOSTD_OBJECTS)/mvirt-screen: $(call objects,$(BASE_SOURCES) $(SECCOMP_SOURCES) $(SCREEN_SOURCES) $(SCREEN_MAIN))
	$(call link,$^,-lseccomp -lz)

# The tests link its pure half.
DASHBOARD_PURE := $(sort $(wildcard $(patsubst %,hostd/dashboard/%.c,layout* model* view-*))) \
	$(patsubst %,hostd/dashboard/%.c,action canvas terminal-ask terminal-key)

$(HOSTD_OBJECTS)/mvirt-dashboard: $(call objects,$(BASE_SOURCES) $(SECCOMP_SOURCES) $(CLIENT_SOURCES) $(DASHBOARD_SOURCES))
	$(call link,$^,-ltinfo -lseccomp $(SYSTEMD_LIBS))

-include $(patsubst %.o,%.d,$(call objects,hostd/init.c $(MAIN_SOURCES) $(HOSTD_SOURCES) $(FAKE_SOURCES) $(CLIENT_SOURCES) $(CLI_SOURCES) \
	$(SCREEN_MAIN) $(DASHBOARD_SOURCES)))
