/* SPDX-License-Identifier: Apache-2.0 */
/* How Berth's own programs call what libberth.so has for them alone: by its place in a table,
 * and not by its name, which would be a symbol and a relocation at either end, 140 octets
 * instead of 22.  The list of both ends is made when they are linked. */
#include <libberth_private.h>

#if defined(__x86_64__)
#define JUMP(table, place) "mov " table "@GOTPCREL(%rip), %r11\n jmp *8*" place "(%r11)\n"
#elif defined(__aarch64__)
#define JUMP(table, place) "adrp x16, :got:" table "\n ldr x16, [x16, :got_lo12:" table "]\n" \
	" ldr x16, [x16, 8*" place "]\n br x16\n"
#else
#error "how this machine jumps to what is in a table is not known here"
#endif
#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

/* none of an argument's registers is touched, and the stack is the caller's */
#define CALL(name, place) \
	__asm__(".pushsection .text." #name ",\"ax\",%progbits\n.globl " #name "\n.type " #name ", %function\n" #name ":\n" \
		JUMP(TEXT_OF(BERTH_PRIVATE), #place) ".size " #name ", . - " #name "\n.popsection");
BERTH_PRIVATE_EACH(CALL)
