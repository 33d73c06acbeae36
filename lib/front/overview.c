/* overview.c - what `numabench` alone prints. See run.h. */
#include <stdio.h>

#include "front/run.h"
#include "result/recommend.h"

int run_print_overview(const struct run *r, const struct render_options *look, FILE *out,
		       struct err *e)
{
	struct recommendation *all;
	size_t n;
	char line[1024];
	int rc = render_machine(&r->res.machine, look, out);

	if (rc == 0)
		rc = recommend_declared(&r->res.machine, &all, &n);
	if (rc < 0)
		return err_set(e, rc, "the machine cannot be shown");
	if (n)
		fputs("\nDeclared bindings (nothing was measured):\n", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  GPU %d: %s\n", all[i].gpu,
			all[i].has_node ? recommendation_numactl(&all[i], line, sizeof line)
					: all[i].why);
	recommendations_free(all, n);
	if (n)
		fprintf(out, "  %s\n", NUMACTL_REMARK);
	fprintf(out,
		"\nWhat to try next:\n"
		"  numabench check             what is set up wrongly, at once and unmeasured\n"
		"  numabench --all --quick     measure this machine in under a minute\n"
		"  numabench topology          the machine in more detail\n");
	fputs(n ? "  numabench bind --gpu 0 -- COMMAND     run COMMAND where GPU 0 is fed best\n"
		: "  numabench mem-bandwidth     memory bandwidth, node by node\n",
	      out);
	return 0;
}
