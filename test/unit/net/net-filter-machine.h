/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An interpreter of classic BPF, as far as guests' filters use it. */
#pragma once

#include <linux/filter.h>

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	bool tagged;
};

/* False: beyond the end, where the program ends with 0. */
static inline bool machine_load(struct machine *machine, const struct sock_filter *at,
				const uint8_t *frame, size_t length)
{
	size_t size = BPF_SIZE(at->code) == BPF_W ? 4 : BPF_SIZE(at->code) == BPF_H ? 2 : 1;
	uint64_t offset = at->k + (BPF_MODE(at->code) == BPF_IND ? (uint64_t)machine->x : 0);
	uint32_t value = 0;

	if (BPF_MODE(at->code) == BPF_ABS &&
	    at->k == (uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT)) {
		machine->a = machine->tagged;
		return true;
	}
	if (offset + size > length)
		return false;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | frame[offset + i];
	machine->a = value;
	return true;
}

/* Runs a program over a frame. tagged: the kernel took a VLAN tag out of it. Returns what it does.
 */
static inline uint32_t machine_run(const struct sock_filter *program, size_t program_length,
				   const uint8_t *frame, size_t length, bool tagged)
{
	struct machine m = { .tagged = tagged };

	for (size_t pc = 0; pc < program_length; pc++) {
		const struct sock_filter *at = &program[pc];

		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
		case BPF_LD | BPF_H | BPF_ABS:
		case BPF_LD | BPF_B | BPF_ABS:
		case BPF_LD | BPF_W | BPF_IND:
		case BPF_LD | BPF_H | BPF_IND:
		case BPF_LD | BPF_B | BPF_IND:
			if (!machine_load(&m, at, frame, length))
				return 0;
			break;
		case BPF_LD | BPF_IMM:
			m.a = at->k;
			break;
		case BPF_LD | BPF_MEM:
			m.a = m.memory[at->k];
			break;
		case BPF_LDX | BPF_IMM:
			m.x = at->k;
			break;
		case BPF_LDX | BPF_MEM:
			m.x = m.memory[at->k];
			break;
		case BPF_LDX | BPF_B | BPF_MSH:
			if (at->k >= length)
				return 0;
			m.x = 4 * (frame[at->k] & 0xfu);
			break;
		case BPF_ST:
			m.memory[at->k] = m.a;
			break;
		case BPF_ALU | BPF_ADD | BPF_K:
			m.a += at->k;
			break;
		case BPF_ALU | BPF_ADD | BPF_X:
			m.a += m.x;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			m.a &= at->k;
			break;
		case BPF_ALU | BPF_LSH | BPF_K:
			m.a <<= at->k;
			break;
		case BPF_MISC | BPF_TAX:
			m.x = m.a;
			break;
		case BPF_MISC | BPF_TXA:
			m.a = m.x;
			break;
		case BPF_JMP | BPF_JA:
			pc += at->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += m.a == at->k ? at->jt : at->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += m.a >= at->k ? at->jt : at->jf;
			break;
		case BPF_JMP | BPF_JEQ | BPF_X:
			pc += m.a == m.x ? at->jt : at->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_X:
			pc += m.a > m.x ? at->jt : at->jf;
			break;
		case BPF_RET | BPF_K:
			return at->k;
		default:
			fail_msg("instruction %zu: code %#x", pc, at->code);
		}
	}
	fail_msg("the program has no end");
	return 0;
}
