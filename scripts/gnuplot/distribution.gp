# distribution.gp - how latencies spread, a row a cell: from the fastest to the slowest.
#
#     numabench report --format csv RESULT >cells.csv
#     gnuplot -c scripts/gnuplot/distribution.gp cells.csv wait.svg
#     gnuplot -c scripts/gnuplot/distribution.gp cells.csv launch.svg "test=gpu-latency metric=launch-latency"
#     gnuplot -c scripts/gnuplot/distribution.gp cells.csv memory.png "test=mem-latency metric=latency"
#
# What is wanted is said by columns of the table: without, small pinned copies to the device. Of GPUs
# it is the size that most cells have, else the largest. Where the table has quantiles these are
# drawn, else the samples themselves. Of several results in one table the first is drawn, or the one
# that run=ID names. A picture whose name ends neither in .svg nor in .png is made as both.
# gnuplot 5.4 or later.

csv = ARG1; picture = ARG2; want = ARG3
usage = "usage: gnuplot -c distribution.gp CELLS.csv PICTURE.svg [\"COLUMN=VALUE ..\"]"
folder = ARG0[:strlen(ARG0) - strlen("distribution.gp")]
free = "gpu cpu_node mem_node bytes threads"
if (want eq "") { want = "test=gpu-latency metric=host-latency direction=h2d memory=pinned" }
load folder."cells.gp"
of_gpus = wanted("test")[:4] eq "gpu-"
most_rows = 32 # of more, the fastest and the slowest of each GPU or memory node

# ---- the cells ----

array p50[room]; array p90[room]; array p99[room]; array worst[room]; array best[room]; array each[room]
array cell_of[room]; array bytes[room]; array state[room]; array name[room]
n = 0; unit = ""
whole(v) = is(v) ? int(v) : -1
or(v, other) = is(v) ? v : other
fits(a) = number("median") > 0 && (of_gpus ? whole(number("gpu")) >= 0 : 1)
keep(a) = (n = n + 1, p50[n] = or(number("p50"), number("median")), p90[n] = number("p90"), p99[n] = number("p99"), \
	worst[n] = number("max"), best[n] = or(number("best"), p50[n]), each[n] = strcol("samples"), \
	cell_of[n] = (whole(number("gpu")) + 1) * 16777216 + (whole(number("mem_node")) + 1) * 4096 + whole(number("cpu_node")) + 1, \
	bytes[n] = strcol("bytes"), note_size(bytes[n]), state[n] = strcol("status"), unit = strcol("unit"), \
	name[n] = strcol("name"), 0)
note(a) = takes(0) && fits(0) ? keep(0) : 0
stats csv using (note(0)) nooutput
if (n == 0) {
	print sprintf("%s: no row of it with %s has a figure", csv, want)
	exit status 1
}
usual = word(sizes, 1); most = 0
do for [i = 1:words(sizes)] { if (cells_of[i] > most) { most = cells_of[i]; usual = word(sizes, i) } }

# Of a GPU the usual size; of memory the largest of each pair of nodes.
list = " "
array row_of[room]
do for [i = 1:n] { if (!of_gpus || bytes[i] eq usual) {
	known = strstrt(list, " ".cell_of[i]." ") > 0
	list = add(list, cell_of[i])
	r = place(list, cell_of[i])
	if (!known || real(bytes[i]."0") > real(bytes[row_of[r]]."0")) { row_of[r] = i }
} }
array unsorted[words(list)]
do for [r = 1:words(list)] { unsorted[r] = row_of[r] }
before = list
eval sort
do for [r = 1:words(list)] { row_of[r] = unsorted[place(before, int(word(list, r)))] }
all_rows = words(list)
group(r) = of_gpus ? int(word(list, r)) / 16777216 : int(word(list, r)) / 4096
p(r) = p50[row_of[r]]
if (all_rows > most_rows) {
	ends = " "; r = 1
	while (r <= all_rows) {
		first = r; fast = r; slow = r
		while (r <= all_rows && group(r <= all_rows ? r : 1) == group(first)) {
			if (p(r) < p(fast)) { fast = r }
			if (p(r) > p(slow)) { slow = r }
			r = r + 1
		}
		ends = add(ends, fast < slow ? fast : slow)
		ends = add(ends, fast < slow ? slow : fast)
	}
	kept = " "
	do for [i = 1:words(ends)] { r = int(word(ends, i)); kept = kept.word(list, r)." "; row_of[i] = row_of[r] }
	list = kept
}
rows = words(list) > 2 * most_rows ? 2 * most_rows : words(list)

# ---- the axis: to three times the longest 99 % quantile; what took longer is written ----

least = NaN; tail = 0; most = 0; all = 0
array last[rows]
do for [r = 1:rows] {
	i = row_of[r]
	if (!is(p99[i])) { do for [w in each[i]] { p99[i] = is(p99[i]) && p99[i] > real(w) ? p99[i] : real(w) } }
	last[r] = or(worst[i], or(p99[i], p50[i]))
	first = best[i] < p50[i] ? best[i] : p50[i]
	least = is(least) && least < first ? least : first
	tail = or(p99[i], p50[i]) > tail ? or(p99[i], p50[i]) : tail
	most = last[r] > most ? last[r] : most
	all = all || is(p90[i])
}
end = most < 3 * tail ? most : 3 * tail
factor = factor_for(unit, p50[row_of[1]])
decimals = decimals_for(tail / factor)
low = least / factor * 0.95; high = end / factor * 1.05

node_words(v) = (_m = (v / 4096) % 4096 - 1, _c = v % 4096 - 1, _m < 0 ? (_c < 0 ? "" : "node "._c) : \
	_c < 0 || _c == _m ? "node "._m : "node "._m.", CPUs of "._c)
label(v) = (_g = v / 16777216 - 1, _w = node_words(v), _g < 0 ? _w : "GPU "._g.(_w eq "" ? "" : ", "._w))
longest = 0
set print $rows
do for [r = 1:rows] {
	i = row_of[r]
	text = label(int(word(list, r))).(state[i] eq "unstable" ? " ?" : "")
	longest = strlen(text) > longest ? strlen(text) : longest
	print sprintf("%d %g %g %g %g %g %g", r, best[i] / factor, p50[i] / factor, \
		p90[i] / factor, is(p90[i]) ? p99[i] / factor : NaN, \
		(last[r] > end ? high * factor : last[r]) / factor, last[r] > end ? NaN : last[r] / factor)
}
unset print
# Without quantiles: every sample.
set print $samples
print "NaN NaN"
do for [r = 1:rows] { i = row_of[r]; if (!is(p90[i])) { do for [w in each[i]] { print sprintf("%.9g %d", real(w) / factor, r) } } }
unset print
set datafile separator whitespace
unset datafile columnheaders

# ---- drawn ----

what = name[row_of[1]]
cut = strstrt(what, ",")
what = of_gpus ? (cut ? what[:cut - 1] : what) : wanted("metric")." of memory"
what = what.page_words(wanted("pages_asked")).", ".unit_for(unit, factor)
tall = 26
side = longest * 8.8 + 24
figures = 196
unsure = 0
do for [r = 1:rows] { unsure = unsure || state[row_of[r]] eq "unstable" }
foot = 1 + unsure + (all_rows > rows)
height = 84 + rows * tall + 64 + 18 * foot
eval headline
set lmargin at screen 1.0 * side / width
set rmargin at screen 1 - 1.0 * figures / width
set tmargin at screen 1 - 84.0 / height
set bmargin at screen (64.0 + 18 * foot) / height
set border 1
set logscale x
set xrange [low:high]
set xtics () font small_font offset 0,0.2
shown = 0
do for [k = floor(log10(low)):ceil(log10(high))] { do for [digit in (high / low > 200 ? "1" : high / low > 12 ? "1 3" : high / low > 3 ? "1 1.5 2 3 5 7" : \
	"1 1.1 1.2 1.3 1.4 1.6 1.8 2 2.3 2.6 3 3.5 4 4.5 5 6 7 8 9")] {
	set xtics add (sprintf("%g", digit * 10.0 ** k) digit * 10.0 ** k)
} }
unset ytics
set yrange [rows + 0.6:0.4]
unset key
head_at(at, text) = sprintf("set label \"%s\" at screen %g, screen %g right font small_font textcolor rgb soft", text, 1 - at / width, 1 - 72.0 / height)
eval head_at(figures - 54.0, "median")
eval head_at(figures - 112.0, all ? "99 %" : "")
eval head_at(12.0, "slowest")
y = (18.0 * foot - 4) / height
explain(text) = sprintf("set label at screen %g, screen %g \"%s\" font small_font textcolor rgb soft", 12.0 / width, y, text)
eval explain(all ? "dark: the fastest to the 90 % quantile, and the median; light: to 99 %; thin: to the slowest" : \
	"each stroke is a sample, the long one the median"); y = y - 18.0 / height
if (unsure) { eval explain("? unstable: something disturbed it"); y = y - 18.0 / height }
if (all_rows > rows) { eval explain(sprintf("%d of %d cells: %s", rows, all_rows, of_gpus ? \
	"the fastest and the slowest of each GPU" : "the fastest and the slowest of each node's memory")) }
set style fill solid 1.0 noborder
set xlabel unit_for(unit, factor) offset 0,0.4
cell_at(at, r, text, look) = sprintf("set label \"%s\" at screen %g, first %d right font \",%d\" textcolor rgb ink", text, 1 - at / width, r, look)
do for [r = 1:rows] {
	i = row_of[r]
	eval cell_at(width - side + 14.0, r, label(int(word(list, r))).(state[i] eq "unstable" ? " ?" : ""), letters)
	eval cell_at(figures - 54.0, r, figure(p50[i] / factor, decimals), letters - 1)
	if (all) { eval cell_at(figures - 112.0, r, is(p99[i]) ? figure(p99[i] / factor, decimals) : "", letters - 1) }
	eval cell_at(12.0, r, (last[r] > end ? "→ " : "").figure(last[r] / factor, decimals_for(last[r] / factor)), letters - 1)
}
do for [e in endings] {
	eval terminal_for(e)
	set output base.e
	plot $rows using 2:1:($6 - $2):(0) with vectors nohead linewidth 1 linecolor rgb "#7a7a7a" notitle, \
		$rows using (valid(5) ? $2 : NaN):1:2:5:($1 - 0.2):($1 + 0.2) with boxxyerror linecolor rgb "#a9cbe6" notitle, \
		$rows using (valid(4) ? $2 : NaN):1:2:4:($1 - 0.2):($1 + 0.2) with boxxyerror linecolor rgb "#2e78b5" notitle, \
		$samples using 1:($2 - 0.2):(0):(0.4) with vectors nohead linewidth 1 linecolor rgb "#2e78b5" notitle, \
		$rows using 3:($1 - 0.34):(0):(0.68) with vectors nohead linewidth 2.5 linecolor rgb "#000000" notitle, \
		$rows using 7:($1 - 0.16):(0):(0.32) with vectors nohead linewidth 1 linecolor rgb "#7a7a7a" notitle
	unset output
}
