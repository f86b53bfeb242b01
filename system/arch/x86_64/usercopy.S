/* SPDX-License-Identifier: MIT */
/*
 * The instructions that touch a program's memory, each with a row in the exception table: address
 * of the instruction, address to go on at if it faults (trap.c looks there).
 */
	.macro fixup at, to
	.pushsection .exception_table, "a"
	.quad	\at, \to
	.popsection
	.endm

	.text

/*
 * size_t user_copy_raw(void *to, const void *from, size_t size): bytes not copied. No range checks.
 */
	.globl user_copy_raw
	.type user_copy_raw, @function
	.balign 32
user_copy_raw:
	mov	%rdx, %rcx
	cmp	$16, %rdx
	ja	2f
	test	$7, %dl
	jnz	2f
	/* Words: most structures of the ABI end here. */
1:	sub	$8, %rcx
	jb	9f
10:	mov	(%rsi), %rax
11:	mov	%rax, (%rdi)
	add	$8, %rsi
	add	$8, %rdi
	jmp	1b
2:	rep movsb
	mov	%rcx, %rax
	ret
9:	xor	%eax, %eax
	ret
20:	lea	8(%rcx), %rax
	ret
	fixup 2b, 30f
	fixup 10b, 20b
	fixup 11b, 20b
30:	mov	%rcx, %rax
	ret
	.size user_copy_raw, . - user_copy_raw

/* size_t user_clear_raw(void *to, size_t size): bytes not cleared. */
	.globl user_clear_raw
	.type user_clear_raw, @function
user_clear_raw:
	mov	%rsi, %rcx
	xor	%eax, %eax
1:	rep stosb
2:	mov	%rcx, %rax
	ret
	fixup 1b, 2b
	.size user_clear_raw, . - user_clear_raw

/*
 * long user_string_raw(char *to, const char *from, size_t max): length without the NUL, max where
 * there is none among the first max bytes, -14 (EFAULT).
 */
	.globl user_string_raw
	.type user_string_raw, @function
	.balign 32
user_string_raw:
	xor	%ecx, %ecx
1:	cmp	%rdx, %rcx
	jae	3f
2:	movzbl	(%rsi,%rcx), %eax
	mov	%al, (%rdi,%rcx)
	test	%al, %al
	jz	3f
	inc	%rcx
	jmp	1b
3:	mov	%rcx, %rax
	ret
4:	mov	$-14, %rax
	ret
	fixup 2b, 4b
	.size user_string_raw, . - user_string_raw

/* int user_cas32_raw(u32 *word, u32 expected, u32 desired, u32 *found): 0 or -14 (EFAULT). */
	.globl user_cas32_raw
	.type user_cas32_raw, @function
user_cas32_raw:
	mov	%esi, %eax
1:	lock cmpxchg %edx, (%rdi)
	mov	%eax, (%rcx)
	xor	%eax, %eax
	ret
2:	mov	$-14, %eax
	ret
	fixup 1b, 2b
	.size user_cas32_raw, . - user_cas32_raw

/*
 * int user_xsave_raw(void *area, u64 mask), int user_xrstor_raw(const void *area, u64 mask): the
 * FPU state to or from an area of 64-byte alignment. 0, or -14 where the area is bad (fault, or a
 * header XRSTOR refuses).
 */
	.globl user_xsave_raw
	.type user_xsave_raw, @function
user_xsave_raw:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
1:	xsave64	(%rdi)
	xor	%eax, %eax
	ret
2:	mov	$-14, %eax
	ret
	fixup 1b, 2b
	.size user_xsave_raw, . - user_xsave_raw

	.globl user_xrstor_raw
	.type user_xrstor_raw, @function
user_xrstor_raw:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
1:	xrstor64 (%rdi)
	xor	%eax, %eax
	ret
2:	mov	$-14, %eax
	ret
	fixup 1b, 2b
	.size user_xrstor_raw, . - user_xrstor_raw
