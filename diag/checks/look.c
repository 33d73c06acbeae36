#include "look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "place/memory.h"

/* Tries the calls on one page of the first node that may be used. */
static void try_policy(struct look *l)
{
	struct idset nodes = machine_memory_nodes(l->m);
	struct placement p = { .requested = idset_next(&nodes, -1) };
	struct memory one;
	struct err e;

	if (p.requested < 0 || memory_map(&one, 1, p.requested, PAGES_4K, &e) < 0)
		return;
	l->policy.tried = true;
	l->policy.bind = one.bound;
	l->policy.set = policy_bind_thread(p.requested) == 0;
	if (l->policy.set)
		policy_reset_thread();
	memset(one.p, MEMORY_TOUCH, one.bytes);
	l->policy.move = memory_prove(one.p, one.bytes, &p) == 0 && p.proof == PROOF_MOVE_PAGES;
	placement_release(&p);
	memory_unmap(&one);
}

/* The machine that a result was made on is the one that we look at. */
static bool same_machine(const struct sight *s)
{
	const json_t *here = s->m.host, *there = s->res.host;
	const json_t *name = json_object_get(json_object_get(here, "rest"), "hostname");
	const json_t *other = json_object_get(json_object_get(there, "rest"), "hostname");

	return json_equal(json_object_get(here, "identity"), json_object_get(there, "identity")) &&
	       (s->m.live ? json_equal(name, other) : true);
}

/* The virtual machine's name, out of what the probe recorded. */
static void tell_guest(struct look *l)
{
	const char *which = condition(l, "virtualisation");

	l->guest = which && strcmp(which, "none") != 0;
	snprintf(l->hypervisor, sizeof l->hypervisor, "%s", l->guest ? which : "");
}

/* Looks at the result's machine, as the result has it. */
static int look_elsewhere(struct sight *s, struct err *e)
{
	int rc;
	json_t *topology = machine_to_json(&s->res.machine);

	machine_release(&s->m);
	driver_facts_release(&s->driver);
	rc = topology ? machine_from_json(&s->m, topology, e)
		      : err_set(e, -ENOMEM, "out of memory");
	json_decref(topology);
	s->m.host = json_incref(s->res.host);
	snprintf(s->driver.why, sizeof s->driver.why, "the result is of another machine");
	s->look.no_files = "the result is of another machine";
	return rc;
}

static int open_root(struct sight *s, const struct sight_spec *spec, struct err *e)
{
	int rc;

	s->look.no_files = "an hwloc XML file holds no files of /sys and /proc";
	if (!spec->recorded)
		rc = sysroot_open_live(&s->root, e);
	else
		rc = sysroot_open_recorded(&s->root, spec->recorded, NULL);
	s->has_root = rc == 0;
	/* machine_probe has read it: what is no folder is an XML file. */
	return spec->recorded ? 0 : rc;
}

int sight_open(struct sight *s, const struct sight_spec *spec, struct err *e)
{
	struct probe_spec probe = probe_spec_default();
	int rc;

	memset(s, 0, sizeof *s);
	result_init(&s->res);
	s->look = (struct look){ .m = &s->m, .driver = &s->driver };
	probe.recorded = spec->recorded;
	probe.gpus = spec->gpus;
	probe.driver = &s->driver;
	rc = machine_probe(&s->m, &probe, e);
	if (rc == 0 && spec->result)
		rc = result_read(&s->res, spec->result, e);
	if (rc < 0) {
		sight_close(s);
		return rc;
	}
	s->has_result = spec->result;
	if (s->has_result && !same_machine(s))
		rc = look_elsewhere(s, e);
	else
		rc = open_root(s, spec, e);
	if (rc < 0) {
		sight_close(s);
		return rc;
	}
	s->look.root = s->has_root ? &s->root : NULL;
	s->look.res = s->has_result ? &s->res : NULL;
	tell_guest(&s->look);
	if (s->m.live && s->has_root)
		try_policy(&s->look);
	return 0;
}

void sight_close(struct sight *s)
{
	if (s->has_root)
		sysroot_close(&s->root);
	driver_facts_release(&s->driver);
	machine_release(&s->m);
	result_release(&s->res);
	memset(s, 0, sizeof *s);
}
