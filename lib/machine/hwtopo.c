#include <errno.h>
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/parts.h"
#include "util/child.h"

/* A recorded tree may hold a pipe instead of a file, and hwloc waits for it. */
#define LOAD_DEADLINE_S 20.0
#define NODES           "sys/devices/system/node"

/* Variables that would make hwloc describe another machine than the one asked
 * for, load plugins that start CUDA or OpenCL in this process, or print. They are
 * set so while a topology loads and put back afterwards. NULL: taken away. */
static const struct {
	const char *name, *value;
} overrides[] = {
	{ "HWLOC_FSROOT", NULL },
	{ "HWLOC_XMLFILE", NULL },
	{ "HWLOC_SYNTHETIC", NULL },
	{ "HWLOC_CPUID_PATH", NULL },
	{ "HWLOC_THISSYSTEM", NULL },
	{ "HWLOC_THISSYSTEM_ALLOWED_RESOURCES", NULL },
	{ "HWLOC_COMPONENTS", "-x86" },
	{ "HWLOC_PLUGINS_PATH", "/nonexistent" },
	{ "HWLOC_HIDE_ERRORS", "2" },
	{ "HWLOC_XML_VERBOSE", NULL },
	{ "HWLOC_COMPONENTS_VERBOSE", NULL },
	/* Whether GPU memory is a host node is decided here, not there. */
	{ "HWLOC_KEEP_NVIDIA_GPU_NUMA_NODES", NULL },
};
enum { NOVERRIDES = sizeof(overrides) / sizeof(overrides[0]) };

struct saved {
	char *value[NOVERRIDES]; /* NULL: was not set */
};

static void set_or_unset(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void override_variables(struct saved *saved, const char *fsroot)
{
	for (size_t i = 0; i < NOVERRIDES; i++) {
		const char *was = getenv(overrides[i].name);

		saved->value[i] = was ? strdup(was) : NULL;
		set_or_unset(overrides[i].name, overrides[i].value);
	}
	if (fsroot)
		setenv("HWLOC_FSROOT", fsroot, 1);
}

static void restore_variables(struct saved *saved)
{
	for (size_t i = 0; i < NOVERRIDES; i++) {
		set_or_unset(overrides[i].name, saved->value[i]);
		free(saved->value[i]);
	}
}

static int no_xml(const char *path, struct err *e)
{
	return err_set(e, -EINVAL,
		       "%s: no hwloc XML file, or a broken one (lstopo --of xml writes them; an "
		       "archive of hwloc-gather-topology must be unpacked)",
		       path);
}

static int load(struct source *s, const char *xml, struct err *e)
{
	if (hwloc_topology_init(&s->topo) < 0)
		return err_set(e, -ENOMEM, "hwloc does not start: %s", strerror(errno));
	hwloc_topology_set_flags(s->topo, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	/* PCI comes from sysfs itself, where everything is; an XML file has nothing else. */
	hwloc_topology_set_io_types_filter(s->topo, xml ? HWLOC_TYPE_FILTER_KEEP_ALL
							: HWLOC_TYPE_FILTER_KEEP_NONE);
	hwloc_topology_set_type_filter(s->topo, HWLOC_OBJ_MISC, HWLOC_TYPE_FILTER_KEEP_NONE);
	if (xml && hwloc_topology_set_xml(s->topo, xml) < 0)
		return no_xml(xml, e);
	if (hwloc_topology_load(s->topo) < 0)
		return xml ? no_xml(xml, e)
			   : err_set(e, -EIO, "%s: hwloc cannot read it: %s", s->root.path,
				     strerror(errno));
	return 0;
}

struct attempt {
	struct source source;
	const char *xml;
};

static int try_load(int fd, void *arg)
{
	struct attempt *a = arg;

	(void)fd;
	load(&a->source, a->xml, NULL);
	return 0;
}

/* hwloc ends the whole process, by an assertion or a bad pointer, over some recorded machines that
 * are damaged. So a child goes first; the running kernel's files contradict one another nowhere. */
static int survives(const struct source *s, const char *xml, struct err *e)
{
	struct attempt a = { .source = *s, .xml = xml };
	struct child_spec spec = {
		.run = try_load, .arg = &a, .deadline_s = LOAD_DEADLINE_S, .quiet_stderr = true
	};
	struct child_result end;
	char text[120];
	int rc = child_run(&spec, &end, e);

	if (rc < 0 || (end.end == CHILD_EXITED && end.code == 0))
		return rc;
	return err_set(e, -EIO,
		       "%s: hwloc fails over the CPUs and nodes in it (%s): files are damaged or "
		       "contradict one another",
		       xml ? xml : s->root.path, child_describe(&end, text, sizeof(text)));
}

/* What hwloc fails over most easily, on a live machine too: it makes room for every node of the
 * list, and wants one at least. */
static int nodes_in_order(const struct source *s, struct err *e)
{
	const char *root = s->root.live ? "" : s->root.path;
	struct idset listed, there = numbered_entries(&s->root, NODES, "node");
	int rc = sysroot_list(&s->root, &listed, NODES "/online");

	if (rc == -EINVAL || (rc >= 0 && idset_empty(&listed)))
		return err_set(e, -EINVAL, "%s/" NODES "/online: not a list of nodes such as 0-1",
			       root);
	if (idset_empty(&there) && sysroot_exists(&s->root, NODES))
		return err_set(e, -EINVAL, "%s/" NODES ": no node in it, such as node0", root);
	return 0;
}

int hwtopo_load(struct source *s, const char *xml, struct err *e)
{
	struct saved saved;
	int rc;

	override_variables(&saved, xml || s->root.live ? NULL : s->root.path);
	rc = xml ? 0 : nodes_in_order(s, e);
	if (rc == 0 && !s->root.live)
		rc = survives(s, xml, e);
	if (rc == 0)
		rc = load(s, xml, e);
	restore_variables(&saved);
	if (rc < 0 && s->topo) {
		hwloc_topology_destroy(s->topo);
		s->topo = NULL;
	}
	return rc;
}

struct idset hwtopo_ids(const struct hwloc_bitmap_s *b)
{
	struct idset s = { 0 };

	if (!b || hwloc_bitmap_weight(b) < 0) /* less than 0: endless */
		return s;
	for (int i = -1; (i = hwloc_bitmap_next(b, i)) >= 0;)
		idset_add(&s, i);
	return s;
}

void hwtopo_pci(char pci[16], const struct hwloc_obj *o)
{
	/* A bridge that is a PCI device has the same at its beginning. */
	const struct hwloc_pcidev_attr_s *a = &o->attr->pcidev;

	snprintf(pci, 16, "%04x:%02x:%02x.%x", (unsigned)a->domain & 0xfffffff, (unsigned)a->bus,
		 (unsigned)a->dev & 0x1f, (unsigned)a->func & 7);
}
