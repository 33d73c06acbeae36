# look.gp - how the pictures of this folder look, and their units. The others load it; it draws
# nothing.
#
# Wanted before: `csv`, `picture` and `usage`.

if (csv eq "" || picture eq "") {
	print usage
	exit status 2
}
set datafile separator comma
set datafile columnheaders
is(v) = v == v

# ---- units, as the report has them ----

# Bytes per second as GB/s; seconds in what suits the least of them.
factor_for(unit, least) = unit eq "B/s" ? 1e9 : unit ne "s" ? 1 : least >= 1 ? 1 : \
	least >= 1e-3 ? 1e-3 : least >= 1e-6 ? 1e-6 : 1e-9
unit_for(unit, factor) = unit eq "B/s" ? "GB/s" : unit ne "s" ? unit : factor == 1 ? "s" : \
	factor == 1e-3 ? "ms" : factor == 1e-6 ? "us" : "ns"
decimals_for(most) = most < 9.995 ? 2 : most < 999.95 ? 1 : 0
figure(v, decimals) = sprintf(sprintf("%%.%df", decimals), v)
# What is small beside the figure keeps a digit that says something.
small(v, decimals) = v >= 0.5 * 10 ** -decimals || v == 0 ? figure(v, decimals) : \
	v >= 0.05 * 10 ** -decimals ? figure(v, decimals + 1) : "<".figure(10.0 ** -(decimals + 1), decimals + 1)
size_label(v) = v >= 2 ** 30 ? sprintf("%g GiB", v / 2 ** 30) : v >= 2 ** 20 ? \
	sprintf("%g MiB", v / 2 ** 20) : v >= 1024 ? sprintf("%g KiB", v / 1024) : sprintf("%g B", v)
page_words(kind) = kind eq "" ? "" : kind eq "4k" ? ", 4 KiB pages" : kind eq "thp" ? \
	", transparent huge pages" : ", ".kind." pages"

# ---- how it looks ----

# Eight colours that all eyes tell apart, dark enough on white (after Okabe and Ito, 2008), and as
# many shapes; a row of lines has both.
colours = "#0072b2 #d55e00 #009e73 #a0468c #000000 #b07900 #2e86c8 #8c2d04"
shapes = "7 5 9 13 11 6 4 8 12 10 1 2 3"
do for [i = 1:16] {
	dashes = i > 8 ? 2 : 1; shape = int(word(shapes, (i - 1) % words(shapes) + 1))
	set linetype i linecolor rgb word(colours, (i - 1) % 8 + 1) linewidth 2 dashtype dashes \
		pointtype shape pointsize 0.9
}
ink = "#1a1a1a"
soft = "#555555"
faint = "#d9d9d9"
# 640 wide, so that letters of 15 are of 5 points and more where it is printed 80 mm wide.
width = 640
height = 440
letters = 15
set border 3 linecolor rgb "#808080"
set tics nomirror out scale 0.5 textcolor rgb ink
set grid linecolor rgb faint linetype 1 linewidth 1
set key textcolor rgb ink

# The picture's name ends in .svg or .png, or both are made of it.
ending = strlen(picture) > 4 ? picture[strlen(picture) - 3:] : ""
endings = ending eq ".svg" || ending eq ".png" ? ending : ".svg .png"
base = words(endings) == 1 ? picture[:strlen(picture) - 4] : picture
terminal_for(e) = e eq ".svg" ? \
	sprintf("set terminal svg noenhanced size %d,%d font 'sans-serif,%d' background '#ffffff'", width, height, letters) : \
	sprintf("set terminal pngcairo noenhanced size %d,%d font 'sans-serif,%d' fontscale 1.5 ".\
		"linewidth 2 pointscale 2 background '#ffffff'", 2 * width, 2 * height, letters)
# Above it, from the left: what it is, and of which run of which machine. To be evaluated when the
# height is known; takes 58 of it. A long one is written smaller: a letter is 0.6 as wide as high.
what = ""
title = ""
headline = "title = (simulated ? 'SIMULATED: ' : '').what; \
	set label 901 title at screen 12.0 / width, screen 1 - 20.0 / height font font_for(title, letters + 2) textcolor rgb ink; \
	set label 902 machine at screen 12.0 / width, screen 1 - 42.0 / height font font_for(machine, letters - 2) textcolor rgb soft"
font_for(text, most) = (_high = (width - 24) / (0.6 * (strlen(text) + 1)), \
	sprintf(",%.3g", _high > most ? most : _high < 6 ? 6 : _high))
small_font = sprintf(",%d", letters - 2)
