# matrix.gp - a heat map, node x GPU, node x node or GPU x GPU, with the figures written into it.
#
#     numabench report --format csv RESULT >cells.csv
#     gnuplot -c scripts/gnuplot/matrix.gp cells.csv h2d.svg
#     gnuplot -c scripts/gnuplot/matrix.gp cells.csv wait.png "test=gpu-latency metric=host-latency direction=d2h memory=pinned"
#     gnuplot -c scripts/gnuplot/matrix.gp cells.csv nodes.svg "test=mem-bandwidth metric=triad"
#     gnuplot -c scripts/gnuplot/matrix.gp cells.csv peers.svg "test=gpu-peer metric=bandwidth direction=d2h peer_access=true"
#
# What is wanted is said by columns of the table: without, pinned copies to the device, or, of a run
# without GPUs, what memory gives. Of GPUs it is the size that most cells have, else the largest.
# Of several results in one table the first is drawn, or the one that run=ID names.
# A picture whose name ends neither in .svg nor in .png is made as both. gnuplot 5.4 or later.

csv = ARG1; picture = ARG2; want = ARG3
usage = "usage: gnuplot -c matrix.gp CELLS.csv PICTURE.svg [\"COLUMN=VALUE ..\"]"
folder = ARG0[:strlen(ARG0) - strlen("matrix.gp")]
free = "gpu peer cpu_node mem_node bytes threads"
if (want eq "") { want = "test=gpu-bandwidth metric=bandwidth direction=h2d memory=pinned" }
load folder."cells.gp"
of_peers = wanted("test") eq "gpu-peer"
of_gpus = wanted("test")[:4] eq "gpu-"

# ---- which rows and columns there are ----

cpus = " "; list = " "; columns = " "; unit = ""; lower = 0; what = ""
cpu_node(a) = is(number("cpu_node")) ? int(column("cpu_node")) : -1
mem_node(a) = is(number("mem_node")) ? int(column("mem_node")) : cpu_node(0)
gpu(a) = is(number("gpu")) ? int(column("gpu")) : -1
peer(a) = is(number("peer")) ? int(column("peer")) : -1
# A row is a memory node and whose CPUs work, or the GPU that sends.
pulled = wanted("direction") eq "h2d"
row_of(a) = of_peers ? (pulled ? peer(0) : gpu(0)) : of_gpus ? mem_node(0) * 4096 + (cpu_node(0) < 0 ? \
	mem_node(0) : cpu_node(0)) : mem_node(0) * 4096 + mem_node(0)
column_of(a) = of_peers ? (pulled ? gpu(0) : peer(0)) : of_gpus ? gpu(0) : cpu_node(0)
fits(a) = takes(0) && column_of(0) >= 0 && (of_peers ? peer(0) >= 0 : !is(number("peer")))
note(a) = fits(0) ? (list = add(list, row_of(0)), columns = add(columns, column_of(0)), \
	cpus = add(cpus, cpu_node(0)), note_size(strcol("bytes")), unit = strcol("unit"), \
	lower = strcol("better") eq "lower", 0) : 0
stats csv using (note(0)) nooutput
if (words(list) == 0) {
	print sprintf("%s: no row of it has %s", csv, want)
	exit status 1
}
eval sort
# Of far cells those alone whose memory node has no CPUs.
is_near(v) = of_peers || v / 4096 == v % 4096 || strstrt(cpus, " ".(v / 4096)." ") == 0
rows = " "
do for [v in list] { if (is_near(int(v))) { rows = rows.v." " } }
list = columns
eval sort
columns = list
nrows = words(rows); ncolumns = words(columns)
usual = word(sizes, 1); most = 0
do for [i = 1:words(sizes)] { if (cells_of[i] > most) { most = cells_of[i]; usual = word(sizes, i) } }

# ---- their figures ----

n = nrows * ncolumns
array median[n]; array low[n]; array high[n]; array state[n]; array amount[n]; array threads[n]
do for [i = 1:n] { median[i] = NaN; low[i] = NaN; high[i] = NaN; state[i] = ""; amount[i] = -1; threads[i] = -1 }
as_number(v) = is(v) ? v : 0
# Of some sizes between nodes the largest is that of memory, of some numbers of threads the most.
is_more(i) = number("bytes") > amount[i] || state[i] eq "" || (as_number(number("bytes")) == amount[i] \
	&& as_number(number("threads")) >= threads[i] && (is(figure_of(0)) || !is(median[i])))
keep(i) = is_more(i) ? (median[i] = figure_of(0), low[i] = number("low"), high[i] = number("high"), \
	state[i] = strcol("status"), amount[i] = as_number(number("bytes")), \
	threads[i] = as_number(number("threads")), what = strcol("name"), 0) : 0
at(a) = (place(rows, row_of(0)) - 1) * ncolumns + place(columns, column_of(0))
store(a) = fits(0) && strstrt(rows, " ".row_of(0)." ") && (!of_gpus || strcol("bytes") eq usual) ? \
	keep(at(0)) : 0
stats csv using (store(0)) nooutput

least = NaN; most = NaN
do for [i = 1:n] { if (is(median[i])) {
	least = is(least) && least < median[i] ? least : median[i]
	most = is(most) && most > median[i] ? most : median[i]
} }
if (!is(most)) {
	print sprintf("%s: no row of it with %s has a figure", csv, want)
	exit status 1
}
factor = factor_for(unit, least)
decimals = decimals_for(most / factor)
share(v) = 100.0 * (lower ? least / v : v / most)

# + and - as in the report: the ends of a column, where they differ by more than 3 % for certain. The
# report sets samples against each other; here the intervals must not meet.
apart(i, j) = lower ? high[i] < low[j] : low[i] > high[j]
array sign[n]
signs = 0; unsure = 0; halves = 0
do for [i = 1:n] { sign[i] = "" }
if (!of_peers) { do for [c = 1:ncolumns] {
	best = 0; worst = 0
	do for [r = 1:nrows] {
		i = (r - 1) * ncolumns + c
		if (state[i] eq "ok" && is(median[i])) {
			best = best == 0 || share(median[i]) > share(median[best]) ? i : best
			worst = worst == 0 || share(median[i]) < share(median[worst]) ? i : worst
		}
	}
	if (best && share(median[best]) > 1.03 * share(median[worst]) && apart(best, worst)) {
		sign[best] = "+"; sign[worst] = "−"; signs = 1
	}
} }
do for [i = 1:n] {
	if (state[i] eq "unstable") { sign[i] = "?"; unsure = 1 }
	halves = halves || is(low[i])
}

# ---- drawn ----

# The report's words for what has no figure.
states = "skipped misplaced unproven failed timeout crashed corrupt"
words_of = "skip mispl unprv fail t/out crash CORR"
word_of(s) = s eq "" ? "" : strstrt(states, s) ? word(words_of, words(states[:strstrt(states, s)])) : "none"
head(v) = sprintf(of_gpus ? "GPU %d" : "CPUs of %d", v)
label(v) = of_peers ? sprintf("from GPU %d", v) : !of_gpus ? sprintf("memory of %d", v / 4096) : v / 4096 == v % 4096 ? sprintf("node %d", v / 4096) : \
	sprintf("node %d,\nCPUs of %d", v / 4096, v % 4096)
floor_of = 100.0
do for [i = 1:n] { if (is(median[i]) && share(median[i]) < floor_of) { floor_of = share(median[i]) } }
floor_of = floor_of < 50 ? 10 * floor(floor_of / 10) : 50
dark(s) = s > floor_of + 0.74 * (100 - floor_of)
top = 86
side = of_gpus && !of_peers ? 84 : 120
cell = (width - side - 12.0) / ncolumns
cell = cell > 130 ? 130.0 : cell
tall = 54
# A sign goes beside its figure where there is room, else beneath.
long = strlen(figure(most / factor, decimals))
any_sign = signs || unsure
narrow = any_sign && cell * 1.45 / (long + 2) < 14
big = cell * 1.45 / (long + (narrow || !any_sign ? 0 : 2)); big = big > 17 ? 17 : big < 9 ? 9 : big
below = big * 0.75 < 10 ? 10 : big * 0.75
line_1 = narrow ? -0.27 : halves ? -0.12 : 0
line_2 = narrow ? 0.03 : 0.24
# What has none: a grey field, and why.
set print $holes
print "NaN NaN"
do for [i = 1:n] { if (!is(median[i]) && state[i] ne "") { print sprintf("%d %d", (i - 1) % ncolumns + 1, (i - 1) / ncolumns + 1) } }
unset print
set print $cells
do for [r = 1:nrows] { do for [c = 1:ncolumns] {
	i = (r - 1) * ncolumns + c
	if (is(median[i])) {
		half = high[i] - median[i] > median[i] - low[i] ? high[i] - median[i] : median[i] - low[i]
		print sprintf("%d %d %.6g \"%s%s\" \"%s\" \"%s\" %d", c, r, share(median[i]), \
			figure(median[i] / factor, decimals), narrow || sign[i] eq "" ? "" : " ".sign[i], \
			narrow && sign[i] ne "" ? sign[i] : " ", is(half) ? "±".small(half / factor, decimals) : " ", dark(share(median[i])) ? 0xffffff : 0x1a1a1a)
	} else {
		if (state[i] ne "") { print sprintf("%d %d NaN \" \" \"%s\" \" \" %d", c, r, word_of(state[i]), 0x1a1a1a) }
	}
} }
unset print

key_lines = (halves > 0) + (signs > 0) + (unsure > 0)
height = top + nrows * tall + 20 * key_lines + 68
set lmargin at screen 1.0 * side / width
set rmargin at screen (1.0 * side + cell * ncolumns) / width
set tmargin at screen 1 - 1.0 * top / height
set bmargin at screen 1 - (1.0 * top + nrows * tall) / height
set xrange [0.5:ncolumns + 0.5]
set yrange [nrows + 0.5:0.5]
unset border
unset grid
unset key
set style fill solid 1.0 noborder
set datafile separator whitespace
unset datafile columnheaders
set xtics () scale 0
set x2tics () scale 0 offset 0,-0.4 textcolor rgb ink
set ytics () scale 0 textcolor rgb ink
unset xtics
do for [c = 1:ncolumns] { set x2tics add (head(int(word(columns, c))) c) }
if (cell < (of_gpus ? 54 : 80)) {
	do for [c = 1:ncolumns] { set x2tics add (word(columns, c) c) }
	set label 1 (of_peers ? "to GPU" : of_gpus ? "GPU" : "CPUs of node") at screen (side - 12.0) / width, screen 1 - (top - 14.0) / height right
}
do for [r = 1:nrows] { set ytics add (label(int(word(rows, r))) r) }
set x2range [0.5:ncolumns + 0.5]
cut = strstrt(what, ",")
what = of_peers ? "GPU to GPU".(wanted("metric") eq "bandwidth" ? "" : ", ".wanted("metric")) : \
	of_gpus ? (cut ? what[:cut - 1] : what) : \
	(unit eq "B/s" ? "memory bandwidth, " : "memory ").wanted("metric").", by node"
what = what.page_words(wanted("pages_asked")).", ".unit_for(unit, factor)
eval headline

y = 1 - (1.0 * top + nrows * tall + 16) / height
left = 1.0 * 12 / width
explain(text) = sprintf("set label at screen %g, screen %g \"%s\" font small_font textcolor rgb ink", left, y, text)
if (signs) { eval explain("+ best, − worst of a column, where they differ by more than 3 % and their intervals do not meet"); y = y - 20.0 / height }
if (halves) { eval explain("± how far the 95 % interval of the median reaches"); y = y - 20.0 / height }
if (unsure) { eval explain("? unstable: something disturbed it"); y = y - 20.0 / height }
figure_font = sprintf(",%d", big); below_font = sprintf(",%d", below)
set palette defined (0 "#dce9f5", 0.5 "#86b3da", 1 "#0b3c6f")
set cbrange [floor_of:100]
set colorbox horizontal user origin screen 1.0 * side / width, screen 44.0 / height size screen (width - 2.0 * side) / width, screen 10.0 / height noborder
set cbtics scale 0 offset 0,0.5 font small_font
set cblabel (lower ? "% as fast as the best of all" : "% of the best of all") offset 0,0.9 font small_font
do for [e in endings] {
	eval terminal_for(e)
	set output base.e
	plot $holes using 1:2:(0.48):(0.47) with boxxyerror fillcolor rgb "#ececec" notitle, \
		$cells using (valid(3) ? $1 : NaN):2:(0.48):(0.47):3 with boxxyerror linecolor palette notitle, \
		$cells using 1:($2 + line_1):4:7 with labels font figure_font textcolor rgb variable notitle, \
		$cells using 1:($2 + line_2):6:7 with labels font below_font textcolor rgb variable notitle, \
		$cells using 1:($2 + (valid(3) ? 0.33 : 0)):5:7 with labels font figure_font textcolor rgb variable notitle
	unset output
}
