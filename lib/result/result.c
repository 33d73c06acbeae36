#include "result/result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "result/recommend.h"

void result_init(struct result *r)
{
	*r = (struct result){ .verdict = { .status = VERDICT_UNKNOWN } };
}

void result_release(struct result *r)
{
	for (size_t i = 0; i < r->nrecords; i++)
		record_release(&r->records[i]);
	for (size_t i = 0; i < r->nfindings; i++)
		json_decref(r->findings[i].more);
	recommendations_free(r->recommendations, r->nrecommendations);
	machine_release(&r->machine);
	free(r->records);
	free(r->findings);
	free(r->verdict.reasons);
	json_decref(r->verdict.more);
	json_decref(r->run.command);
	json_decref(r->run.options);
	json_decref(r->run.more);
	json_decref(r->host);
	json_decref(r->more);
	result_init(r);
}

int result_add(struct result *res, struct record *r)
{
	if (res->nrecords == res->room) {
		size_t room = res->room ? 2 * res->room : 64;
		struct record *more = reallocarray(res->records, room, sizeof *more);

		if (!more)
			return -ENOMEM;
		res->records = more;
		res->room = room;
	}
	res->records[res->nrecords++] = *r;
	record_init(r);
	return 0;
}

int result_find(struct result *res, const struct finding *f)
{
	struct finding *more = reallocarray(res->findings, res->nfindings + 1, sizeof *more);

	if (!more)
		return -ENOMEM;
	res->findings = more;
	more[res->nfindings] = *f;
	json_incref(f->more);
	res->nfindings++;
	return 0;
}

void result_forget_findings(struct result *res)
{
	for (size_t i = 0; i < res->nfindings; i++)
		json_decref(res->findings[i].more);
	res->nfindings = 0;
}

size_t count_findings(const struct result *res, const char *status)
{
	size_t n = 0;

	for (size_t i = 0; i < res->nfindings; i++)
		n += strcmp(res->findings[i].status, status) == 0;
	return n;
}

bool result_gpu_measured(const struct result *res, int gpu)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *r = &res->records[i];

		if (record_has(r, "gpu") && r->gpu == gpu && record_has_figure(r))
			return true;
	}
	return false;
}

size_t result_gpus_measured(const struct result *res)
{
	size_t n = 0;

	for (size_t i = 0; i < res->machine.ngpus; i++)
		n += result_gpu_measured(res, res->machine.gpus[i].index);
	return n;
}

const char *result_guest(const struct result *res)
{
	const json_t *host = res->host ? res->host : res->machine.host;

	return json_string_value(
		json_object_get(json_object_get(host, "conditions"), "virtualisation"));
}
