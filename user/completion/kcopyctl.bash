# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of kcopyctl for bash. The command itself says what could be typed;
# where it says nothing, as for a file, bash goes on alone.

_kcopyctl() {
	local word cut line i
	local -a typed=()

	# bash takes --retry=edges for three words, and so "=" and ":" apart; the
	# command takes it for one. What is to be replaced is the last of them.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if ((${#typed[@]})) && [[ $word == [=:]* ||
			${COMP_WORDS[i - 1]} == *[=:] ]]; then
			typed[-1]+=$word
		else
			typed+=("$word")
		fi
	done
	cut=${typed[-1]}
	word=${COMP_WORDS[COMP_CWORD]}
	[[ $word == [=:] ]] && word=
	cut=${cut%"$word"}

	COMPREPLY=()
	while IFS= read -r line; do
		COMPREPLY+=("${line#"$cut"}")
	done < <("${COMP_WORDS[0]}" --complete "${typed[@]}" 2>/dev/null)
	# An option that needs a value is not at its end.
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}

complete -o bashdefault -o default -F _kcopyctl kcopyctl
