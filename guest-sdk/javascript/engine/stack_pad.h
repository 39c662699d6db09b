/* Included before quickjs.c, which patches.py prepares.
 *
 * QuickJS measures recursion by its stack in linear memory. WebAssembly keeps most locals elsewhere, in the host's
 * native stack, so a C function may recurse and take next to nothing of what QuickJS measures: JSON.parse of a deep
 * array used up 2 MiB of native stack while QuickJS saw 100 KiB. STACK_PAD makes such a function take its share. */
#define STACK_PAD(bytes) char stack_pad[bytes]; __asm__ volatile("" : : "r"(stack_pad) : "memory")
