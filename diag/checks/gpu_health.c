/* gpu_health.c - the GPU's own settings and state, as NVML tells them. Family gpu, too. */
#include <stdio.h>
#include <string.h>

#include "families.h"

static void look_persistence(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		if (!f->persistence.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "%s", f->persistence.why);
		else
			found(c, f->persistence.value ? CHECK_PASS : CHECK_WARN, gpu_name(c, g),
			      f->persistence.value ? "on" : "off");
	}
}

/* ---- ECC ---- */

/* A GPU of the same name that has ECC on; NULL: none. */
static const struct gpu *with_ecc(const struct look *l, const struct gpu *like)
{
	for (const struct gpu *g = NULL; (g = next_gpu(l, g));) {
		const struct nvml_facts *f = driver_gpu(l->driver, g->pci);

		if (strcmp(g->name, like->name) == 0 && f && f->ecc.is && f->ecc.value)
			return g;
	}
	return NULL;
}

static const char ecc_on[] = "sudo nvidia-smi -i {gpu} -e 1";
static const char gpu_reset[] = "sudo nvidia-smi --gpu-reset -i {gpu}";

static void look_ecc(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		const struct gpu *other = with_ecc(c->l, g);

		if (!f->ecc.is) {
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "it has no ECC, or NVML does not tell");
		} else if (f->ecc.value) {
			found(c, CHECK_PASS, gpu_name(c, g), "on");
		} else if (other) {
			expect(c, "on, as on GPU %d, which has the same name", other->index);
			found(c, CHECK_FAIL, gpu_name(c, g), "off");
		} else {
			mend(c, "if it is off on purpose, silence this with --rules; if not",
			     ecc_on);
			mend(c, "end what uses the GPU, then (or by a reboot)", gpu_reset);
			found(c, CHECK_WARN, gpu_name(c, g), "off");
		}
	}
}

static void judge_errors(struct checking *c, const struct gpu *g, const struct nvml_facts *f)
{
	if (f->repair_failed.is && f->repair_failed.value) {
		value(c, "errors", "cannot be repaired any more");
		mend(c, "replace the GPU: it has no spare memory left (NVIDIA's RMA policy)", NULL);
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "bad memory could not be replaced by spare rows");
	} else if (f->repair_pending.is && f->repair_pending.value) {
		value(c, "errors", "is bad and still in use");
		mend(c, "end what uses the GPU, then (or by a reboot)", gpu_reset);
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "bad memory was found and stays in use until the GPU is reset");
	} else if (f->ecc_uncorrected.is && f->ecc_uncorrected.value) {
		value(c, "errors", "had errors that ECC could not correct");
		found(c, CHECK_FAIL, gpu_name(c, g),
		      "%lld uncorrectable errors since the driver was loaded",
		      f->ecc_uncorrected.value);
	} else if (!f->ecc_uncorrected.is && !f->repair_pending.is) {
		found(c, CHECK_SKIP, gpu_name(c, g), "it counts no errors, or NVML does not tell");
	} else {
		found(c, CHECK_PASS, gpu_name(c, g), "none since the driver was loaded");
	}
}

static void look_errors(struct checking *c)
{
	EACH_GPU(c, g, f)
	judge_errors(c, g, f);
}

/* ---- clocks and power ---- */

struct reason {
	const char *word;
	enum check_status status;
	const char *means, *why;
};

/* Words of nvml_reasons; the first that was seen is told. */
static const struct reason reasons[] = {
	{ "hw-thermal", CHECK_FAIL, "the hardware slowed it down: too hot", "Heat" },
	{ "power-brake", CHECK_FAIL, "an external power brake slowed it down", "A power brake" },
	{ "hw-slowdown", CHECK_FAIL,
	  "the hardware slowed it down: heat, power brake or board power", "Heat or power" },
	{ "sw-thermal", CHECK_WARN, "the driver slowed it down: too hot", "Heat" },
	{ "sw-power-cap", CHECK_PASS, "at its power limit, which is usual under full load", "" },
};

static bool seen(const struct look *l, int gpu, const char *word, size_t *told)
{
	bool any = false;

	for (const struct record *r = NULL; (r = next_record(l, gpu, r));) {
		const json_t *words = json_object_get(r->more, "clock_reasons"), *v;
		size_t i;

		*told += json_is_array(words);
		json_array_foreach(words, i, v) any |=
			json_is_string(v) && strcmp(json_string_value(v), word) == 0;
	}
	return any;
}

static void look_clock_reasons(struct checking *c)
{
	for (const struct gpu *g = NULL; (g = next_gpu(c->l, g));) {
		const struct reason *worst = NULL;
		size_t told = 0;

		for (size_t i = 0; !worst && i < sizeof reasons / sizeof *reasons; i++)
			if (seen(c->l, g->index, reasons[i].word, &told))
				worst = &reasons[i];
		if (!told)
			found(c, CHECK_SKIP, gpu_name(c, g),
			      "the result does not tell for this GPU");
		else if (worst) {
			value(c, "why", "%s", worst->why);
			found(c, worst->status, gpu_name(c, g), "%s (%s)", worst->means,
			      worst->word);
		} else
			found(c, CHECK_PASS, gpu_name(c, g), "nothing held its clocks back");
	}
}

static void look_power_limit(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		bool told = f->power_limit_mw.is && f->power_default_mw.is;
		bool low = told && f->power_limit_mw.value < f->power_default_mw.value;

		if (!told) {
			found(c, CHECK_SKIP, gpu_name(c, g), "NVML does not tell");
			continue;
		}
		expect(c, "%lld W, its default, or more", f->power_default_mw.value / 1000);
		value(c, "watts", "%lld", f->power_default_mw.value / 1000);
		found(c, low ? CHECK_WARN : CHECK_PASS, gpu_name(c, g), "%lld W",
		      f->power_limit_mw.value / 1000);
	}
}

static void look_clocks(struct checking *c)
{
	EACH_GPU(c, g, f)
	{
		if (!f->clock_mhz.is || !f->clock_default_mhz.is)
			found(c, CHECK_SKIP, gpu_name(c, g), "it has no applications clocks");
		else if (f->clock_mhz.value == f->clock_default_mhz.value)
			found(c, CHECK_PASS, gpu_name(c, g), "default, %lld MHz",
			      f->clock_mhz.value);
		else
			found(c, CHECK_PASS, gpu_name(c, g),
			      "set to %lld MHz, the default is %lld MHz", f->clock_mhz.value,
			      f->clock_default_mhz.value);
	}
}

const struct check gpu_health_checks[] = {
	{ .id = "gpu.persistence",
	  .title = "Persistence mode is on",
	  .fault = "Persistence mode is off",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "on: the driver keeps the GPU initialised between jobs",
	  .about = "Without it the driver lets go of a GPU when its last process ends; "
		   "the next one waits seconds for it to start, and clock and power "
		   "settings are lost.",
	  .harm = HARM_STALL,
	  .cost = "1 to 3 s at the start of every process that finds the GPU idle",
	  .see = { { NULL, "nvidia-smi --query-gpu=index,persistence_mode --format=csv" } },
	  .mend = { { "for good", "sudo systemctl enable --now nvidia-persistenced" },
		    { "where there is no such service: until the next boot",
		      "sudo nvidia-smi -pm 1" } },
	  .lasts = "the service: for good",
	  .verify = { "Enabled for each",
		      "nvidia-smi --query-gpu=index,persistence_mode --format=csv" },
	  .source = "nvmlDeviceGetPersistenceMode",
	  .authority = "NVIDIA Driver Persistence guide",
	  .look = look_persistence },
	{ .id = "gpu.ecc",
	  .title = "ECC is on",
	  .fault = "ECC is off",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "on where the part has it",
	  .about = "Without ECC a flipped bit in GPU memory goes into the result, and "
		   "nothing says so.",
	  .harm = HARM_FAILURE,
	  .cost = "wrong results, unnoticed",
	  .see = { { NULL, "nvidia-smi --query-gpu=index,ecc.mode.current,ecc.mode.pending "
			   "--format=csv" } },
	  .mend = { { NULL, "sudo nvidia-smi -i {gpu} -e 1" },
		    { "end what uses the GPU, then (or by a reboot)",
		      "sudo nvidia-smi --gpu-reset -i {gpu}" } },
	  .lasts = "for good, from that reset on",
	  .verify = { "Enabled, now and pending",
		      "nvidia-smi -i {gpu} --query-gpu=ecc.mode.current,ecc.mode.pending "
		      "--format=csv" },
	  .source = "nvmlDeviceGetEccMode",
	  .authority = "NVIDIA GPU Memory Error Management guide",
	  .look = look_ecc },
	{ .id = "gpu.ecc-errors",
	  .title = "No uncorrectable memory errors",
	  .fault = "GPU memory {errors}",
	  .tells = MAY_PASS | MAY_FAIL | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "no uncorrectable error, no repair that waits or failed",
	  .about = "An uncorrectable error ends the process that meets it, and memory "
		   "that has had one is likely to have more.",
	  .harm = HARM_FAILURE,
	  .cost = "jobs that end with Xid 48, 63, 64 or 94",
	  .see = { { NULL, "nvidia-smi -i {gpu} -q -d ECC,ROW_REMAPPER" } },
	  .mend = { { "end what uses the GPU, then (or by a reboot)",
		      "sudo nvidia-smi --gpu-reset -i {gpu}" },
		    { "if errors come back, run NVIDIA's diagnostics, and replace the GPU",
		      "sudo dcgmi diag -r 3" } },
	  .lasts = "rows that were remapped stay so; what was counted is counted from "
		   "the driver's start",
	  .verify = { "volatile uncorrectable errors are 0, no remapping is pending",
		      "nvidia-smi -i {gpu} -q -d ECC,ROW_REMAPPER" },
	  .source = "nvmlDeviceGetTotalEccErrors (uncorrected, volatile), "
		    "nvmlDeviceGetRemappedRows",
	  .authority = "NVIDIA GPU Memory Error Management guide; Tesla/Data Center GPU "
		       "RMA policy",
	  .look = look_errors },
	{ .id = "gpu.clock-reasons",
	  .title = "Heat and power do not hold the GPU back under load",
	  .fault = "{why} held the GPU back under load",
	  .tells = MAY_PASS | MAY_WARN | MAY_FAIL | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_RUN,
	  .good = "no hardware slowdown (0x8), thermal slowdown (0x40) or power brake "
		  "(0x80)",
	  .about = "A GPU that is slowed down by heat or power works at a fraction of "
		   "its clock; its figures are those of the cooling, not of the "
		   "machine.",
	  .harm = HARM_FACTOR,
	  .cost = "half of the clock or less while it lasts",
	  .see = { { "while work runs", "nvidia-smi -i {gpu} -q -d PERFORMANCE" } },
	  .mend = { { "see which it is",
		      "nvidia-smi -i {gpu} -q -d TEMPERATURE,POWER,PERFORMANCE" },
		    { "heat: fans, air flow, dust; power: cables, supplies, and the "
		      "rack's power cap",
		      NULL } },
	  .lasts = "until it is hot, or short of power, again",
	  .verify = { "a new run does not find it any more", "numabench --all" },
	  .source = "clock_reasons of the result's records "
		    "(nvmlDeviceGetCurrentClocksEventReasons)",
	  .authority = "NVML API Reference, nvmlClocksEventReasons",
	  .look = look_clock_reasons },
	{ .id = "gpu.power-limit",
	  .title = "The power limit is the default one",
	  .fault = "The power limit is below the default",
	  .tells = MAY_PASS | MAY_WARN | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "not below the default",
	  .about = "A lowered power limit caps the clocks under load.",
	  .harm = HARM_PERCENT,
	  .cost = "roughly in proportion for work that computes, little for copies",
	  .see = { { NULL, "nvidia-smi --query-gpu=index,power.limit,power.default_limit "
			   "--format=csv" } },
	  .mend = { { "unless the rack's power asks for it",
		      "sudo nvidia-smi -i {gpu} -pl {watts}" } },
	  .lasts = "until the next boot, or without persistence mode until the GPU is "
		   "idle; a service that lowered it will again",
	  .verify = { "{watts} W", "nvidia-smi -i {gpu} --query-gpu=power.limit --format=csv" },
	  .source = "nvmlDeviceGetPowerManagementLimit, ..DefaultLimit",
	  .authority = "NVML API Reference, power management",
	  .look = look_power_limit },
	{ .id = "gpu.clocks",
	  .title = "Applications clocks",
	  .tells = MAY_PASS | MAY_SKIP,
	  .needs = NEEDS_GPU | NEEDS_NVML,
	  .good = "recorded: figures with other clocks are not comparable",
	  .about = "Clocks that somebody set stay until they are reset, and change "
		   "what the GPU delivers.",
	  .cost = "in proportion, for work that computes",
	  .see = { { NULL, "nvidia-smi -i {gpu} -q -d CLOCK" } },
	  .mend = { { "back to the default", "sudo nvidia-smi -i {gpu} -rac" } },
	  .source = "nvmlDeviceGetApplicationsClock, "
		    "nvmlDeviceGetDefaultApplicationsClock",
	  .authority = "NVML API Reference, clocks",
	  .look = look_clocks },
	{ .id = NULL },
};
