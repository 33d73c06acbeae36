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
/* The C library has no set_mempolicy(2); the values are those of linux/mempolicy.h. Bits behind the
 * last word of the mask are not looked at: the kernel takes one off their number. */
static const char body[] =
	"]\n"
	"POLICIES = {\"preferred\": 1, \"bind\": 2, \"interleave\": 3}\n"
	"SET_MEMPOLICY = {\"x86_64\": 238, \"aarch64\": 237, \"riscv64\": 237, \"ppc64le\": 261}\n"
	"\n"
	"\n"
	"def numbers(text):\n"
	"    ends = [part.split(\"-\") for part in text.split(\",\")]\n"
	"    return {n for e in ends for n in range(int(e[0]), int(e[-1]) + 1)}\n"
	"\n"
	"\n"
	"def bind_memory(policy, nodes):\n"
	"    words = (ctypes.c_uint64 * (max(nodes) // 64 + 1))()\n"
	"    for node in nodes:\n"
	"        words[node // 64] |= 1 << node % 64\n"
	"    libc = ctypes.CDLL(None, use_errno=True)\n"
	"    call = SET_MEMPOLICY[platform.machine()]\n"
	"    bits = ctypes.c_ulong(64 * len(words) + 1)\n"
	"    if libc.syscall(call, POLICIES[policy], words, bits) != 0:\n"
	"        why = os.strerror(ctypes.get_errno())\n"
	"        print(f\"memory is not bound ({why}); the CPUs are\", file=sys.stderr)\n"
	"\n"
	"\n"
	"def bind():\n"
	"    rank = int(os.environ.get(\"LOCAL_RANK\", 0)) if len(BINDINGS) > 1 else 0\n"
	"    if not 0 <= rank < len(BINDINGS):\n"
	"        raise SystemExit(f\"LOCAL_RANK is {rank}: there are {len(BINDINGS)} bindings\")\n"
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
	fputs(body, out);
	return 0;
}
