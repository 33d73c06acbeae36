/* damage.h - changes the files of a recorded machine as a text says, and takes that back.
 *
 * The text is a list of steps. A step is a line of a sign, a blank and a path from the root; all
 * up to the next such line belongs to it:
 *
 *   = PATH   a file there holds what follows
 *   < PATH   the file there is cut to the first N bytes: what follows is N
 *   > PATH   there is a link: what follows is its target
 *   @ PATH   there is a link to itself, which nobody can open
 *   / PATH   there is an empty folder
 *   - PATH   there is nothing
 *
 * Folders on the way are made; a file that is in the way gives way. What makes no sense is left
 * out, and nothing outside the root is ever touched, or read through a link.
 */
#ifndef NB_TESTS_DAMAGE_H
#define NB_TESTS_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

enum { DAMAGE_STEPS = 256, DAMAGE_NAME = 128 };

struct damage {
	int root, aside; /* folders: of the machine, and for what gave way */
	size_t n;
	struct damage_step {
		int folder;
		char name[DAMAGE_NAME]; /* in it: what was made */
		bool had;               /* what was there before lies aside */
	} step[DAMAGE_STEPS];
};

/* For the rest of the program. `aside` is a folder on the same file system, made where it is
 * missing. 0, or -errno: -ENOSYS before Linux 5.6. */
int damage_open(struct damage *d, const char *root, const char *aside);
void damage_do(struct damage *d, const char *text, size_t length);
void damage_undo(struct damage *d);
void damage_keep(struct damage *d); /* what is done stays so */

#endif
