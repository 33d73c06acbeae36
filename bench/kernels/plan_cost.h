/* plan_cost.h - about how long a plan takes, told before it begins.
 *
 * The rates are low ones, of servers and guests some years old, so that most machines are done
 * sooner; what a session really does is told by what its cells take (lib/measure/budget.c).
 */
#ifndef NB_KERNELS_PLAN_COST_H
#define NB_KERNELS_PLAN_COST_H

#include "measure/session.h"

struct plan_cost {
	double seconds; /* of as many rounds as there are at least */
	double further; /* of these, what can be done without: counted while is_further is set */
	bool is_further;
	int sites; /* that were added so far */
};

/* A site of so many bytes, as session_site returned it; an earlier one costs nothing more. */
void plan_cost_site(struct plan_cost *c, int site, uint64_t bytes, size_t threads);
/* The samples of a cell that goes over so many bytes, and lasts this long at least. */
void plan_cost_cell(struct plan_cost *c, double bytes, size_t threads, double least_s);
/* What is made anew in every round, whatever it goes over. */
void plan_cost_round(struct plan_cost *c, double seconds);
/* What is done once. */
void plan_cost_once(struct plan_cost *c, double seconds);
/* "mem-bandwidth: six rounds take about 6 s" */
void plan_cost_say(const struct plan_cost *c, struct session *s, const char *bench);

#endif
