/* CUDA and NVML, asked in a forked child with a deadline: a driver that crashes or
 * hangs takes that child with it and nothing else. The child writes one JSON
 * object a line as soon as it knows something, so that what one library said
 * survives the other. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine/parts.h"
#include "util/child.h"
#include "util/json.h"

enum { MOST_GPUS = 128 };

/* The fields of both libraries' answers that travel, one row each way. */
struct item {
	const char *key;
	size_t offset, size; /* size 0: a struct known, else a text's room */
};

#define TEXT(type, member)                                                                         \
	{                                                                                          \
#member, offsetof(struct type, member), sizeof(((struct type *)0)->member)         \
	}
#define FIGURE(type, member)                                                                       \
	{                                                                                          \
#member, offsetof(struct type, member), 0                                          \
	}
static const struct item cuda_items[] = {
	TEXT(gpu_facts, pci),
	TEXT(gpu_facts, uuid),
	TEXT(gpu_facts, name),
	FIGURE(gpu_facts, host_node),
	FIGURE(gpu_facts, own_node),
	FIGURE(gpu_facts, memory_bytes),
	FIGURE(gpu_facts, exclusive),
	{ .key = NULL },
};
static const struct item nvml_items[] = {
	TEXT(nvml_facts, pci),
	TEXT(nvml_facts, uuid),
	TEXT(nvml_facts, name),
	TEXT(nvml_facts, driver),
	TEXT(nvml_facts, vbios),
	TEXT(nvml_facts, instances),
	FIGURE(nvml_facts, node),
	FIGURE(nvml_facts, link_gen),
	FIGURE(nvml_facts, link_width),
	FIGURE(nvml_facts, max_gen),
	FIGURE(nvml_facts, max_width),
	FIGURE(nvml_facts, memory_bytes),
	FIGURE(nvml_facts, memory_used),
	FIGURE(nvml_facts, utilisation),
	FIGURE(nvml_facts, compute_mode),
	FIGURE(nvml_facts, processes),
	FIGURE(nvml_facts, busy_pid),
	FIGURE(nvml_facts, drawing),
	FIGURE(nvml_facts, drawing_pid),
	FIGURE(nvml_facts, ecc),
	FIGURE(nvml_facts, mig),
	FIGURE(nvml_facts, persistence),
	FIGURE(nvml_facts, bar1_bytes),
	FIGURE(nvml_facts, ecc_uncorrected),
	FIGURE(nvml_facts, repair_pending),
	FIGURE(nvml_facts, repair_failed),
	FIGURE(nvml_facts, c2c_links),
	FIGURE(nvml_facts, power_limit_mw),
	FIGURE(nvml_facts, power_default_mw),
	FIGURE(nvml_facts, clock_mhz),
	FIGURE(nvml_facts, clock_default_mhz),
	FIGURE(nvml_facts, clock_most_mhz),
	FIGURE(nvml_facts, nvlinks),
	FIGURE(nvml_facts, nvlinks_up),
	{ .key = NULL },
};
#undef TEXT
#undef FIGURE

/* ---- the child ---- */

struct question {
	const struct sysroot *root;
	const struct idset *minors;
};

static void say(int fd, json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT);

	if (text)
		dprintf(fd, "%s\n", text);
	free(text);
	json_decref(line);
}

static void say_facts(int fd, const char *kind, const struct item *items, const void *facts)
{
	json_t *o = json_object();

	for (const struct item *i = items; i->key; i++) {
		const void *p = (const char *)facts + i->offset;

		if (i->size)
			json_put(o, i->key, json_text(p));
		else
			json_put_known(o, i->key, p);
	}
	say(fd, json_pack("{s:o}", kind, o));
}

static void say_end(int fd, const char *who, int rc, const struct err *e)
{
	say(fd, json_pack("{s:s, s:i, s:s}", "end", who, "rc", rc, "text", rc < 0 ? e->text : ""));
}

static void tell_nvml(int fd)
{
	struct nvml_facts *facts = calloc(MOST_GPUS, sizeof(*facts));
	struct nvml *n = NULL;
	struct err e = { "" };
	size_t count = 0;
	int rc = facts ? nvml_open(&n, &e) : -ENOMEM;

	if (rc == 0)
		rc = nvml_enumerate(n, facts, MOST_GPUS, &count, &e);
	if (count > MOST_GPUS)
		count = MOST_GPUS;
	for (size_t i = 0; i < count; i++)
		say_facts(fd, "nvml", nvml_items, &facts[i]);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			char word[8] = "";

			if (i != j)
				nvml_path(n, facts[i].pci, facts[j].pci, word);
			if (word[0])
				say(fd, json_pack("{s:[s,s,s]}", "path", facts[i].pci, facts[j].pci,
						  word));
		}
	say_end(fd, "nvml", rc, &e);
	nvml_close(n);
	free(facts);
}

static void tell_cuda(int fd)
{
	struct gpu_facts *facts = calloc(MOST_GPUS, sizeof(*facts));
	struct err e = { "" };
	size_t count = 0;
	int rc;

	say(fd, json_pack("{s:[i,i]}", "versions", gpu_driver_version(), gpu_runtime_version()));
	rc = facts ? gpu_enumerate(facts, MOST_GPUS, &count, &e) : -ENOMEM;
	/* After an error those before it are filled. */
	for (size_t i = 0; facts && i < count && i < MOST_GPUS; i++)
		if (facts[i].pci[0])
			say_facts(fd, "cuda", cuda_items, &facts[i]);
	say_end(fd, "cuda", rc, &e);
	free(facts);
}

/* A device cgroup refuses to open a device file that is plainly there. */
static void try_device_files(int fd, const struct question *q)
{
	for (int minor = -1; (minor = idset_next(q->minors, minor)) >= 0;) {
		char path[32];
		int dev;

		snprintf(path, sizeof(path), "dev/nvidia%d", minor);
		dev = openat(q->root->fd, path, O_RDWR | O_CLOEXEC);
		if (dev >= 0)
			close(dev);
		else if (errno == EPERM || errno == EACCES)
			say(fd, json_pack("{s:i}", "refused", minor));
	}
}

static int answer(int fd, void *arg)
{
	const struct question *q = arg;

	tell_nvml(fd);
	tell_cuda(fd);
	try_device_files(fd, q);
	return 0;
}

/* ---- the parent ---- */

/* Takes one line's facts in. Reasons point into the line, which a->lines keeps. */
static void read_facts(const struct item *items, const json_t *o, void *facts)
{
	for (const struct item *i = items; i->key; i++) {
		const json_t *v = json_object_get(o, i->key);
		char *p = (char *)facts + i->offset, why[48];
		struct known k = UNKNOWN("not told");

		if (i->size) {
			snprintf(p, i->size, "%s", json_is_string(v) ? json_string_value(v) : "");
			continue;
		}
		snprintf(why, sizeof(why), "%s_why", i->key);
		v = json_object_get(o, i->key);
		if (json_is_integer(v))
			k = KNOWN(json_integer_value(v));
		else if (json_is_string(json_object_get(o, why)))
			k.why = json_string_value(json_object_get(o, why));
		memcpy(p, &k, sizeof(k));
	}
}

static void take_end(struct gpu_answers *a, const json_t *line)
{
	const char *who = json_string_value(json_object_get(line, "end"));
	const char *text = json_string_value(json_object_get(line, "text"));
	bool cuda = who && strcmp(who, "cuda") == 0;
	int rc = (int)json_integer_value(json_object_get(line, "rc"));

	if (cuda) {
		a->cuda_answered = true;
		a->cuda_rc = rc;
	} else {
		a->nvml_answered = true;
		a->nvml_rc = rc;
	}
	snprintf(cuda ? a->cuda_text : a->nvml_text, sizeof(a->cuda_text), "%s", text ? text : "");
}

static void take_line(char *text, size_t length, void *to)
{
	struct gpu_answers *a = to;
	json_t *line = json_loadb(text, length, 0, NULL), *v;
	const char *x, *y, *word;
	int minor, driver, runtime;
	char key[40];

	if (!line || json_array_append_new(a->lines, line) < 0)
		return;
	if ((v = json_object_get(line, "cuda")) && a->ncuda < MOST_GPUS)
		read_facts(cuda_items, v, &a->cuda[a->ncuda++]);
	if ((v = json_object_get(line, "nvml")) && a->nnvml < MOST_GPUS)
		read_facts(nvml_items, v, &a->nvml[a->nnvml++]);
	if (json_object_get(line, "end"))
		take_end(a, line);
	if (json_unpack(line, "{s:[s,s,s]}", "path", &x, &y, &word) == 0) {
		snprintf(key, sizeof(key), "%.16s %.16s", x, y);
		json_object_set_new(a->words, key, json_string(word));
	}
	if (json_unpack(line, "{s:[i,i]}", "versions", &driver, &runtime) == 0) {
		a->driver_version = driver;
		a->runtime_version = runtime;
	}
	if (json_unpack(line, "{s:i}", "refused", &minor) == 0)
		idset_add(&a->refused, minor);
}

int gpus_ask(struct gpu_answers *a, const struct sysroot *r, const struct idset *minors,
	     double deadline_s, struct err *e)
{
	/* nvidia-smi's order, whatever the user's environment asks for. */
	static char order[] = "CUDA_DEVICE_ORDER=PCI_BUS_ID";
	char *const env[] = { order, NULL };
	struct question q = { .root = r, .minors = minors };
	struct child_spec spec = { .run = answer,
				   .arg = &q,
				   .env = env,
				   .deadline_s = deadline_s,
				   .line = take_line,
				   .to = a,
				   .quiet_stderr = true };
	struct child_result end;
	struct err why = { "" };
	char text[120];

	*a = (struct gpu_answers){ .asked = true };
	a->cuda = calloc(MOST_GPUS, sizeof(*a->cuda));
	a->nvml = calloc(MOST_GPUS, sizeof(*a->nvml));
	a->words = json_object();
	a->lines = json_array();
	if (!a->cuda || !a->nvml || !a->words || !a->lines) {
		gpu_answers_release(a);
		return err_set(e, -ENOMEM, "out of memory");
	}
	if (child_run(&spec, &end, &why) < 0)
		snprintf(a->ended, sizeof(a->ended), "the NVIDIA driver could not be asked: %.110s",
			 why.text);
	else if (end.end == CHILD_TIMEOUT || end.end == CHILD_ABANDONED)
		snprintf(a->ended, sizeof(a->ended),
			 "the NVIDIA driver did not answer within %.3g s", deadline_s);
	else if (end.end != CHILD_EXITED || end.code != 0)
		snprintf(a->ended, sizeof(a->ended), "the NVIDIA driver's library failed: %s",
			 child_describe(&end, text, sizeof(text)));
	return 0;
}

void gpu_answers_release(struct gpu_answers *a)
{
	free(a->cuda);
	free(a->nvml);
	json_decref(a->words);
	json_decref(a->lines);
	*a = (struct gpu_answers){ 0 };
}
