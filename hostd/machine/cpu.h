/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processor's support for virtualization. */
#pragma once

struct cpu_features {
	bool svm; /* AMD-V, by CPUID: supported, whether on or off */
	bool vmx; /* Intel VT-x, likewise */
	bool hypervisor; /* this machine is itself a guest */
};

void cpu_features_read(struct cpu_features *ret_features);
