/* move-pages.c - has pages moved by one of the two calls, and tells where they were and are:
 *
 *     move-pages move-pages|migrate-pages FROM TO [mlock|io-uring]
 *     move-pages forked FROM TO
 *     move-pages other PID FROM TO
 *
 * 1000 pages of its own are on node FROM, of which the first 250 are held as said, and 500 on node
 * TO already, where it may have any there. With "forked", a child has its own moved by
 * migrate_pages, and shares those of its parent, which are told. With "other", pages of another
 * process are asked for by migrate_pages, as user nobody. Prints an object: { "refused", "why",
 * "before", "after" }.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place/held.h"
#include "place/memory.h"
#include "place/move.h"

enum { PAGE = 4096, STAYING = 250, LEAVING = 1000, THERE = 500, NOBODY = 65534 };

struct own {
	struct memory leaving, there;
	struct held held;
};

static int die(const char *what, const struct err *e)
{
	fprintf(stderr, "move-pages: %s: %s\n", what, e->text);
	exit(2);
}

static json_t *where(const struct own *o)
{
	struct placement p = { .requested = 0 };
	struct pages_found found;

	if (memory_prove(o->leaving.p, o->leaving.bytes, &p) < 0 ||
	    (o->there.p && memory_prove(o->there.p, o->there.bytes, &p) < 0))
		exit(2);
	found = pages_found_of(&p);
	placement_release(&p);
	return pages_found_json(&found);
}

static void lay_out(struct own *o, int from, int to, const char *how)
{
	struct err e = { "" };

	if (memory_map(&o->leaving, LEAVING * PAGE, from, PAGES_4K, &e) < 0)
		die("pages to move", &e);
	memset(o->leaving.p, 1, o->leaving.bytes);
	if (memory_map(&o->there, THERE * PAGE, to, PAGES_4K, NULL) == 0)
		memset(o->there.p, 1, o->there.bytes);
	o->held = (struct held){ .how = strcmp(how, "mlock") == 0 ? LOCK_MLOCK : LOCK_IO_URING,
				 .p = o->leaving.p,
				 .bytes = STAYING * PAGE };
	if (how[0] && held_take(&o->held, &e) < 0)
		die(how, &e);
}

/* The child's answer is its exit status: why it was refused. */
static void move_child(struct own *o, int from, int to, enum move_refusal *why)
{
	int status = 0;
	pid_t pid;

	madvise(o->leaving.p, o->leaving.mapped, MADV_DOFORK);
	pid = fork();
	if (pid == 0) {
		process_move(0, from, to, why, NULL);
		_exit((int)*why);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		exit(2);
	*why = (enum move_refusal)WEXITSTATUS(status);
}

static int move(struct own *o, const char *call, int from, int to, enum move_refusal *why,
		struct err *e)
{
	struct page_list *l;
	int rc;

	if (strcmp(call, "migrate-pages") == 0)
		return process_move(0, from, to, why, e);
	if (page_list_make(&l, o->leaving.p, o->leaving.bytes, PAGE) < 0)
		exit(2);
	rc = page_list_move(l, to, why, e);
	page_list_free(l);
	return rc;
}

static void print(enum move_refusal why, const struct err *e, json_t *before, json_t *after)
{
	json_t *o = json_pack("{s:s, s:s, s:o*, s:o*}", "refused", move_refusal_name(why), "why",
			      e->text, "before", before, "after", after);

	puts(json_dumps(o, JSON_COMPACT));
}

int main(int argc, char **argv)
{
	bool other = argc == 5 && strcmp(argv[1], "other") == 0;
	enum move_refusal why = MOVE_TAKEN;
	struct own o = { 0 };
	struct err e = { "" };
	json_t *before;

	if (other) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			return 2;
		process_move(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]), &why, &e);
		print(why, &e, NULL, NULL);
		return 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: move-pages move-pages|migrate-pages FROM TO "
				"[mlock|io-uring], or forked FROM TO, or other PID FROM TO\n");
		return 2;
	}
	lay_out(&o, atoi(argv[2]), atoi(argv[3]), argc > 4 ? argv[4] : "");
	before = where(&o);
	if (strcmp(argv[1], "forked") == 0)
		move_child(&o, atoi(argv[2]), atoi(argv[3]), &why);
	else
		move(&o, argv[1], atoi(argv[2]), atoi(argv[3]), &why, &e);
	print(why, &e, before, where(&o));
	return 0;
}
