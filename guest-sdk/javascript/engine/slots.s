# Defines the global of slots.h.
	.globaltype	stack_slots, i32
	.globl	stack_slots
stack_slots:
