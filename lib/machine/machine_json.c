/* The "topology" object of a result: writing. machine_read.c reads it back. */
#include "machine/machine.h"
#include "util/json.h"

static json_t *node_json(const struct node *n)
{
	json_t *o = json_object(), *cores = json_array(), *caches = json_array();
	int bad = 0;

	for (size_t i = 0; i < n->ncores; i++)
		bad |= json_array_append_new(cores, json_idset(&n->cores[i].cpus));
	for (size_t i = 0; i < n->ncaches; i++)
		bad |= json_array_append_new(
			caches, json_pack("{s:i, s:I, s:o}", "level", n->caches[i].level, "bytes",
					  (json_int_t)n->caches[i].bytes, "cpus",
					  json_idset(&n->caches[i].cpus)));
	bad |= json_put(o, "id", json_integer(n->id));
	bad |= json_put(o, "kind", json_string(node_kind_name(n->kind)));
	bad |= json_put_known(o, "package", &n->package);
	bad |= json_put(o, "cpus", json_idset(&n->cpus));
	bad |= json_put(o, "allowed_cpus", json_idset(&n->allowed_cpus));
	bad |= json_put(o, "cores", cores);
	bad |= json_put(o, "caches", caches);
	bad |= json_put_known(o, "memory_bytes", &n->memory_bytes);
	bad |= json_put_known(o, "free_bytes", &n->free_bytes);
	bad |= json_put_known(o, "giveable_bytes", &n->giveable_bytes);
	bad |= json_put(o, "allowed", json_boolean(n->allowed));
	return json_or_null(o, bad);
}

static json_t *distances_json(const struct machine *m)
{
	json_t *ids = json_array(), *matrix = json_array();

	for (size_t i = 0; i < m->nnodes; i++) {
		json_t *row = json_array();

		json_array_append_new(ids, json_integer(m->nodes[i].id));
		for (size_t j = 0; j < m->nnodes; j++)
			json_array_append_new(row, json_integer(m->distances[i * m->nnodes + j]));
		json_array_append_new(matrix, row);
	}
	return json_pack("{s:o, s:o}", "nodes", ids, "matrix", matrix);
}

static json_t *gpu_json(const struct gpu *g)
{
	json_t *o = json_object(), *declared = json_object(), *link = json_object();
	int bad = 0;

	bad |= json_put_known(declared, "sysfs", &g->node_sysfs);
	bad |= json_put_known(declared, "nvml", &g->node_nvml);
	bad |= json_put_known(declared, "cuda", &g->node_cuda);
	bad |= json_put_known(link, "gen", &g->link_gen);
	bad |= json_put_known(link, "width", &g->link_width);
	bad |= json_put_known(link, "max_gen", &g->max_gen);
	bad |= json_put_known(link, "max_width", &g->max_width);
	if (g->way_gen.is && g->way_width.is) {
		bad |= json_put_known(link, "way_gen", &g->way_gen);
		bad |= json_put_known(link, "way_width", &g->way_width);
	}
	bad |= json_put_known(link, "mps", &g->mps);
	bad |= json_put(o, "index", json_integer(g->index));
	bad |= json_put(o, "uuid", g->uuid[0] ? json_text(g->uuid) : json_null());
	bad |= json_put(o, "pci", json_string(g->pci));
	bad |= json_put(o, "name", g->name[0] ? json_text(g->name) : json_null());
	bad |= json_put(o, "state", json_string(gpu_state_name(g->state)));
	bad |= json_put(o, "state_why", json_text(g->state_why));
	bad |= json_put(o, "declared_node", declared);
	bad |= json_put_known(o, "own_memory_node", &g->own_memory_node);
	bad |= json_put(o, "link", link);
	bad |= json_put(o, "render_node",
			g->render_node[0] ? json_text(g->render_node) : json_null());
	bad |= json_put_known(o, "memory_bytes", &g->memory_bytes);
	bad |= json_put_known(o, "exclusive", &g->exclusive);
	bad |= json_put_known(o, "c2c_links", &g->c2c_links);
	bad |= json_put(o, "busy", json_boolean(g->busy));
	bad |= json_put(o, "busy_why", json_text(g->busy_why));
	bad |= json_put(o, "desktop", json_text(g->desktop));
	return json_or_null(o, bad);
}

static json_t *paths_json(const struct machine *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->ngpus; i++) {
		json_t *row = json_array();

		for (size_t j = 0; j < m->ngpus; j++)
			json_array_append_new(row, json_string(m->gpu_paths[i * m->ngpus + j]));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *device_json(const struct device *d)
{
	json_t *o = json_object();
	int bad = 0;

	bad |= json_put(o, "kind", json_string(device_kind_name(d->kind)));
	bad |= json_put(o, "name", json_text(d->name));
	bad |= json_put(o, "pci", d->pci[0] ? json_string(d->pci) : json_null());
	bad |= json_put_known(o, "node", &d->node);
	return json_or_null(o, bad);
}

json_t *machine_to_json(const struct machine *m)
{
	json_t *o = json_object(), *nodes = json_array(), *gpus = json_array(),
	       *devices = json_array();
	int bad = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		bad |= json_array_append_new(nodes, node_json(&m->nodes[i]));
	for (size_t i = 0; i < m->ngpus; i++)
		bad |= json_array_append_new(gpus, gpu_json(&m->gpus[i]));
	for (size_t i = 0; i < m->ndevices; i++)
		bad |= json_array_append_new(devices, device_json(&m->devices[i]));
	bad |= json_put(o, "nodes", nodes);
	bad |= json_put(o, "distances", m->distances ? distances_json(m) : json_null());
	bad |= json_put(o, "gpus", gpus);
	bad |= json_put(o, "gpu_paths", m->gpu_paths ? paths_json(m) : json_null());
	bad |= json_put(o, "devices", devices);
	bad |= json_put(o, "live", json_boolean(m->live));
	bad |= json_put(o, "simulated", json_boolean(m->simulated));
	bad |= json_put(o, "allowed_cpus", json_idset(&m->allowed_cpus));
	bad |= json_put_known(o, "cpu_quota_milli", &m->cpu_quota_milli);
	bad |= json_put(o, "cuda",
			json_pack("{s:b, s:b, s:s}", "build", m->cuda_build, "asked", m->cuda_asked,
				  "why", m->cuda_why));
	return json_or_null(o, bad);
}
