#include <stdio.h>

#include "measure/gpupeer.h"
#include "measure/gpuplan.h"

static int kind_of(struct peering p)
{
	return p.peer << 2 | p.access << 1 | p.loads;
}

struct peering gpupeer_site(const struct site *site)
{
	return (struct peering){ .peer = site->kind >> 2,
				 .access = site->kind >> 1 & 1,
				 .loads = site->kind & 1 };
}

static struct cell cell_of(const struct session *s, const struct peer_row *row, int gpu,
			   struct peering p, enum direction d)
{
	const struct session_options *o = session_options(s);
	struct cell c = { .variant = (int)d, .worth = row->worth - !p.access };
	struct record *r = &c.rec;

	record_init(r);
	snprintf(r->metric, sizeof r->metric, "%s", row->metric);
	snprintf(r->unit, sizeof r->unit, "%s", row->unit);
	snprintf(r->kernel, sizeof r->kernel, "%s%s", row->kernel, p.access ? "" : ", host clock");
	snprintf(r->path, sizeof r->path, "%s", machine_gpu_path(session_machine(s), gpu, p.peer));
	r->better = row->better;
	r->direction = d;
	r->bytes = row->bytes ? row->bytes : o->size ? o->size : GPUPLAN_USUAL;
	r->peer = p.peer;
	r->peer_access = p.access;
	r->together = TOGETHER_BOTH_WAYS;
	record_set(r, "metric", "unit", "kernel", "better", "direction", "bytes", "peer",
		   "peer_access", r->path[0] ? "path" : NULL, NULL);
	if (row->direction == DIR_BIDIRECTIONAL)
		record_set(r, "together", NULL);
	return c;
}

static int plan_cell(struct session *s, const struct peer_row *row, int gpu, struct peering p)
{
	struct placing at;
	struct site site = { .mem_node = -1, .gpu = gpu, .kind = kind_of(p) };
	struct cell c = cell_of(s, row, gpu, p, row->direction);
	int rc;

	if (!gpuplan_home(s, gpu, &at) && !session_near(s, 0, &at))
		return 0;
	site.cpu_node = at.cpu_node;
	site.gpu_bytes =
		4 * c.rec.bytes; /* two here, two at the peer, which is somebody's peer too */
	rc = session_site(s, &site);
	if (rc >= 0 && row->direction == DIR_BIDIRECTIONAL) {
		const struct cell both[2] = { cell_of(s, row, gpu, p, DIR_H2D),
					      cell_of(s, row, gpu, p, DIR_D2H) };
		const size_t sites[2] = { (size_t)rc, (size_t)rc };

		c.rec.gpu = gpu;
		record_set(&c.rec, "gpu", NULL);
		rc = session_joint(s, &c, both, sites, 2);
	} else if (rc >= 0) {
		rc = session_cell(s, (size_t)rc, &c);
	}
	return rc < 0 ? rc : 0;
}

static int plan_pair(struct session *s, const struct peer_row *row, int gpu, int peer)
{
	struct peering p = { .peer = peer, .access = true, .loads = row->loads };
	int rc = plan_cell(s, row, gpu, p);

	p.access = false;
	return rc < 0 || row->access_only ? rc : plan_cell(s, row, gpu, p);
}

int gpupeer_plan(struct session *s, const struct peer_row *rows, size_t n)
{
	const struct idset *gpus = session_gpus(s);
	struct record none;
	int rc = 0;

	record_init(&none);
	if (idset_count(gpus) == 1)
		session_skip(s, &none, "GPU %d has no peer to be measured with",
			     idset_next(gpus, -1));
	record_release(&none);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (rows[i].from == DEPTH_NEVER || session_depth(s) < rows[i].from)
			continue;
		for (int a = -1; rc == 0 && (a = idset_next(gpus, a)) >= 0;)
			for (int b = -1; rc == 0 && (b = idset_next(gpus, b)) >= 0;)
				if (a != b && (a < b || rows[i].direction != DIR_BIDIRECTIONAL))
					rc = plan_pair(s, &rows[i], a, b);
	}
	return rc;
}
