/* cpu.c - clocks, sleep and interrupts of the cores that feed GPUs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "families.h"
#include "machine/irq.h"
#include "machine/services.h"
#include "util/units.h"

/* The nodes that GPUs hang on, and their CPUs. */
static struct idset feeding_cpus(const struct look *l)
{
	struct idset cpus = { 0 };

	for (const struct gpu *g = NULL; (g = next_gpu(l, g));) {
		const struct node *home = gpu_home(l, g);

		if (home)
			cpus = idset_or(&cpus, &home->cpus);
	}
	return cpus;
}

static struct idset all_cpus(const struct look *l)
{
	struct idset cpus = { 0 };

	for (size_t i = 0; i < l->m->nnodes; i++)
		cpus = idset_or(&cpus, &l->m->nodes[i].cpus);
	return cpus;
}

/* "CPU 3", "CPUs 0-7". */
static const char *cpu_names(char buf[64], const struct idset *cpus)
{
	int n = snprintf(buf, 64, "CPU%s ", plural(idset_count(cpus)));

	idset_format(cpus, buf + n, 64 - (size_t)n);
	return buf;
}

/* ---- governor ---- */

static void look_governor(struct checking *c)
{
	struct idset cpus = all_cpus(c->l), slow = { 0 };
	char text[64], other[64] = "", name[64];
	size_t told = 0;

	for (int i = -1; (i = idset_next(&cpus, i)) >= 0;) {
		if (sysroot_text(c->l->root, text, sizeof text,
				 "sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", i) <= 0)
			continue;
		told++;
		if (strcmp(text, "performance") == 0)
			continue;
		idset_add(&slow, i);
		snprintf(other, sizeof other, "%s", text);
	}
	value(c, "governor", "%s", other);
	if (!told)
		found(c, CHECK_SKIP, "CPUs", "the kernel does not set their clocks here");
	else if (other[0])
		found(c, CHECK_WARN, cpu_names(name, &slow), "%s", other);
	else
		found(c, CHECK_PASS, "CPUs", "performance");
}

/* ---- idle states ---- */

/* The longest time that an enabled sleep state of a CPU takes to leave, microseconds; its name in
 * `state`. -1: there are none. */
static long long deepest(const struct sysroot *r, int cpu, char state[32])
{
	long long most = -1;

	for (int i = 0; i < 16; i++) {
		struct known us = sysroot_number(
			r, "sys/devices/system/cpu/cpu%d/cpuidle/state%d/latency", cpu, i);
		struct known off = sysroot_number(
			r, "sys/devices/system/cpu/cpu%d/cpuidle/state%d/disable", cpu, i);

		if (!us.is || (off.is && off.value) || us.value <= most)
			continue;
		most = us.value;
		sysroot_text(r, state, 32, "sys/devices/system/cpu/cpu%d/cpuidle/state%d/name", cpu,
			     i);
	}
	return most;
}

/* A copy of a few KiB and a kernel's launch take some microseconds; C1E wakes within 10, C6
 * takes 100 and more on servers. */
enum { SHALLOW_US = 50 };

static void look_idle_states(struct checking *c)
{
	struct idset cpus = all_cpus(c->l);
	char state[32] = "", worst[32] = "";
	long long most = -1;

	for (int i = -1; (i = idset_next(&cpus, i)) >= 0;) {
		long long us = deepest(c->l->root, i, state);

		if (us <= most)
			continue;
		most = us;
		memcpy(worst, state, sizeof worst);
	}
	value(c, "us", "%lld", most);
	if (most < 0)
		found(c, CHECK_SKIP, "CPUs", "the kernel manages no sleep states here");
	else
		found(c, most > SHALLOW_US ? CHECK_WARN : CHECK_PASS, "CPUs",
		      "the deepest allowed, %s, takes %lld us to leave", worst, most);
}

/* ---- recorded ---- */

static void look_smt(struct checking *c)
{
	char text[64];

	if (sysroot_text(c->l->root, text, sizeof text, "sys/devices/system/cpu/smt/control") <= 0)
		found(c, CHECK_SKIP, "SMT", "the kernel does not tell");
	else
		found(c, CHECK_PASS, "SMT", "%s", text);
}

static size_t nodes_of_package(const struct machine *m, long long package)
{
	size_t n = 0;

	for (size_t i = 0; i < m->nnodes; i++)
		n += m->nodes[i].kind != NODE_CPULESS && m->nodes[i].package.is &&
		     m->nodes[i].package.value == package;
	return n;
}

static void look_nodes_per_package(struct checking *c)
{
	const struct machine *m = c->l->m;
	size_t least = 0, most = 0;

	for (size_t i = 0; i < m->nnodes; i++) {
		size_t n;

		if (m->nodes[i].kind == NODE_CPULESS || !m->nodes[i].package.is)
			continue;
		n = nodes_of_package(m, m->nodes[i].package.value);
		least = !least || n < least ? n : least;
		most = n > most ? n : most;
	}
	if (!most)
		found(c, CHECK_SKIP, "packages", "it is not known which nodes they hold");
	else if (least == most)
		found(c, CHECK_PASS, "packages", "%zu node%s in each", most, plural(most));
	else
		found(c, CHECK_WARN, "packages", "%zu nodes in one, %zu in another", least, most);
}

/* ---- isolated ---- */

/* The list of a "nohz_full=1-3" or "isolcpus=domain,managed_irq,1-3" on the command line. */
static struct idset command_line_cpus(const struct sysroot *r, const char *key)
{
	char text[8192], *at, *list;
	struct idset cpus = { 0 };

	if (sysroot_text(r, text, sizeof text, "proc/cmdline") <= 0 || !(at = strstr(text, key)) ||
	    (at > text && at[-1] != ' '))
		return cpus;
	at += strlen(key);
	at[strcspn(at, " ")] = '\0';
	list = at + strcspn(at, "0123456789");
	idset_parse_kernel(&cpus, list);
	return cpus;
}

static void look_isolated(struct checking *c)
{
	struct idset isolated, ticks, feeding = feeding_cpus(c->l), both;
	char name[64];

	if (sysroot_list(c->l->root, &isolated, "sys/devices/system/cpu/isolated") < 0)
		isolated = command_line_cpus(c->l->root, "isolcpus=");
	ticks = command_line_cpus(c->l->root, "nohz_full=");
	isolated = idset_or(&isolated, &ticks);
	both = idset_and(&isolated, &feeding);
	if (!idset_empty(&both))
		found(c, CHECK_WARN, cpu_names(name, &both),
		      "isolated (isolcpus or nohz_full), on a node that feeds a GPU");
	else if (!idset_empty(&isolated))
		found(c, CHECK_PASS, cpu_names(name, &isolated), "isolated, on no GPU's node");
	else
		found(c, CHECK_PASS, "CPUs", "none is isolated");
}

/* ---- interrupts ---- */

/* What serves them now is told, and what is to be typed names each that is wrong; all of the device
 * where they are many. */
enum { IRQS_NAMED = 16 };

static void mend_irqs(struct checking *c, const struct irqs *q, const char *pci)
{
	struct known balancer = services_running(c->l->root, "irqbalance");
	char list[200] = "";
	size_t used = 0;

	for (int i = -1; (i = idset_next(&q->away, i)) >= 0 && used < sizeof list;)
		used += (size_t)snprintf(list + used, sizeof list - used, "%s%d", used ? " " : "",
					 i);
	if (q->elsewhere <= IRQS_NAMED)
		value(c, "irqs", "%s", list);
	else
		value(c, "irqs", "$(ls /sys/bus/pci/devices/%s/msi_irqs)", pci);
	mend(c, "now",
	     "for i in {irqs}; do echo {cpus} | sudo tee "
	     "/proc/irq/$i/smp_affinity_list; done");
	if (balancer.is && balancer.value)
		mend(c,
		     "irqbalance runs and moves them back within seconds: ban them in "
		     "/etc/default/irqbalance (IRQBALANCE_ARGS=--banirq=NUMBER for "
		     "each), or stop it",
		     "sudo systemctl disable --now irqbalance");
}

static void say_irqs(struct checking *c, const char *subject, const struct irqs *q,
		     const struct node *home, bool wrong, const char *pci)
{
	char cpus[64], near[64], away[64] = "";

	cpu_names(near, &home->cpus);
	expect(c, "%s, those of its node %d", near, home->id);
	value(c, "address", "%s", pci);
	value(c, "cpus", "%s", near + strcspn(near, " ") + 1);
	if (!wrong) {
		found(c, CHECK_PASS, subject, "%zu interrupt%s, served by %s", q->known,
		      plural(q->known), cpu_names(cpus, &q->cpus));
		return;
	}
	mend_irqs(c, q, pci);
	idset_format(&q->away, away, sizeof away);
	found(c, CHECK_WARN, subject,
	      "%zu of its %zu interrupts are served elsewhere: irq %s by %s", q->elsewhere,
	      q->known, away, cpu_names(cpus, &q->away_cpus));
}

/* Queues of a NIC are spread over all CPUs on purpose: wrong is only that none is near. */
static void judge_irqs(struct checking *c, const char *subject, const char *pci,
		       const struct node *home, bool spread)
{
	struct irqs q;

	if (!home) {
		found(c, CHECK_SKIP, subject, "its node is not known");
		return;
	}
	q = irqs_of(c->l->root, pci, &home->cpus);
	if (!q.known)
		found(c, CHECK_SKIP, subject, "%s",
		      q.n ? "nobody tells who serves its interrupts"
			  : "it has no interrupts in use");
	else
		say_irqs(c, subject, &q, home, spread ? q.elsewhere == q.known : q.elsewhere > 0,
			 pci);
}

static void look_interrupts(struct checking *c)
{
	const struct machine *m = c->l->m;

	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		value(c, "device", "GPU");
		judge_irqs(c, gpu_name(c, g), g->pci, gpu_home(c->l, g), false);
	}
	for (size_t i = 0; i < m->ndevices; i++) {
		const struct device *d = &m->devices[i];
		char subject[64];

		if (d->kind != DEVICE_NIC || !d->pci[0])
			continue;
		snprintf(subject, sizeof subject, "%s (%s)", d->name, d->pci);
		value(c, "device", "NIC");
		judge_irqs(c, subject, d->pci,
			   d->node.is ? machine_node(m, (int)d->node.value) : NULL, true);
	}
}

const struct check cpu_checks[] = {
	{ .id = "cpu.governor",
	  .title = "The clock governor is performance",
	  .fault = "The clock governor is {governor}, not performance",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "performance",
	  .about = "The thread that feeds a GPU sleeps and wakes all the time; other "
		   "governors raise the clock only after a while, so that copies of a "
		   "few KiB and launches start late.",
	  .harm = HARM_PERCENT,
	  .cost = "small copies and launches start late; pageable copies, which a CPU "
		  "makes, are slower",
	  .see = { { NULL, "grep . /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor | "
			   "cut -d: -f2 | sort | uniq -c" } },
	  .mend = { { "now", "sudo cpupower frequency-set -g performance" },
		    { "for good, where tuned is installed",
		      "sudo tuned-adm profile throughput-performance" } },
	  .lasts = "cpupower: until the next boot, or until tuned or "
		   "power-profiles-daemon sets another",
	  .verify = { "it prints performance alone",
		      "sort -u /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor" },
	  .source = "sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
	  .authority = "kernel Documentation/admin-guide/pm/cpufreq.rst",
	  .look = look_governor },
	{ .id = "cpu.idle-states",
	  .title = "Cores do not sleep deeply",
	  .fault = "Cores sleep so deeply that they take {us} us to wake",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_FILES,
	  .good = "50 us or less to leave the deepest sleep state that is allowed",
	  .about = "A core that sleeps deeply takes 100 us and more to wake for a "
		   "GPU's interrupt: longer than a small copy or a launch. Large "
		   "copies do not notice.",
	  .harm = HARM_PERCENT,
	  .cost = "up to the wake-up time at each wait for the GPU that blocks; large "
		  "copies none",
	  .see = { { NULL, "for s in /sys/devices/system/cpu/cpu0/cpuidle/state*; do echo $(cat "
			   "$s/name $s/latency $s/disable); done" } },
	  .mend = { { "where latency counts more than power, now", "sudo cpupower idle-set -D 50" },
		    { "which is undone by", "sudo cpupower idle-set -E" },
		    { "for good: intel_idle.max_cstate=1 (Intel) or "
		      "processor.max_cstate=1 on the kernel command line",
		      NULL } },
	  .lasts = "cpupower: until the next boot",
	  .verify = { "name, latency, and 1 at the end where it is above 50",
		      "for s in /sys/devices/system/cpu/cpu0/cpuidle/state*; do echo $(cat $s/name "
		      "$s/latency $s/disable); done" },
	  .source = "sys/devices/system/cpu/cpu*/cpuidle/state*/{name,latency,disable}",
	  .authority = "kernel Documentation/admin-guide/pm/cpuidle.rst",
	  .look = look_idle_states },
	{ .id = "cpu.smt",
	  .title = "SMT",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "recorded: numabench uses one thread of each core",
	  .about = "Two threads of one core share it: who counts siblings as cores "
		   "gives two feeding threads one core.",
	  .cost = "two busy threads on one core get about 60 % each",
	  .see = { { NULL, "cat /sys/devices/system/cpu/smt/control" }, { NULL, "lscpu -e" } },
	  .source = "sys/devices/system/cpu/smt/control",
	  .authority = "kernel Documentation/ABI/testing/sysfs-devices-system-cpu, smt",
	  .look = look_smt },
	{ .id = "cpu.nodes-per-package",
	  .title = "Nodes in each package (SNC, NPS)",
	  .fault = "Packages are cut into different numbers of nodes",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .physical = true,
	  .good = "recorded, and the same in every package",
	  .about = "BIOS settings (Intel SNC, AMD NPS) cut a socket into several "
		   "nodes. Results hold for one setting only; a near node of the same "
		   "socket is a little slower, not much.",
	  .harm = HARM_PERCENT,
	  .cost = "bindings and baselines that do not carry over from one socket to "
		  "the other",
	  .see = { { NULL, "lscpu | grep -E 'Socket|NUMA'" } },
	  .mend = { { "set SNC or NPS alike for all sockets in the BIOS, and reboot", NULL } },
	  .lasts = "for good; old results are of another machine then",
	  .verify = { "as many nodes for each socket", "lscpu | grep -E 'Socket|NUMA'" },
	  .source = "sys/devices/system/cpu/cpu*/topology/physical_package_id, "
		    "node*/cpulist",
	  .authority = "AMD EPYC BIOS and Workload Tuning Guide, NPS; Intel Sub-NUMA "
		       "Clustering",
	  .look = look_nodes_per_package },
	{ .id = "cpu.isolated",
	  .title = "The cores that feed GPUs are not isolated by accident",
	  .fault = "Cores that feed GPUs are isolated",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES,
	  .good = "no isolated core on a node that feeds a GPU, unless on purpose",
	  .about = "The scheduler puts nothing on isolated cores by itself: a process "
		   "bound to such a node runs all its threads on one core, or on the "
		   "few cores that are left.",
	  .harm = HARM_FACTOR,
	  .cost = "many threads crowd on one core while others stand idle",
	  .see = { { NULL, "cat /sys/devices/system/cpu/isolated" },
		   { NULL, "grep -oE '(isolcpus|nohz_full)=[^ ]*' /proc/cmdline" } },
	  .mend = { { "if it is on purpose (each thread is pinned by hand), silence this "
		      "with --rules",
		      NULL },
		    { "else take isolcpus= and nohz_full= out of GRUB_CMDLINE_LINUX in "
		      "/etc/default/grub, then (Debian, Ubuntu; RHEL has grubby)",
		      "sudo update-grub && sudo reboot" } },
	  .lasts = "for good, from that reboot on",
	  .verify = { "it prints an empty line", "cat /sys/devices/system/cpu/isolated" },
	  .source = "sys/devices/system/cpu/isolated, proc/cmdline",
	  .authority = "kernel Documentation/admin-guide/kernel-parameters.txt, isolcpus, "
		       "nohz_full",
	  .look = look_isolated },
	{ .id = "cpu.interrupts",
	  .title = "Interrupts of GPUs and NICs are served on their own node",
	  .fault = "Interrupts of a {device} are served on another node than its own",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_FILES | NEEDS_NODES,
	  .good = "CPUs of the device's node",
	  .about = "An interrupt served on the other socket wakes a thread there "
		   "first, with cold caches and across the link between sockets; a "
		   "NIC's data land in the wrong cache.",
	  .harm = HARM_PERCENT,
	  .cost = "some microseconds at each interrupt, and uneven ones; large copies "
		  "hardly notice",
	  .see = { { "which interrupts are the device's",
		     "ls /sys/bus/pci/devices/{address}/msi_irqs" },
		   { "who serves them",
		     "for i in $(ls /sys/bus/pci/devices/{address}/msi_irqs); do grep -H "
		     ". /proc/irq/$i/effective_affinity_list; done" },
		   { "whether anybody moves them", "systemctl is-active irqbalance" } },
	  .mend = { { "now", "for i in {irqs}; do echo {cpus} | sudo tee "
			     "/proc/irq/$i/smp_affinity_list; done" } },
	  .lasts = "until the next boot, or until the driver is loaded anew; "
		   "irqbalance, where it is started, moves them again",
	  .verify = { "each line ends in CPUs of {cpus} alone (effective_affinity_list follows "
		      "with the "
		      "next interrupt)",
		      "for i in {irqs}; do grep -H . /proc/irq/$i/smp_affinity_list; done" },
	  .source = "sys/bus/pci/devices/*/msi_irqs, proc/irq/*/effective_affinity_list",
	  .authority = "kernel Documentation/core-api/irq/irq-affinity.rst",
	  .look = look_interrupts },
	{ .id = NULL },
};
