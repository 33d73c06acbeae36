/* pictures.h - the plots of a result, drawn by gnuplot (scripts/gnuplot). */
#ifndef NB_FRONT_PICTURES_H
#define NB_FRONT_PICTURES_H

#include <stddef.h>

#include "result/result.h"

struct pictures {
	const char *folder; /* where they go; made where it is not there */
	const char *path;   /* the variable PATH, by which gnuplot is found; may be NULL */
	/* Told afterwards. */
	size_t drawn; /* plots, each as SVG and PNG */
};

/* Writes cells.csv, moves.csv (where the result has time lines) and every plot into the folder:
 * each file whole or not at all; those of an earlier call with other names stay. -ENOENT with e
 * when there is no gnuplot, -ENOTSUP when it is too old; -EIO when it failed, with the first plot
 * that it did not draw: the others are there all the same; -EACCES and the like of the folder. */
int pictures_draw(const struct result *res, struct pictures *p, struct err *e);

#endif
