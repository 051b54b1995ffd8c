# SPDX-License-Identifier: GPL-2.0-or-later
# A guest of one sector, by SeaBIOS, whose screen and keyboard are the serial port where there is no display: says that it
# is there, and does what it is told: "p" tells pvpanic of a panic, "r" resets by the keyboard controller.
	.code16
start:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$0x7c00, %sp
	cld
	movw	$text, %si
say:	lodsb
	testb	%al, %al
	jz	next
	movb	$0x0e, %ah
	xorw	%bx, %bx
	int	$0x10
	jmp	say
next:	xorw	%ax, %ax
	int	$0x16
	cmpb	$'p', %al
	je	panic
	cmpb	$'r', %al
	jne	next
	movb	$0xfe, %al
	outb	%al, $0x64
	jmp	next
panic:	movb	$1, %al
	movw	$0x505, %dx
	outb	%al, %dx
	jmp	next
text:	.asciz	"\r\nlife: here\r\n"
	.org	510
	.byte	0x55, 0xaa
