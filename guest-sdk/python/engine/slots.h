/* The stack slots in use, as the machine counts them: a WebAssembly global that the build keeps up to date
 * (../../javascript/engine/depth.py).
 *
 * A run has 40,000 of them (docs/metering.md). CPython stops at SLOT_LIMIT, or where its stack in linear memory ends,
 * with an error that Python can catch. The rest is for what runs between two checks, and to make that error. */
#ifndef EXECUTOR_SLOTS_H
#define EXECUTOR_SLOTS_H
#ifdef __wasm__
#define SLOT_LIMIT 36000
#define RESERVED_STACK_BYTES (128 * 1024)

__asm__(".globaltype stack_slots, i32");
__asm__(".globaltype __stack_pointer, i32");

static inline int executor_stack_is_beyond(unsigned slot_limit, unsigned lowest) {
    unsigned slots, pointer;
    __asm__ volatile("global.get stack_slots\n\tlocal.set %0" : "=r"(slots));
    __asm__ volatile("global.get __stack_pointer\n\tlocal.set %0" : "=r"(pointer));
    return slots > slot_limit || pointer < lowest;
}

static inline int executor_stack_is_full(void) { return executor_stack_is_beyond(SLOT_LIMIT, RESERVED_STACK_BYTES); }
/* Too deep to begin what was put off because the stack was full. */
static inline int executor_stack_is_deep(void) { return executor_stack_is_beyond(SLOT_LIMIT * 3 / 4, 2 * RESERVED_STACK_BYTES); }
#else /* the CPython that helps to build */
static inline int executor_stack_is_full(void) { return 0; }
static inline int executor_stack_is_deep(void) { return 0; }
#endif
#endif
