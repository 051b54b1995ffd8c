/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether KVM really runs guests here: one instruction in a throw-away VM. */
#pragma once

enum kvm_state {
	KVM_OK_SVM,
	KVM_OK_VMX,
	KVM_ABSENT, /* no /dev/kvm */
	KVM_FORBIDDEN, /* it cannot be opened */
	KVM_BROKEN, /* it opens, and cannot run an instruction */
};

struct kvm_status {
	enum kvm_state state;
	char why[200]; /* empty when ok; what failed, and the hint for the firmware setup where it
			  helps */
};

/*
 * Takes one second at most, whatever the machine does: the try runs in a child that is killed then.
 * device is "/dev/kvm". Never fails: what goes wrong is the result.
 */
void kvm_probe(const char *device, struct kvm_status *ret_status);

static inline bool kvm_usable(const struct kvm_status *status)
{
	return status->state == KVM_OK_SVM || status->state == KVM_OK_VMX;
}

/*
 * Whether KVM has to do without nested paging (AMD NPT, Intel EPT): guests are slow then, and where
 * the machine itself is emulated (QEMU's TCG without "npt=on") they reset again and again. root is
 * "" or a folder in tests.
 */
bool kvm_shadow_paging(const char *root, enum kvm_state state);

/* "svm" or "vmx" when usable, or else "absent", "forbidden", "broken". */
const char *kvm_state_name(enum kvm_state state);
