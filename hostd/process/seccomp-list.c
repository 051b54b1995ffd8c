// SPDX-License-Identifier: GPL-2.0-or-later
#include "seccomp-list.h"

#include <string.h>

#include "base/cleanup.h"

static void contextp(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int add_rule(scmp_filter_ctx context, uint32_t action, const struct seccomp_rule *rule)
{
	struct scmp_arg_cmp arguments[SECCOMP_ARGUMENTS];
	unsigned int count = 0;

	for (unsigned int i = 0; i < SECCOMP_ARGUMENTS; i++)
		if (rule->arguments[i].mask != 0)
			arguments[count++] =
				SCMP_CMP64(i, SCMP_CMP_MASKED_EQ, rule->arguments[i].mask,
					   rule->arguments[i].value);
	return seccomp_rule_add_exact_array(context, action, rule->call, count, arguments);
}

static int fill(scmp_filter_ctx context, const struct seccomp_list *list)
{
	int r = list->first ? seccomp_syscall_priority(context, *list->first, UINT8_MAX) : 0;

	for (size_t i = 0; r == 0 && i < list->call_count; i++)
		r = seccomp_rule_add_exact_array(context, list->action, list->calls[i], 0, NULL);
	for (size_t i = 0; r == 0 && i < list->rule_count; i++)
		r = add_rule(context, list->action, &list->rules[i]);
	/* The kernel remembers what is allowed whatever the arguments. */
	if (r == 0 && list->as_tree)
		r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return r;
}

int seccomp_list_compile(const struct seccomp_list *list, struct sock_fprog *ret_program)
{
	const size_t prefix_bytes = list->prefix_length * sizeof(*list->prefix);
	_cleanup_(contextp) scmp_filter_ctx context = seccomp_init(list->otherwise);
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t bytes = 0;
	int r = context ? fill(context, list) : -ENOMEM;

	if (r == 0)
		r = seccomp_export_bpf_mem(context, NULL, &bytes);
	if (r < 0)
		return r;
	filter = malloc(prefix_bytes + bytes);
	if (!filter)
		return -ENOMEM;
	if (list->prefix)
		memcpy(filter, list->prefix, prefix_bytes);
	r = seccomp_export_bpf_mem(context, filter + list->prefix_length, &bytes);
	if (r < 0)
		return r;
	ret_program->len = (unsigned short)((prefix_bytes + bytes) / sizeof(*filter));
	ret_program->filter = take_ptr(filter);
	return 0;
}

int seccomp_list_load(const struct seccomp_list *list)
{
	_cleanup_(contextp) scmp_filter_ctx context = seccomp_init(list->otherwise);
	int r = context ? fill(context, list) : -ENOMEM;

	return r == 0 ? seccomp_load(context) : r;
}
