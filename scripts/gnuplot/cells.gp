# cells.gp - which rows of a table of cells (--format csv) are wanted. The others load it; it draws
# nothing.
#
# Wanted before: `want` ("column=value .." that rows must have), `free` (columns in which they may
# differ), and what look.gp wants.

load folder."look.gp"

# What makes a cell this cell: all that a row has and `want` and `free` do not name must be absent.
keys = "test metric direction memory together gpu cpu_node mem_node gpus peer peer_access pages_asked ".\
	"bytes threads policy cpu_pair to_node phase binding competing mover locked load_step"
wanted(key) = (_at = strstrt(" ".want, " ".key."="), _at == 0 ? "" : word(want[_at + strlen(key) + 1:], 1))
fixed = ""
do for [key in keys] {
	if (strstrt(" ".free." ", " ".key." ") == 0 || wanted(key) ne "") { fixed = fixed.key." " }
}
array value[words(fixed)]
do for [i = 1:words(fixed)] { value[i] = wanted(word(fixed, i)) }

# gnuplot 5.4 ends a quoted field at a doubled quote. Texts that may hold one come last in a row; where
# a name does, which is in front, the row is known by the last word before those, and is left out.
proofs = " none move_pages numa_maps "
sound(a) = strcol("placement_proof") eq "" || strstrt(proofs, " ".strcol("placement_proof")." ") > 0
run = wanted("run")
same_run(a) = strcol("run") eq run
takes(a) = strcol(word(fixed, 1)) eq value[1] && strcol(word(fixed, 2)) eq value[2] && same_run(0) \
	&& sound(0) && (sum [i = 3:words(fixed)] (strcol(word(fixed, i)) ne value[i])) == 0
# Of several results in one file the first is drawn. `room`: so many rows there are.
simulated = 0; room = 0
note_run(a) = (room = room + 1, run = run eq "" ? strcol("run") : run, same_run(0) ? \
	(simulated = strcol("simulated") eq "true") : 0, 0)
head = ""
unset datafile columnheaders
stats csv every ::0::0 using (head = strcol(1), 0) nooutput
set datafile columnheaders
if (head eq "run") { stats csv using (note_run(0)) nooutput }
if (head ne "run" || run eq "") {
	print sprintf("%s: no rows with a column run; numabench report --format csv writes such", csv)
	exit status 1
}
machine = run

# Only what is a result, or was disturbed, has a figure; nothing takes no time, nor less.
number(name) = strcol(name) eq "" ? NaN : column(name)
figure_of(a) = number("median") > 0 ? number("median") : NaN

# How many rows have each size: `sizes` in the order in which they come, and `cells_of` each.
array cells_of[room + 1]
sizes = " "; seen = " "
note_size(v) = v eq "" ? 0 : (sizes = add(sizes, v), _s = place(sizes, v), \
	cells_of[_s] = (_s > words(seen) ? 1 : cells_of[_s] + 1), seen = sizes, 0)

# Lists: whole numbers, each once, with a blank before and behind each; and the place of one.
add(list, v) = strstrt(list, " ".v." ") ? list : list.v." "
place(list, v) = words(list[:strstrt(list, " ".v." ")]) + 1
# `sort` (below) puts `list` in order.
sort = "array _v[words(list)]; do for [_i = 1:words(list)] { _v[_i] = int(word(list, _i)) }; \
	do for [_i = 2:words(list)] { do for [_j = _i:2:-1] { if (_v[_j] < _v[_j - 1]) { \
	_k = _v[_j]; _v[_j] = _v[_j - 1]; _v[_j - 1] = _k } } }; \
	_n = words(list); list = ' '; do for [_i = 1:_n] { list = list._v[_i].' ' }"
