/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest guest: a kernel for microvm (PVH: 32 bits, flat, no paging) that does what the first */
/* letter of its command line says: i(dle), o(ff at the power button), l(ate: off when it is pressed once */
/* more), q(uick: off at once), r(eset), f(lood). */

	.equ GED, 0xfea00000		/* ACPI's generic event device: QEMU's include/hw/i386/microvm.h */
	.equ GED_POWER_BUTTON, 2
	.equ GED_SLEEP, GED + 0x200
	.equ GED_RESET, GED + 0x202
	.equ UART, 0x3f8
	.equ START_INFO_CMDLINE, 24	/* struct hvm_start_info, Xen's public/arch-x86/hvm/start_info.h */

	.section .note, "a"
	.long 4, 4, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.text
	.code32
	.globl start
start:	cli
	mov	START_INFO_CMDLINE(%ebx), %esi
	mov	$hello, %edi
	mov	$UART, %edx
say:	mov	(%edi), %al
	inc	%edi
	test	%al, %al
	jz	choose
	out	%al, %dx
	jmp	say
choose:	mov	(%esi), %al
	cmp	$'o', %al
	je	button
	cmp	$'l', %al
	je	late
	cmp	$'q', %al
	je	off
	cmp	$'r', %al
	je	reset
	cmp	$'f', %al
	je	flood
idle:	hlt
	jmp	idle

late:	pause				/* reading forgets it */
	testl	$GED_POWER_BUTTON, GED
	jz	late
button:	pause
	testl	$GED_POWER_BUTTON, GED
	jz	button
off:	movb	$0x34, GED_SLEEP	/* SLP_EN, type 5 */
	jmp	idle

reset:	movb	$0x42, GED_RESET
	jmp	idle

flood:	mov	$'x', %al
1:	out	%al, %dx
	jmp	1b

hello:	.asciz	"payload: up\n"
