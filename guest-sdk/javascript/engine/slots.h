/* The stack slots in use, as the machine counts them: a WebAssembly global that the build keeps up to date (depth.py).
 *
 * A run has 40,000 of them (docs/metering.md). The engine stops at SLOT_LIMIT, with an error that JavaScript can catch.
 * While stack_reserve is set, the engine itself is at work on that error or on a rejected promise and may go further.
 * The rest is for what runs between two checks. */
#ifndef SLOTS_H
#define SLOTS_H
#define SLOT_LIMIT 36000
#define RESERVED_SLOTS 2500
#define RESERVED_STACK_BYTES (64 * 1024)

extern int stack_reserve;

__asm__(".globaltype stack_slots, i32");

static inline int stack_slots_used(void) {
    int slots;
    __asm__ volatile("global.get stack_slots\n\tlocal.set %0" : "=r"(slots));
    return slots;
}
#endif
