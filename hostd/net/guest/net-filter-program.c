// SPDX-License-Identifier: GPL-2.0-or-later
// An assembler for classic BPF.
#include "net-filter-program.h"

#include "base/array.h"

#define IN_THE_AIR UINT32_MAX
#define ACCEPT UINT32_MAX
#define REFUSE 0

void net_filter_branch(struct net_filter_program *program, unsigned int code, uint32_t k,
		       uint8_t if_true, uint8_t if_false)
{
	if (program->error < 0)
		return;
	program->error = array_grow(program->code, program->count);
	if (program->error == 0)
		program->code[program->count++] =
			(struct sock_filter)BPF_JUMP((uint16_t)code, k, if_true, if_false);
}

void net_filter_emit(struct net_filter_program *program, unsigned int code, uint32_t k)
{
	net_filter_branch(program, code, k, 0, 0);
}

void net_filter_if_equal(struct net_filter_program *program, uint32_t k, uint8_t if_true,
			 uint8_t if_false)
{
	net_filter_branch(program, BPF_JMP | BPF_JEQ | BPF_K, k, if_true, if_false);
}

void net_filter_load(struct net_filter_program *program, unsigned int size, unsigned int mode,
		     uint32_t offset)
{
	net_filter_emit(program, BPF_LD | size | mode, offset);
}

void net_filter_set(struct net_filter_program *program, uint32_t cell, uint32_t value)
{
	net_filter_emit(program, BPF_LD | BPF_IMM, value);
	net_filter_emit(program, BPF_ST, cell);
}

void net_filter_accept(struct net_filter_program *program)
{
	net_filter_emit(program, BPF_RET | BPF_K, ACCEPT);
}

void net_filter_refuse(struct net_filter_program *program)
{
	net_filter_emit(program, BPF_RET | BPF_K, REFUSE);
}

void net_filter_accept_if(struct net_filter_program *program, uint32_t k)
{
	net_filter_if_equal(program, k, 0, 1);
	net_filter_accept(program);
}

void net_filter_refuse_if(struct net_filter_program *program, uint32_t k)
{
	net_filter_if_equal(program, k, 0, 1);
	net_filter_refuse(program);
}

void net_filter_require(struct net_filter_program *program, uint32_t k)
{
	net_filter_if_equal(program, k, 1, 0);
	net_filter_refuse(program);
}

size_t net_filter_leave(struct net_filter_program *program)
{
	net_filter_emit(program, BPF_JMP | BPF_JA, IN_THE_AIR);
	return program->count - 1;
}

size_t net_filter_leave_unless(struct net_filter_program *program, uint32_t k)
{
	net_filter_if_equal(program, k, 1, 0);
	return net_filter_leave(program);
}

void net_filter_land_one(struct net_filter_program *program, size_t place)
{
	if (program->error == 0)
		program->code[place].k = (uint32_t)(program->count - place - 1);
}

void net_filter_land(struct net_filter_program *program, size_t first)
{
	for (size_t i = first; program->error == 0 && i < program->count; i++)
		if (program->code[i].code == (BPF_JMP | BPF_JA) && program->code[i].k == IN_THE_AIR)
			net_filter_land_one(program, i);
}
