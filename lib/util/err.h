/* err.h - one line that says what was wrong, where, and what would be right.
 *
 * Library functions return 0 or -errno. Those that can say more than a number
 * take a struct err and fill it whenever they return less than 0. Only a main
 * prints it.
 */
#ifndef NB_UTIL_ERR_H
#define NB_UTIL_ERR_H

struct err {
	char text[512]; /* without a newline; empty when nothing was said */
};

/* Sets the text (cut to fit) and returns code, so that a failing function can
 * end with `return err_set(e, -EINVAL, "...")`. e may be NULL. code is -errno. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "what: " in front of the text already there and returns code. */
int err_within(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
