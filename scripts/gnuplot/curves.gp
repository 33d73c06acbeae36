# curves.gp - lines over `x`, a column of the table; sizes.gp, threads.gp and load.gp load it. By
# itself it draws nothing.
#
# Wanted before, besides what cells.gp wants: `x`, its `x_name` and `x_factor`; `with_x`, the columns
# that may differ along a line; `x_log` and `y_log`; `title_of(a)`, and `fits(a)`, whether a row is one.

free = "metric gpu cpu_node mem_node pages_asked bytes threads load_step"
load folder."cells.gp"

# ---- the points, and which line has each ----

enough = 3 # points make a line
most_lines = 16 # more cannot be told apart
apart = ""
do for [key in "metric gpu cpu_node mem_node pages_asked bytes threads"] {
	if (strstrt(" ".with_x." ", " ".key." ") == 0) { apart = apart.key." " }
}
filled(s) = s eq "" ? "-" : s
key_of(a) = (_k = "", (sum [_i = 1:words(apart)] (_k = _k.filled(strcol(word(apart, _i)))."|", 0)), _k)
array px[room]; array py[room]; array plow[room]; array phigh[room]; array pline[room]; array unsure[room]
n = 0; lines = " "; unit = ""; what = ""
keep(key) = (n = n + 1, lines = add(lines, key), px[n] = number(x) / x_factor, py[n] = number("median"), \
	plow[n] = number("low") > 0 ? number("low") : py[n], \
	phigh[n] = is(number("high")) ? number("high") : py[n], pline[n] = place(lines, key), \
	unsure[n] = strcol("status") eq "unstable", unit = strcol("unit"), 0)
# A name is one word: as such it stands in a list.
note(a) = takes(0) && fits(0) && words(strcol("metric")) == 1 && number("median") > 0 && \
	(x_log ? number(x) > 0 : number(x) >= 0) ? keep(key_of(0)) : 0
stats csv using (note(0)) nooutput

# The lines that are long enough, in order; which of their parts differ, and so make their names.
array points[words(lines) + 1]
do for [i = 1:words(lines)] { points[i] = 0 }
do for [i = 1:n] { points[pline[i]] = points[pline[i]] + 1 }
drawn = " "; all_lines = 0
do for [i = 1:words(lines)] { if (points[i] >= enough) {
	all_lines = all_lines + 1
	if (all_lines <= most_lines) { drawn = drawn.i." " }
} }
if (all_lines == 0) {
	print sprintf("%s: no %d points of one line over %s with %s", csv, enough, x, want)
	exit status 1
}
part(key, i) = (_at = strstrt(key, "|"), i == 1 ? key[:_at - 1] : part(key[_at + 1:], i - 1))
part_of(line, name) = (_at = strstrt(" ".apart, " ".name." "), _at == 0 ? "-" : \
	part(word(lines, line), words((" ".apart)[:_at]) + 1))
differs(name) = (_first = part_of(int(word(drawn, 1)), name), \
	(sum [_i = 1:words(drawn)] (part_of(int(word(drawn, _i)), name) ne _first)) > 0)
several = ""
do for [key in apart] { if (differs(key)) { several = several.key." " } }
varies(name) = strstrt(" ".several, " ".name." ") > 0
comma(a, b) = a eq "" ? b : b eq "" ? a : a.", ".b
node_words(cpu, mem) = mem eq "-" ? (cpu eq "-" ? "" : "node ".cpu) : cpu eq mem || cpu eq "-" ? "node ".mem : \
	"node ".mem.", CPUs of ".cpu
line_name(i) = (_n = varies("metric") ? part_of(i, "metric") : "", \
	_n = comma(_n, part_of(i, "gpu") eq "-" ? "" : "GPU ".part_of(i, "gpu")), \
	_n = comma(_n, node_words(part_of(i, "cpu_node"), part_of(i, "mem_node"))), \
	_n = varies("pages_asked") ? _n.page_words(part_of(i, "pages_asked") eq "-" ? "usual" : part_of(i, "pages_asked")) : _n, \
	_n = varies("bytes") ? comma(_n, size_label(real(part_of(i, "bytes")))) : _n, \
	varies("threads") ? comma(_n, part_of(i, "threads")." threads") : _n)

# ---- each line in order of x, a block of its own ----

x_least = NaN; x_most = NaN; y_least = NaN; y_most = NaN; unsure_any = 0
do for [i = 1:n] { if (strstrt(drawn, " ".pline[i]." ")) {
	x_least = is(x_least) && x_least < px[i] ? x_least : px[i]
	x_most = is(x_most) && x_most > px[i] ? x_most : px[i]
	y_least = is(y_least) && y_least < plow[i] ? y_least : plow[i]
	y_most = is(y_most) && y_most > phigh[i] ? y_most : phigh[i]
	unsure_any = unsure_any || unsure[i]
} }
factor = factor_for(unit, y_least)
array order[n]
set print $points
do for [line in drawn] {
	m = 0
	do for [i = 1:n] { if (pline[i] == int(line)) {
		m = m + 1; j = m
		while (j > 1 && px[order[j > 1 ? j - 1 : 1]] > px[i]) { order[j] = order[j - 1]; j = j - 1 }
		order[j] = i
	} }
	do for [j = 1:m] {
		i = order[j]
		print sprintf("%.9g %.9g %.9g %.9g %s", px[i], py[i] / factor, plow[i] / factor, \
			phigh[i] / factor, unsure[i] ? "?" : "NaN")
	}
	print ""; print ""
}
unset print
set datafile separator whitespace
unset datafile columnheaders

# ---- drawn: the first ones widest, for lines may lie upon each other ----

what = comma(title_of(0).page_words(varies("pages_asked") ? "" : wanted("pages_asked")), unit_for(unit, factor))
longest = 0
do for [line in drawn] { longest = strlen(line_name(int(line))) > longest ? strlen(line_name(int(line))) : longest }
across = int((width - 40.0) / (longest * 7.2 + 52)); across = across < 1 ? 1 : across > words(drawn) ? words(drawn) : across
key_rows = (words(drawn) + across - 1) / across
foot = 1 + unsure_any + (all_lines > most_lines)
height = 62 + 320 + 84 + 22 * key_rows + 18 * foot
eval headline
set lmargin at screen 70.0 / width
set rmargin at screen 1 - 20.0 / width
set tmargin at screen 1 - 62.0 / height
set bmargin at screen (84.0 + 22 * key_rows + 18 * foot) / height
set key at screen 0.5, screen (22.0 * key_rows + 18 * foot + 24) / height center top horizontal \
	maxcolumns across samplen 2.2 font small_font Left reverse
set xlabel x_name offset 0,0.55
set xtics font small_font offset 0,0.2
set ytics font small_font
y = (18.0 * foot - 4) / height
explain(text) = sprintf("set label at screen %g, screen %g \"%s\" font small_font textcolor rgb soft", 12.0 / width, y, text)
eval explain("points: medians; bars: their 95 % intervals"); y = y - 18.0 / height
if (unsure_any) { eval explain("?  unstable: something disturbed it"); y = y - 18.0 / height }
if (all_lines > most_lines) { eval explain(sprintf("the first %d of %d lines", most_lines, all_lines)) }
if (x_log) {
	set logscale x 2
	low = floor(log(x_least) / log(2)); high = ceil(log(x_most) / log(2))
	step = high - low > 14 ? 4 : high - low > 7 ? 2 : 1
	set xtics ()
	do for [k = low:high:step] { set xtics add (x_label(2.0 ** k) 2.0 ** k) }
	set xrange [x_least / 1.25:x_most * 1.25]
} else {
	set xrange [0:x_most > 0 ? x_most * 1.04 : 1]
}
if (y_log && y_most > 3 * y_least) {
	set logscale y
	set yrange [y_least / factor / 1.3:y_most / factor * 1.3]
	set ytics ()
	do for [k = floor(log10(y_least / factor)):ceil(log10(y_most / factor))] {
		do for [digit in "1 2 5"] { set ytics add (sprintf("%g", digit * 10.0 ** k) digit * 10.0 ** k) }
	}
} else {
	set yrange [0:y_most / factor * 1.08]
}
do for [e in endings] {
	eval terminal_for(e)
	set output base.e
	plot for [i = 1:words(drawn)] $points index i - 1 using 1:2:3:4 with yerrorlines linetype i \
			linewidth 5.0 - 3.5 * (i - 1) / words(drawn) pointsize 1.5 - 0.9 * (i - 1) / words(drawn) \
			title line_name(int(word(drawn, i))), \
		$points using 1:2:(strcol(5) eq "?" ? "?" : "") with labels offset 0,0.8 font small_font textcolor rgb ink notitle
	unset output
}
