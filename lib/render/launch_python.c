/* launch_python.c - bindings as a piece of Python that needs nothing beside its own library. */
#include "render/launch_parts.h"

static const char head[] =
	"# Binds this process, and what it starts from here on, to the cores and the memory that\n"
	"# feed its GPU. Paste it above the first import that starts threads (numpy, torch).\n"
	"import ctypes\n"
	"import os\n"
	"import platform\n"
	"import sys\n"
	"\n"
	"# In order of local rank: GPU, CPUs, memory policy and its nodes.\n"
	"BINDINGS = [\n";
/* The C library has neither call; numbers and values are those of the kernel's headers. A mask has
 * one word for each 64 nodes, more than any kernel has; the kernel takes one off its length. What
 * the interpreter has touched by now moves too: pages that it shares with others stay. */
static const char body[] =
	"POLICIES = {\"preferred\": 1, \"bind\": 2, \"interleave\": 3}\n"
	"# set_mempolicy, migrate_pages\n"
	"CALLS = {\"x86_64\": (238, 256), \"aarch64\": (237, 238), \"riscv64\": (237, 238), "
	"\"ppc64le\": (261, 258)}\n"
	"\n"
	"\n"
	"def numbers(text):\n"
	"    ends = [part.split(\"-\") for part in text.strip().split(\",\")]\n"
	"    return {n for e in ends for n in range(int(e[0]), int(e[-1]) + 1)}\n"
	"\n"
	"\n"
	"def mask(nodes):\n"
	"    words = (ctypes.c_uint64 * 16)()\n"
	"    for node in nodes:\n"
	"        words[node // 64] |= 1 << node % 64\n"
	"    return words\n"
	"\n"
	"\n"
	"def bind_memory(policy, nodes):\n"
	"    libc = ctypes.CDLL(None, use_errno=True)\n"
	"    bits = ctypes.c_ulong(1024 + 1)\n"
	"    if platform.machine() not in CALLS:\n"
	"        print(\"memory is not bound (not known how on this CPU); the CPUs are\", "
	"file=sys.stderr)\n"
	"        return\n"
	"    set_mempolicy, migrate_pages = CALLS[platform.machine()]\n"
	"    if libc.syscall(set_mempolicy, POLICIES[policy], mask(nodes), bits) != 0:\n"
	"        why = os.strerror(ctypes.get_errno())\n"
	"        print(f\"memory is not bound ({why}); the CPUs are\", file=sys.stderr)\n"
	"    elif policy == \"bind\":  # what is there already moves, too\n"
	"        with open(\"/sys/devices/system/node/has_memory\", encoding=\"ascii\") as file:\n"
	"            old = numbers(file.read())\n"
	"        libc.syscall(migrate_pages, 0, bits, mask(old), mask(nodes))\n"
	"\n"
	"\n"
	"def local_rank():\n"
	"    for name in RANKS:\n"
	"        if name in os.environ:\n"
	"            return int(os.environ[name])\n"
	"    raise SystemExit(f\"which GPU? none of {', '.join(RANKS)} is set\")\n"
	"\n"
	"\n"
	"def bind():\n"
	"    rank = local_rank() if len(BINDINGS) > 1 else 0\n"
	"    if not 0 <= rank < len(BINDINGS):\n"
	"        raise SystemExit(f\"local rank {rank}: there are {len(BINDINGS)} bindings\")\n"
	"    _gpu, cpus, policy, nodes = BINDINGS[rank]\n"
	"    for thread in os.listdir(\"/proc/self/task\"):\n"
	"        os.sched_setaffinity(int(thread), numbers(cpus))\n"
	"    if nodes:\n"
	"        bind_memory(policy, numbers(nodes))\n"
	"\n"
	"\n"
	"# DataLoader(.., worker_init_fn=worker_init_fn): workers bind again; it calls no CUDA.\n"
	"def worker_init_fn(_worker):\n"
	"    bind()\n"
	"\n"
	"\n"
	"bind()\n";

int launch_python(FILE *out, const struct launch *l, struct err *e)
{
	(void)e;
	fputs(head, out);
	for (size_t i = 0; i < l->n; i++) {
		const struct binding *b = &l->bindings[i];

		fprintf(out, "    (%d, \"", b->gpu->index);
		write_list(out, &b->cpus);
		fprintf(out, "\", \"%s\", \"", binding_memory_words[b->memory]);
		write_list(out, &b->memory_nodes);
		fputs("\"),\n", out);
	}
	fputs("]\nRANKS = [", out);
	for (const char *const *name = rank_variables; *name; name++)
		fprintf(out, "%s\"%s\"", name == rank_variables ? "" : ", ", *name);
	fputs("]\n", out);
	fputs(body, out);
	return 0;
}
