/* hwloc_tree.h - the machine of a result as hwloc's tree of objects. Private to lib/render.
 *
 * A result has nodes, their CPUs, cores and caches, each with its CPUs; hwloc's XML has objects
 * within objects. What contradicts the rest (of a made-up result: two caches that overlap) is
 * left out; every node and every CPU is there.
 */
#ifndef NB_RENDER_HWLOC_TREE_H
#define NB_RENDER_HWLOC_TREE_H

#include <stdio.h>

#include "machine/machine.h"

struct hwloc_object;

struct hwloc_tree {
	const struct machine *machine;
	struct hwloc_object *objects; /* owned; the first is the whole machine */
	size_t n;
	struct hwloc_object **owner; /* owned; by CPU: the smallest object so far that has it */
	struct hwloc_object **host;  /* owned; by node: where its memory hangs */
	unsigned long *node_index;   /* owned; by node: its gp_index, once it was written */
	unsigned long last_index;
};

/* -ENODATA: no node has a CPU, and hwloc knows no such machine; -ENOMEM. To be released all the
 * same. */
int hwloc_tree_make(struct hwloc_tree *t, const struct machine *m);
void hwloc_tree_release(struct hwloc_tree *t);

/* What else is said of the whole machine (node NULL) and of a node: with hwloc_put_info. */
struct hwloc_remarks {
	void (*of)(FILE *out, int depth, const struct node *node, const void *arg);
	const void *arg;
};
void hwloc_tree_print(struct hwloc_tree *t, const struct hwloc_remarks *remarks, FILE *out);

/* name="0x000000ff", with a blank before it. */
void hwloc_put_set(FILE *out, const char *name, const struct idset *s);
/* <info name=".." value=".."/>; nothing where the text is empty. */
void hwloc_put_info(FILE *out, int depth, const char *name, const char *text);

/* GPUs and devices on this object (hwloc_devices.c). */
void hwloc_put_devices(struct hwloc_tree *t, const struct hwloc_object *at, int depth, FILE *out);
/* Where what is near a node hangs; where that is not known: the whole machine. */
const struct hwloc_object *hwloc_tree_near(const struct hwloc_tree *t, const struct known *node);

#endif
