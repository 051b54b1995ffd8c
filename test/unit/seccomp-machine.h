/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interpreter of seccomp's programs, which counts what a call costs. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

/* Returns what the filter does with a call; ret_count is of instructions. */
static inline uint32_t seccomp_run(const struct sock_filter *program, size_t length,
				   const struct seccomp_data *call, unsigned int *ret_count)
{
	uint32_t a = 0;

	*ret_count = 0;
	for (size_t pc = 0; pc < length; pc++) {
		const struct sock_filter *at = &program[pc];
		bool yes = false;

		++*ret_count;
		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(at->k + sizeof(a) <= sizeof(*call));
			memcpy(&a, (const uint8_t *)call + at->k, sizeof(a));
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += at->k;
			continue;
		case BPF_RET | BPF_K:
			return at->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == at->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= at->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > at->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = a & at->k;
			break;
		default:
			fail_msg("instruction %zu: code %#x", pc, at->code);
		}
		pc += yes ? at->jt : at->jf;
	}
	fail_msg("the program has no end");
	return 0;
}
