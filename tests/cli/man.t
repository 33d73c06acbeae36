#!/usr/bin/env bash
# The manual pages: one for every command, true, and well set.
. tests/lib.sh
mkdir "$TEST_TMP/man"
pages=()
for program in "$BUILD/bin/numabench" "$BUILD"/libexec/numabench/*; do
	name=${program##*/}
	[ "$name" = numabench ] || name=numabench-$name
	page=$TEST_TMP/man/$name.1
	"$program" --man >"$page" || fail "$name: --man"
	pages+=("$page")
done
ok test "${#pages[@]}" -ge 15 -- "there are pages of ${#pages[@]} commands"
seven=man/numabench.7

# ---- set well ----
if command -v mandoc >/dev/null; then
	is "$(mandoc -Tlint -Wwarning "${pages[@]}" "$seven" 2>&1)" "" "mandoc has no warnings"
else
	skip "mandoc is not installed"
fi
if command -v man >/dev/null && command -v groff >/dev/null; then
	complaints=$(for page in "${pages[@]}" "$seven"; do
		MANROFFSEQ='' MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null
	done)
	is "$complaints" "" "nor has groff"
	is "$(for page in "${pages[@]}" "$seven"; do
		MANWIDTH=80 man -E ascii -l "$page" 2>&1 | col -b | awk -v page="${page##*/}" 'length > 80 { print page ": " $0 }'
	done)" "" "no line is wider than a terminal"
else
	skip "man and groff are not installed" 2
fi
if command -v lexgrog >/dev/null; then
	is "$(lexgrog "${pages[@]}" "$seven" 2>&1 | grep -cv 'unknown subject\|failed')" "$((${#pages[@]} + 1))" "whatis and apropos find all of them"
else
	skip "lexgrog is not installed"
fi
is "$(awk 'length > 100 { print FILENAME ": " $0 }' "${pages[@]}")" "" "the roff itself can be read"

# ---- whole ----
for page in "${pages[@]}"; do
	name=${page##*/}
	name=${name%.1}
	headings=$(sed -n 's/^\.SH //p' "$page" | tr '\n' ' ')
	like "$headings" '^NAME SYNOPSIS DESCRIPTION OPTIONS EXIT STATUS (ENVIRONMENT )?(FILES )?EXAMPLES SEE ALSO $' "$name: its sections"
	command=$BUILD/bin/numabench
	[ "$name" = numabench ] || command=$BUILD/libexec/numabench/${name#numabench-}
	known=$("$command" --help | grep -oE '^  (-., )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u)
	is "$(sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "$page" | sed 's/\\-/-/g' | grep -oE '^(\\fB-.\\fR, )?\\fB--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort -u)" "$known" \
		"$name: the options of its --help"
	# Examples use options that there are; what is behind -- is another command's. numabench itself
	# has one of a command of its own.
	is "$(sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/p' "$page" | sed 's/\\-/-/g; s/\\f.//g' | grep -E '^numabench ' |
		sed 's/ -- .*//; s/^numabench bind/&/' | while read -r line; do
			for word in $line; do case $word in --*) grep -qx -e "${word%%=*}" <<<"$known" || [[ $line == "numabench bind "* ]] || echo "$line: $word" ;; esac; done
		done)" "" "$name: examples with options that there are"
done

# Pages that are referred to are there, if they are ours.
is "$(cat "${pages[@]}" "$seven" | sed 's/\\-/-/g' | grep -oE '^\.BR numabench[a-z-]* \([17]\)' | sort -u | tr -d '()' | while read -r _ name section; do
	[ -e "$TEST_TMP/man/$name.$section" ] || [ -e "man/$name.$section" ] || echo "$name($section)"
done)" "" "no page refers to one of ours that is not there"
for page in "${pages[@]}"; do
	name=${page##*/}
	name=${name%.1}
	sed 's/\\-/-/g' "$seven" | grep -qF ".BR $name (1)" || missing+="$name "
	[ "$name" = numabench ] || grep -qF "${name#numabench-}" < <("$BUILD/bin/numabench" --help) || unnamed+="$name "
done
is "${missing:-}" "" "numabench(7) names every command"
is "${unnamed:-}" "" "and so does numabench --help"
is "$(sed -n '1s/.*"\([0-9-]*\)".*/\1/p' "$seven")" "$(head -qn 1 "${pages[@]}" | sed -n 's/.*"\(20[0-9-]*\)".*/\1/p' | sort -u)" "all pages have the same date"

# What numabench(7) says of limits and files is so.
like "$(<"$seven")" '^\.IR /run/lock/numabench\.lock' "numabench(7): the lock"
like "$(<lib/front/folder.c)" '"/run/lock", "/tmp"' "is where the source has it"
like "$(<"$seven")" '^It matters when the lower end of its interval exceeds 1\.03' "numabench(7): what matters"
like "$(<lib/result/recommend.h)" '1\.03' "is what the source judges by"
done_testing
