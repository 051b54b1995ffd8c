/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the processor says of itself about virtualization. */
#pragma once

struct cpu_features {
	bool svm; /* AMD-V, by CPUID: the processor has it, on or off */
	bool vmx; /* Intel VT-x, likewise */
	bool hypervisor; /* this machine is itself a guest */
};

void cpu_features_read(struct cpu_features *ret_features);
