// SPDX-License-Identifier: GPL-2.0-or-later
// CPUID. /proc/cpuinfo will not do: the kernel hides vmx and svm there when the firmware has
// switched them off, and hostd reports this difference.
#include "cpu.h"

#include <cpuid.h>

/* AMD64 Architecture Programmer's Manual, volume 3, appendix E; Intel SDM, volume 2A, CPUID. */
#define LEAF_1_ECX_VMX (1U << 5)
#define LEAF_1_ECX_HYPERVISOR (1U << 31)
#define LEAF_80000001_ECX_SVM (1U << 2)

void cpu_features_read(struct cpu_features *ret_features)
{
	unsigned int a = 0, b = 0, c = 0, d = 0;

	*ret_features = (struct cpu_features){};
	if (__get_cpuid(1, &a, &b, &c, &d)) {
		ret_features->vmx = c & LEAF_1_ECX_VMX;
		ret_features->hypervisor = c & LEAF_1_ECX_HYPERVISOR;
	}
	if (__get_cpuid(0x80000001, &a, &b, &c, &d))
		ret_features->svm = c & LEAF_80000001_ECX_SVM;
}
