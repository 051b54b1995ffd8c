# SPDX-License-Identifier: GPL-2.0-or-later
# A guest of one sector with a screen, a keyboard and a mouse, by SeaBIOS. A key 1 to 7 is the color of the screen, with a
# white square where the pointer is; a mouse button makes it light. "m" takes another mode (640x480, magenta), "p" powers off.
	.code16
start:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	cld
	movw	$0x0013, %ax		# 320x200, 256 colors
	int	$0x10
	movw	$0xc205, %ax		# the mouse: packets of 3 bytes, a handler, on
	movb	$3, %bh
	int	$0x15
	movw	$0xc207, %ax
	movw	$on_mouse, %bx
	int	$0x15
	movw	$0xc200, %ax
	movb	$1, %bh
	int	$0x15
next:	xorw	%ax, %ax
	int	$0x16
	cmpb	$'m', %al
	je	mode
	cmpb	$'p', %al
	je	off
	cmpb	$'1', %al
	jb	next
	cmpb	$'7', %al
	ja	next
	andb	$15, %al
	movb	%al, color
	cmpb	$0, other
	je	1f
	movb	$0, other
	movw	$0x0013, %ax
	int	$0x10
1:	call	draw
	jmp	next

mode:	movb	$1, other
	movw	$0x0012, %ax
	int	$0x10
	movw	$0x0600, %ax		# the whole window, cleared in a color
	movb	$5, %bh
	xorw	%cx, %cx
	movw	$0x1d4f, %dx
	int	$0x10
	jmp	next

off:	movw	$0x2000, %ax		# ACPI: S5, where SeaBIOS has put the port
	movw	$0x604, %dx
	outw	%ax, %dx
	jmp	next

# Everything anew: 64000 bytes.
draw:	cmpb	$0, other
	jne	3f
	pushaw
	pushw	%es
	pushw	$0xa000
	popw	%es
	movb	color, %al
	cmpb	$0, buttons
	je	1f
	orb	$8, %al
1:	xorw	%di, %di
	movw	$64000, %cx
	rep	stosb
	imulw	$320, y, %di
	addw	x, %di
	movw	$16, %dx
	movb	$15, %al
2:	movw	$16, %cx
	rep	stosb
	addw	$304, %di
	decw	%dx
	jnz	2b
	popw	%es
	popaw
3:	ret

# A far call with status, x, y and 0 on the stack.
on_mouse:
	pushaw
	pushw	%ds
	movw	%sp, %bp
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	28(%bp), %cx
	movb	%cl, %al
	andb	$7, %al
	movb	%al, buttons
	movw	26(%bp), %ax
	testb	$0x10, %cl
	jz	1f
	movb	$0xff, %ah
1:	movw	$x, %bx
	movw	$304, %dx
	call	add
	movw	24(%bp), %ax
	testb	$0x20, %cl
	jz	2f
	movb	$0xff, %ah
2:	negw	%ax
	movw	$y, %bx
	movw	$184, %dx
	call	add
	call	draw
	popw	%ds
	popaw
	lretw

# (%bx) += %ax, within 0 to %dx
add:	addw	(%bx), %ax
	jns	1f
	xorw	%ax, %ax
1:	cmpw	%dx, %ax
	jle	2f
	movw	%dx, %ax
2:	movw	%ax, (%bx)
	ret

x:	.word	0
y:	.word	0
color:	.byte	0
buttons: .byte	0
other:	.byte	0
	.org	510
	.byte	0x55, 0xaa
