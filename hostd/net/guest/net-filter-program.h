/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An assembler for classic BPF, as much of it as net-filter.c needs. Pure. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. After a failure (-ENOMEM in error) nothing is added any more. */
struct net_filter_program {
	struct sock_filter *code; /* owned */
	size_t count;
	int error;
};

void net_filter_emit(struct net_filter_program *program, unsigned int code, uint32_t k);
/* A conditional jump: over so many of the instructions that follow. */
void net_filter_branch(struct net_filter_program *program, unsigned int code, uint32_t k,
		       uint8_t if_true, uint8_t if_false);
void net_filter_if_equal(struct net_filter_program *program, uint32_t k, uint8_t if_true,
			 uint8_t if_false);
/* Loads A: size is BPF_B, BPF_H or BPF_W; mode BPF_ABS, or BPF_IND for X + offset. */
void net_filter_load(struct net_filter_program *program, unsigned int size, unsigned int mode,
		     uint32_t offset);
/* Sets a word of memory; A is the value then. */
void net_filter_set(struct net_filter_program *program, uint32_t cell, uint32_t value);

void net_filter_accept(struct net_filter_program *program);
void net_filter_refuse(struct net_filter_program *program);
void net_filter_accept_if(struct net_filter_program *program, uint32_t k);
void net_filter_refuse_if(struct net_filter_program *program, uint32_t k);
/* Refuses unless A is k. */
void net_filter_require(struct net_filter_program *program, uint32_t k);

/* A jump forward, always or unless A is k, to where it is landed. Returns its place. */
size_t net_filter_leave(struct net_filter_program *program);
size_t net_filter_leave_unless(struct net_filter_program *program, uint32_t k);
/* Lands, here, that jump; or it and every later one that has not landed yet. */
void net_filter_land_one(struct net_filter_program *program, size_t place);
void net_filter_land(struct net_filter_program *program, size_t first);
