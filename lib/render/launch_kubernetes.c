/* launch_kubernetes.c - bindings as a kubelet's configuration and a pod's requests. */
#include <errno.h>

#include <jansson.h>

#include "render/launch_parts.h"

/* The kubelet keeps some cores and memory of each node for itself and the system; what is reserved
 * must be named to the byte: kube + system + the eviction threshold = the sum over all nodes. */
enum { RESERVED_MIB = 1024, EVICTION_MIB = 100 };

/* The first core of the first node: with its siblings, for exclusive cores are given whole. */
static struct idset reserved_cpus(const struct machine *m)
{
	for (size_t i = 0; i < m->nnodes; i++)
		if (m->nodes[i].ncores)
			return m->nodes[i].cores[0].cpus;
	return (struct idset){ { 0 } };
}

static void write_kubelet(FILE *out, const struct machine *m, const struct idset *reserved)
{
	struct idset nodes = machine_memory_nodes(m);
	size_t total = idset_count(&nodes) * RESERVED_MIB;

	fputs("# The kubelet's configuration (/var/lib/kubelet/config.yaml)\n"
	      "apiVersion: kubelet.config.k8s.io/v1beta1\n"
	      "kind: KubeletConfiguration\n"
	      "cpuManagerPolicy: static\n"
	      "cpuManagerPolicyOptions:\n"
	      "  full-pcpus-only: \"true\"\n"
	      "topologyManagerPolicy: single-numa-node\n"
	      "topologyManagerScope: pod\n"
	      "memoryManagerPolicy: Static\n"
	      "reservedSystemCPUs: \"",
	      out);
	write_list(out, reserved);
	fprintf(out,
		"\"\n"
		"systemReserved:\n"
		"  memory: %zuMi\n"
		"evictionHard:\n"
		"  memory.available: %dMi\n"
		"reservedMemory:\n",
		total - EVICTION_MIB, EVICTION_MIB);
	for (int id = -1; (id = idset_next(&nodes, id)) >= 0;)
		fprintf(out, "- numaNode: %d\n  limits:\n    memory: %dMi\n", id, RESERVED_MIB);
}

/* The least of all bindings: pods are alike, and any may come to any GPU. */
static int least(const struct launch *l, const struct idset *reserved, size_t *cpus,
		 uint64_t *bytes, struct err *e)
{
	if (l->want.smt == SMT_ONE)
		return err_set(e, -ENOTSUP, "the kubelet gives whole cores: --smt all");
	*cpus = SIZE_MAX;
	*bytes = UINT64_MAX;
	for (size_t i = 0; i < l->n; i++) {
		const struct binding *b = &l->bindings[i];
		struct idset left = idset_minus(&b->cpus, reserved);
		size_t n = idset_count(&left);
		uint64_t memory = memory_of(l, b);

		if (b->cpus_shared)
			return err_set(e, -ENOTSUP,
				       "the static CPU manager gives cores to one pod alone, and "
				       "here GPUs share cores: GPU %d",
				       b->gpu->index);
		if (b->memory == BINDING_PREFERRED || idset_count(&b->memory_nodes) > 1)
			return err_set(e, -ENOTSUP,
				       "single-numa-node confines memory to one node: --memory "
				       "bind, and no more --need than a node has");
		*cpus = n < *cpus ? n : *cpus;
		*bytes = memory < *bytes ? memory : *bytes;
	}
	if (*cpus == 0)
		return err_set(e, -ENOTSUP,
			       "no core is left for a pod beside the one that the kubelet must "
			       "keep for the system");
	return 0;
}

/* A JSON string is one of YAML's, whatever is in it. */
static int write_words(FILE *out, char *const *word, struct err *e)
{
	fputs("    command:\n", out);
	for (; *word; word++) {
		json_t *text = json_string(*word);

		if (!text)
			return err_set(e, -ENOTSUP,
				       "'%.60s' of the command is not UTF-8, as YAML "
				       "has to be",
				       *word);
		fputs("    - ", out);
		json_dumpf(text, out, JSON_ENCODE_ANY);
		json_decref(text);
		fputc('\n', out);
	}
	return 0;
}

static int write_pod(FILE *out, const struct launch *l, size_t cpus, uint64_t bytes, struct err *e)
{
	fprintf(out,
		"---\n# A pod for each GPU: requests that equal limits make it Guaranteed, which "
		"static\n# policies want%s\n",
		memory_remark(l));
	fputs("apiVersion: v1\n"
	      "kind: Pod\n"
	      "metadata:\n"
	      "  name: gpu-job\n"
	      "spec:\n"
	      "  containers:\n"
	      "  - name: job\n"
	      "    image: IMAGE\n"
	      "    resources:\n",
	      out);
	for (int i = 0; i < 2; i++) {
		fprintf(out, "      %s:\n        cpu: \"%zu\"\n", i ? "limits" : "requests", cpus);
		if (bytes)
			fprintf(out, "        memory: %lluMi\n", (unsigned long long)bytes >> 20);
		else
			fputs("        memory: MEMORY\n", out);
		fputs("        nvidia.com/gpu: \"1\"\n", out);
	}
	return l->command && l->command[0] ? write_words(out, l->command, e) : 0;
}

int launch_kubernetes(FILE *out, const struct launch *l, struct err *e)
{
	struct idset reserved = reserved_cpus(l->machine);
	uint64_t bytes = 0;
	size_t cpus = 0;
	int rc = least(l, &reserved, &cpus, &bytes, e);

	if (rc < 0)
		return rc;
	write_kubelet(out, l->machine, &reserved);
	return write_pod(out, l, cpus, bytes, e);
}
