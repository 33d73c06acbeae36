/* migration_pages.h - pages follow a process that was moved: by move_pages and migrate_pages, in
 * small and huge pages, held and not.
 *
 * Groups of two cells, page-rate (bytes moved a second of the call) and page-time (seconds for each
 * page, which of huge ones is longer), for every ordered pair of nodes with memory. cpu_node makes
 * the call, the pages are on mem_node before it, to_node is where they are to go; the record's
 * placement is that of before, and "page_moves" in its more what came of them:
 *
 *   { "asked": 32768, "moved": 32768, "stayed": 0,         base pages, each looked for
 *     "before": { "0": 32768 }, "after": { "1": 32768 },   by node
 *     "let_go": { "1": 32768 },                            held ones: moved once more when let go
 *     "pages_after": "thp",
 *     "pgmigrate_success": 32768, "pgmigrate_fail": 0, "thp_migration_success": 64 }
 *
 * Pages that somebody holds have no page-time where they cannot be moved; their page-rate is 0.
 */
#ifndef NB_KERNELS_MIGRATION_PAGES_H
#define NB_KERNELS_MIGRATION_PAGES_H

#include "kernels/migration_part.h"

/* cell.variant: what of a journey a cell tells. */
enum pages_figure { PAGES_RATE, PAGES_TIME, PAGES_FIGURES };

/* The part's plan and list. */
int pages_plan(struct session *s, const struct migration_options *o, struct plan_cost *c,
	       struct err *e);
void pages_list(void (*line)(const char *text, void *to), void *to);

#endif
