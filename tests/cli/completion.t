#!/usr/bin/env bash
# Completion of what is typed, in the shells that are here: asked as each shell itself asks.
. tests/lib.sh

mkdir "$TEST_TMP/completion"
for program in "$BUILD/bin/numabench" "$BUILD"/libexec/numabench/*; do
	"$program" --completion || echo "${program##*/} failed"
done >"$TEST_TMP/table"
for shell in bash zsh fish; do # as scripts/install.mk makes them
	scripts/completion/fill "scripts/completion/numabench.$shell" "$TEST_TMP/table" >"$TEST_TMP/completion/numabench.$shell"
	unlike "$(<"$TEST_TMP/completion/numabench.$shell")" '^@TABLE@' "$shell: the table is in it"
done
is "$(awk -F'\t' 'NF != 6 || /\t\t/ || length($6) > 80' "$TEST_TMP/table")" "" "the table: six fields a line, none empty, none too long"
is "$(grep -c -P '\t-\t-\t' "$TEST_TMP/table")" "$(find "$BUILD/bin/numabench" "$BUILD/libexec/numabench" -type f -perm -u+x | wc -l)" "and a line for every command"
for program in report bind numabench mem-latency; do
	run "$program" --help
	is "$(awk -F'\t' -v c="$program" '$1 == c && $2 != "-" { print $2 }' "$TEST_TMP/table" | sort | tr '\n' ' ')" \
		"$(grep -oE '^  (-., )?--[a-z-]+' <<<"$out" | grep -oE -e '--[a-z-]+' | sort | tr '\n' ' ')" "$program: the options of its --help"
	unlike "$out" '[-]-completion' "$program: --completion is not among them"
done

# What is typed, and what is offered for its last word ("..": among other things; nothing: nothing).
# Words of a comma list are offered with what stands before them.
touch "$TEST_TMP/result.json"
mkdir "$TEST_TMP/results"
cd "$TEST_TMP" || bail "no folder"
cases=(
	"numabench rep|report"
	"numabench mem-|mem-bandwidth mem-latency"
	"numabench --thor|--thorough"
	"numabench report --form|--format"
	"numabench report --format timeline|timeline-csv"
	"numabench report --format=htm|html"
	"numabench report res|result.json results/"
	"numabench report --output result.j|result.json"
	"numabench --all --output res|results/"
	"numabench --all --only mem-b|mem-bandwidth"
	"numabench --all --only migration,mem-b|migration,mem-bandwidth"
	"numabench --all --on-unknown |fail pass"
	"numabench bind --gpu |0 1 2"
	"numabench bind --memory in|interleave"
	"numabench bind --print sl|slurm"
	"numabench bind --gpu 1 -- sha256s|sha256sum"
	"numabench bind --gpu 1 -- cat result.j|result.json"
	"numabench check --gpus 0,|0,0 0,1 0,2"
	"numabench check --explain kernel.numa-b|kernel.numa-balancing"
	"numabench mem-latency --nodes |0 5"
	"numabench mem-latency --pages h|hugetlb"
	"numabench migration --only feed,pag|feed,pages"
	"numabench baseline -o resul|result.json results/"
	"numabench no-such-command --x|"
)
# answers SHELL SCRIPT: the script reads what is typed, a line each, and prints what is offered.
answers() {
	local i got
	mapfile -t got < <(printf '%s\n' "${cases[@]%%|*}" | "$@" 2>"$TEST_TMP/err")
	is "$(<"$TEST_TMP/err")" "" "$1: no complaints"
	for ((i = 0; i < ${#cases[@]}; i++)); do
		is "$(tr ' ' '\n' <<<"${got[i]:-}" | sed '/^$/d' | sort -u | tr '\n' ' ')" "$(tr ' ' '\n' <<<"${cases[i]#*|}" | sed '/^$/d' | sort -u | sed 's,$,,' | tr '\n' ' ')" "$1: ${cases[i]%%|*}"
	done
}

# bash splits at "=" and hands the words over; it adds the slash of folders itself.
cat >ask.bash <<-'END'
	. completion/numabench.bash
	_numabench_gpus() { printf '%s\n' 0 1 2; }
	_numabench_nodes() { printf '%s\n' 0 5; }
	while IFS= read -r line; do
		read -ra COMP_WORDS <<<"${line//=/ = }"
		[[ $line != *' ' ]] || COMP_WORDS+=('')
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_numabench
		for i in "${!COMPREPLY[@]}"; do [ ! -d "${COMPREPLY[i]}" ] || COMPREPLY[i]+=/; done
		echo "${COMPREPLY[*]}"
	done
END
ok bash -n completion/numabench.bash -- "bash: it is bash"
answers bash ask.bash
is "$(bash -c '. completion/numabench.bash; complete -p numabench')" "complete -F _numabench numabench" "bash: it is bound to the command"
if [ -r /usr/share/bash-completion/bash_completion ]; then
	is "$(bash --norc -c '. /usr/share/bash-completion/bash_completion; . completion/numabench.bash
		COMP_WORDS=(numabench bind --gpu 1 -- cat result.j) COMP_CWORD=6 COMP_LINE="${COMP_WORDS[*]}" COMP_POINT=${#COMP_LINE}; _numabench; echo "${COMPREPLY[*]}"' 2>&1)" \
		"result.json" "bash: with bash-completion the command's own completion is asked"
else
	skip "bash-completion is not installed"
fi

if command -v zsh >/dev/null; then
	# What zsh's own functions would offer, with what compset took away put back.
	cat >ask.zsh <<-'END'
		. ./completion/numabench.zsh
		_numabench_gpus() { print -l 0 1 2 }
		_numabench_nodes() { print -l 0 5 }
		offer() { local w; for w; do [[ $w == $rest* ]] && print -rn -- "$taken$w "; done }
		compset() {
			case $2 in
			'*=') rest=${rest#*=} ;;
			'*,') [[ $rest == *,* ]] && taken+=${rest%,*}, rest=${rest##*,} ;;
			esac
		}
		compadd() { while [[ $1 != -- ]]; do shift; done; offer "${@:2}" }
		_describe() { [[ $1 == -o ]] && shift; offer "${(@)${(@P)2}%%:*}" }
		_files() { [[ $1 == -/ ]] && offer *(N/M) || offer *(NM) }
		_normal() { (( CURRENT == 1 )) && offer ${(k)commands} || _files }
		_message() { : }
		while IFS= read -r line; do
			words=(${(z)line}) taken=
			[[ $line == *' ' ]] && words+=('')
			CURRENT=$#words rest=$words[-1]
			_numabench
			print
		done
	END
	ok zsh -n completion/numabench.zsh -- "zsh: it is zsh"
	answers zsh -f ask.zsh
	mkdir functions && cp completion/numabench.zsh functions/_numabench
	is "$(zsh -f -c 'fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D; print $_comps[numabench]' 2>&1)" "_numabench" \
		"zsh: its completion system finds it"
else
	skip "zsh is not installed" $((${#cases[@]} + 3))
fi

if command -v fish >/dev/null; then
	cat >ask.fish <<-'END'
		source completion/numabench.fish
		function __numabench_gpus; printf '%s\n' 0 1 2; end
		function __numabench_nodes; printf '%s\n' 0 5; end
		while read -l line
			echo (complete -C $line | string replace -r '\t.*' '' | string replace -r '^--format=' '')
		end
	END
	ok fish --no-config -n completion/numabench.fish -- "fish: it is fish"
	HOME=$TEST_TMP answers fish --no-config ask.fish
else
	skip "fish is not installed" $((${#cases[@]} + 2))
fi
done_testing
