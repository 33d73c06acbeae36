#!/usr/bin/env bash
# Links: what they could carry, and a figure above it.
. tests/sim/sim.sh

# On metal: GPU 0 as it should be, 1 at half its width, 2 faster than its link can be, 3 over NVLink-C2C.
scenario four-gpus '.bare_metal = true
	| .gpus[0].link = { gen: 5, width: 16, idle_gen: 1, mps: 256 }
	| .gpus[1].link = { gen: 5, width: 8, idle_gen: 1, max_width: 16, mps: 512 }
	| .gpus[2].link = { gen: 4, width: 16, idle_gen: 1, mps: 256 }
	| .gpus[3].own_node = 8
	| .plants = [{ bandwidth: 55e9 }, { gpu: 1, bandwidth: 28e9 }, { gpu: 2, bandwidth: 33e9 },
		     { gpu: 3, bandwidth: 300e9 }, { memory: "pageable", bandwidth: 9e9 }]'
all --only gpu-bandwidth
# of GPU FIELD: of its h2d copies of pinned memory
of() {
	q ".records[] | select(.gpu == $1 and .memory == \"pinned\" and .direction == \"h2d\"
		and .together == null) | .$2"
}
# Gen5 x16, payloads of 256 and 512 bytes with 20 of header: ../../lib/result/physics.h.
raw=$(awk 'BEGIN { print 32e9 * 128 / 130 * 16 / 8 }')
near "$(of 0 ceiling_negotiated)" "$(awk "BEGIN { print $raw * 256 / 276 }")" 0.001 "Gen5 x16: the ceiling"
near "$(of 0 ceiling_capable)" "$(awk "BEGIN { print $raw * 256 / 276 }")" 0.001 "and so at what both ends could do"
is "$(of 0 status)" ok "and what is below it is ok"
near "$(of 1 ceiling_negotiated)" "$(awk "BEGIN { print $raw / 2 * 512 / 532 }")" 0.001 "half its width: the ceiling as negotiated"
near "$(of 1 ceiling_capable)" "$(awk "BEGIN { print $raw * 512 / 532 }")" 0.001 "half its width: and at what both ends could do"
is "$(of 1 link_during.width)" 8 "half its width: as it was under load"
near "$(of 1 median)" 28e9 0.03 "half its width: its figure"
is "$(of 2 status)" failed "above its link: no result"
like "$(of 2 reason)" "measuring error|more than .*link|above" "above its link: and it is called a measuring error"
is "$(of 3 status)" ok "NVLink-C2C: ok"
like "$(of 3 ceiling_why)" "NVLink-C2C" "NVLink-C2C: no ceiling, and why"
is "$(of 3 ceiling_negotiated)" null "NVLink-C2C: no number either"
is "$(q '[.records[] | select(.gpu == 0 or .gpu == 1) | .status] | unique | join(" ")')" ok \
	"and the others are measured"

# In a virtual machine, which this is or not, the link is the emulator's.
scenario four-gpus '.gpus |= .[0:1]'
mkdir -p "${NUMABENCH_SIM%/*}/sys/class/dmi/id"
echo QEMU >"${NUMABENCH_SIM%/*}/sys/class/dmi/id/sys_vendor"
all --only gpu-bandwidth
is "$(of 0 status)" ok "a guest: ok"
like "$(of 0 ceiling_why)" "virtual" "a guest: no reference, and why"
done_testing
