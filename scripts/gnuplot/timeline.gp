# timeline.gp - what went on while a process or its pages were moved, window by window.
#
#     numabench report --format timeline-csv RESULT >moves.csv
#     gnuplot -c scripts/gnuplot/timeline.gp moves.csv moves.png
#     gnuplot -c scripts/gnuplot/timeline.gp moves.csv third.svg 2 "node-017, before the BIOS update"
#
# The number counts the time lines of the table from 0 (its first column; the second says what each
# is); behind it may stand a line to be written above. A picture whose name ends neither in .svg nor
# in .png is made as both. gnuplot 5.4 or later.

csv = ARG1; picture = ARG2
number = ARGC > 2 ? int(ARG3) : 0
machine = ARG4
usage = "usage: gnuplot -c timeline.gp MOVES.csv PICTURE.svg [NUMBER [TEXT]]"
folder = ARG0[:strlen(ARG0) - strlen("timeline.gp")]
load folder."look.gp"

# ---- the windows: a row of another time line is skipped ----

of(v) = column("timeline") == number ? v : NaN
name = ""; unit = ""; back = NaN; simulated = 0; shares = 0; cut_any = 0; counted = 0; to = NaN
filled(key) = strcol(key) eq "" ? NaN : column(key)
note(a) = (name = strcol("name"), unit = strcol("unit"), back = filled("returned"), \
	simulated = int(column("simulated")), shares = shares || is(filled("share")), \
	cut_any = cut_any || column("straddles") == 1, counted = counted || filled("rate") > 0, \
	to = is(to) && to > column("start") + column("seconds") ? to : column("start") + column("seconds"), 0)
stats csv using (column("timeline")) name "all" nooutput
if (!exists("all_records") || number < 0 || number > all_max) {
	print sprintf("%s: there is no time line number %d in it", csv, number)
	exit status 1
}
stats csv using (column("timeline") == number ? note(0) : NaN) nooutput
if (!counted) {
	print sprintf("%s: nothing was counted in any window of time line number %d", csv, number)
	exit status 1
}
stats csv using (of(column("start"))) name "time" nooutput
stats csv using (of(filled("rate"))) name "rate" nooutput

# ---- drawn ----

latency = unit eq "s"
factor = factor_for(unit, rate_min)
span = to - time_min
scale = span < 0.5 ? 1e3 : 1
what = name.", ".unit_for(unit, factor)
# A long name goes on in a second line.
half = strlen(what) + 11 * simulated > 56 ? strstrt(what[30:], ";") : 0
what_more = half ? what[31 + half:] : ""
what = half ? what[:28 + half] : what
foot = 1 + cut_any
top = what_more eq "" ? 84 : 100
height = top + 300 + 74 + 18 * foot
run = machine
machine = what_more eq "" ? run : what_more
eval headline
if (what_more ne "") {
	set label 903 run at screen 12.0 / width, screen 1 - 60.0 / height font font_for(run, letters - 2) textcolor rgb soft
}
set lmargin at screen 70.0 / width
set rmargin at screen 1 - (shares ? 96.0 : 20.0) / width
set tmargin at screen 1 - 1.0 * top / height
set bmargin at screen (74.0 + 18 * foot) / height
set xlabel (scale == 1e3 ? "ms" : "seconds")." since the move" offset 0,0.4
set xtics font small_font offset 0,0.2
set ytics font small_font
set xrange [time_min * scale:(to + 0.02 * span) * scale]
set yrange [0:rate_max / factor * 1.1]
set border 3 + 8 * shares
unset key
moved(n, at, text) = sprintf("set arrow %d from first %.9g, graph 0 to first %.9g, graph 1 ".\
	"nohead linecolor rgb '#d55e00' dashtype 2 linewidth 1.5; ".\
	"set label '%s' at first %.9g, graph 1.035 center font small_font textcolor rgb '#b04c00'", n, at, at, text, at)
eval moved(1, 0, "moved")
if (is(back)) { eval moved(2, back * scale, "moved back") }
if (shares) {
	set y2label "pages on the new node, %" textcolor rgb "#007a5a" offset -0.5,0
	set y2range [0:110]
	set y2tics 0, 25, 100 font small_font
}
y = (18.0 * foot - 4) / height
explain(text) = sprintf("set label \"%s\" at screen %g, screen %g font small_font textcolor rgb soft", text, 12.0 / width, y)
eval explain("blue: a stroke is a window, as long as it took".(shares ? "; green, dotted: the pages that have come" : ""))
y = y - 18.0 / height
if (cut_any) { eval explain("hollow: a window that straddles a move") }

begin(a) = of(column("start") * scale)
end(a) = of((column("start") + column("seconds")) * scale)
whole(a) = of(column("straddles") == 0 ? column("rate") / factor : NaN)
cut(a) = of(column("straddles") == 1 ? column("rate") / factor : NaN)
share(a) = of(is(filled("share")) ? column("share") * 100 : NaN)
set style arrow 9 nohead linewidth 3.5 linecolor rgb "#0072b2"
set style line 8 linewidth 2 linecolor rgb "#009e73" dashtype 3
set style line 7 pointtype 6 pointsize 1.2 linecolor rgb "#0072b2"
do for [e in endings] {
	eval terminal_for(e)
	set output base.e
	if (shares) {
		plot csv using (end(0)):(share(0)) axes x1y2 with lines linestyle 8, \
			csv using (begin(0)):(whole(0)):(end(0) - begin(0)):(0) with vectors arrowstyle 9, \
			csv using ((begin(0) + end(0)) / 2):(cut(0)) with points linestyle 7
	} else {
		plot csv using (begin(0)):(whole(0)):(end(0) - begin(0)):(0) with vectors arrowstyle 9, \
			csv using ((begin(0) + end(0)) / 2):(cut(0)) with points linestyle 7
	}
	unset output
}
