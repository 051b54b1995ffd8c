/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel (PVH: 32 bits, flat, no paging) for a PC with a PCI graphics card, device 1, and two processors. The second */
/* one reads a register of its local APIC again and again while the first takes the card's memory out of the memory map */
/* and puts it back. Says on the serial port whether each read was right, and resets the machine. */

	.equ APIC, 0xfee00000
	.equ APIC_VERSION, APIC + 0x30
	.equ APIC_SPURIOUS, APIC + 0xf0
	.equ APIC_ICR, APIC + 0x300
	.equ ICR_INIT_OTHERS, 0xc4500
	.equ ICR_START_OTHERS, 0xc4600
	.equ PCI_ADDRESS, 0xcf8
	.equ PCI_DATA, 0xcfc
	.equ PCI_CARD, 0x80000800	/* bus 0, device 1 */
	.equ PCI_COMMAND, 4
	.equ COMMAND_MEMORY, 2
	.equ TIMES, 5000
	.equ LOW, 0x8000		/* where the second processor starts, in real mode */
	.equ UART, 0x3f8

	.section .note, "a"
	.long 4, 4, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long start

	.text
	.code32
	.globl start
start:	cli
	cld
	mov	$low, %esi
	mov	$LOW, %edi
	mov	$low_end - low, %ecx
	rep movsb
	orl	$0x100, APIC_SPURIOUS
	mov	APIC_VERSION, %eax
	mov	%eax, right
	movl	$ICR_INIT_OTHERS, APIC_ICR
	mov	$1000000, %ecx
1:	pause
	loop	1b
	movl	$ICR_START_OTHERS + (LOW >> 12), APIC_ICR
2:	pause
	cmpl	$0, reads
	je	2b

	mov	$PCI_ADDRESS, %edx
	mov	$PCI_CARD + PCI_COMMAND, %eax
	out	%eax, %dx
	mov	$PCI_DATA, %edx
	in	%dx, %ax
	mov	$no_card, %esi
	test	$COMMAND_MEMORY, %al
	jz	say
	mov	$TIMES, %ecx
3:	xor	$COMMAND_MEMORY, %al
	out	%ax, %dx
	xor	$COMMAND_MEMORY, %al
	out	%ax, %dx
	loop	3b
	mov	$all_right, %esi
	cmpl	$0, wrong
	je	say
	mov	$some_wrong, %esi

say:	mov	$UART, %edx
4:	lodsb
	test	%al, %al
	jz	5f
	out	%al, %dx
	jmp	4b
5:	mov	$0xfe, %al		/* the keyboard controller resets the machine */
	out	%al, $0x64
6:	hlt
	jmp	6b

second:	mov	$16, %eax
	mov	%eax, %ds
	mov	right, %ebx
7:	incl	reads
	cmp	APIC_VERSION, %ebx
	je	7b
	incl	wrong
	jmp	7b

	/* Copied to LOW, which is this processor's segment. */
	.code16
low:	cli
	lgdtl	%cs:gdtr - low
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $second
gdtr:	.word	gdt_end - gdt - 1
	.long	gdt
low_end:

	.balign	8
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_end:
all_right:
	.asciz	"map-guest: all reads were right\n"
some_wrong:
	.asciz	"map-guest: reads were wrong\n"
no_card:
	.asciz	"map-guest: there is no card\n"

	.bss
right:	.long	0
reads:	.long	0
wrong:	.long	0
