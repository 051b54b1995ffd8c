/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A seccomp filter as data: which system calls, with which arguments. */
#pragma once

#include <linux/filter.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#define SECCOMP_ARGUMENTS 3

/* A call with these arguments. Where mask is 0 any will do; else what mask leaves has to be value.
 */
struct seccomp_rule {
	int call;
	struct {
		uint64_t mask, value;
	} arguments[SECCOMP_ARGUMENTS];
};
#define SECCOMP_ANY { 0, 0 }
/* The lower half, as the kernel looks at an int; or all of it. */
#define SECCOMP_IS(value) { UINT32_MAX, (value) }
#define SECCOMP_IS_WHOLE(value) { UINT64_MAX, (value) }
#define SECCOMP_WITHOUT(bits) { (bits), 0 }

struct seccomp_list {
	uint32_t action; /* SCMP_ACT_…, for what is in the list; */
	uint32_t otherwise; /* for the rest */
	const int *calls; /* with any arguments */
	size_t call_count;
	const struct seccomp_rule *rules;
	size_t rule_count;
	bool as_tree; /* for a long list that is gone through often */
	const int *first; /* the call that is looked at before all others; NULL: none */
	/* Instructions that go before the compiled ones, and end in them. */
	const struct sock_filter *prefix;
	size_t prefix_length;
};

/* For a child that loads it later. ret_program's filter is a new one. Returns 0 or -errno. */
int seccomp_list_compile(const struct seccomp_list *list, struct sock_fprog *ret_program);
/* For the calling process, and all that it will start; with no-new-privs. Returns 0 or -errno. */
int seccomp_list_load(const struct seccomp_list *list);
