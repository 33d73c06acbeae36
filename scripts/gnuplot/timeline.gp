# timeline.gp - what went on while a process or its pages were moved, drawn.
#
#     numabench report --format timeline-csv RESULT >moves.csv
#     gnuplot -c scripts/gnuplot/timeline.gp moves.csv moves.png [NUMBER]
#
# NUMBER counts the time lines of the file from 0 (its first column; the second says what each is).
# The picture is a PNG, or an SVG where its name ends so. gnuplot 5.2 or later.

if (ARGC < 2) {
	print "usage: gnuplot -c timeline.gp FILE.csv PICTURE.png [NUMBER]"
	exit status 2
}
number = ARGC > 2 ? int(ARG3) : 0

set datafile separator comma
set datafile columnheaders

# What is drawn: a row of another time line is skipped.
of(v) = column("timeline") == number ? v : NaN
name = ""; unit = ""; back = ""; simulated = 0; shares = 0
note(a) = (name = strcol("name"), unit = strcol("unit"), back = strcol("returned"), \
	simulated = int(column("simulated")), shares = shares + (strcol("share") ne ""), 0)
stats ARG1 using (column("timeline")) name "all" nooutput
if (!exists("all_records") || number < 0 || number > all_max) {
	print sprintf("%s: there is no time line number %d in it", ARG1, number)
	exit status 1
}
stats ARG1 using (column("timeline") == number ? (note(0), column("start")) : NaN):\
	(of(column("rate"))) name "line" nooutput
has_share = shares > 0
has_back = strlen(back) > 0

# Units for a person.
latency = unit eq "s"
factor = latency ? 1e9 : 1e-9
rate_label = latency ? "latency, ns" : "GB/s"
span = line_max_x - line_min_x
scale = span < 0.5 ? 1e3 : 1
time_label = scale == 1e3 ? "ms since the move" : "seconds since the move"

if (strlen(ARG2) > 4 && ARG2[strlen(ARG2) - 3:] eq ".svg") {
	set terminal svg size 960,480 font "sans,12"
} else {
	set terminal pngcairo size 960,480 font "sans,11"
}
set output ARG2
set title (simulated ? "SIMULATED: " : "").name noenhanced
set xlabel time_label
set xrange [line_min_x * scale:line_max_x * scale * 1.02]
set ylabel rate_label
set yrange [0:line_max_y * factor * 1.1]
set grid ytics linecolor "#dddddd" linetype 1
set border 3 + 8 * has_share
set tics nomirror out
set key outside below horizontal
set arrow 1 from 0, graph 0 to 0, graph 1 nohead linecolor "#c00000" dashtype 2 linewidth 1.5
set label 1 " moved" at 0, graph 0.97 textcolor "#c00000"
if (has_back) {
	set arrow 2 from back * scale, graph 0 to back * scale, graph 1 nohead \
		linecolor "#c00000" dashtype 2 linewidth 1.5
	set label 2 " moved back" at back * scale, graph 0.97 textcolor "#c00000"
}
if (has_share) {
	set y2label "pages on the new node, %"
	set y2range [0:110]
	set y2tics 0, 25, 100
}

# A window is a line as long as it is; one that straddles a move is a hollow circle.
begin(a) = of(column("start") * scale)
end(a) = of((column("start") + column("seconds")) * scale)
whole(a) = of(column("straddles") == 0 ? column("rate") * factor : NaN)
cut(a) = of(column("straddles") == 1 ? column("rate") * factor : NaN)
set style arrow 9 nohead linewidth 3 linecolor "#1f4e9c"
set style line 8 linewidth 2 linecolor "#2a8a2a"
set style line 7 pointtype 6 pointsize 1.2 linecolor "#1f4e9c"
of_window = latency ? "latency in a window" : "rate in a window"
if (has_share) {
	plot ARG1 using (begin(0)):(whole(0)):(end(0) - begin(0)):(0) with vectors arrowstyle 9 \
			title of_window, \
		ARG1 using ((begin(0) + end(0)) / 2):(cut(0)) with points linestyle 7 \
			title "straddles a move", \
		ARG1 using (end(0)):(of(column("share") * 100)) axes x1y2 with lines linestyle 8 \
			title "pages on the new node"
} else {
	plot ARG1 using (begin(0)):(whole(0)):(end(0) - begin(0)):(0) with vectors arrowstyle 9 \
			title of_window, \
		ARG1 using ((begin(0) + end(0)) / 2):(cut(0)) with points linestyle 7 \
			title "straddles a move"
}
unset output
