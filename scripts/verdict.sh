# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A test that is a shell script: a line for each thing that is found to be so or
# not. Sourced, never run.

passed=0 failed=0
verdict_log=$(mktemp)

# expect SENTENCE COMMAND...: it must succeed; if not, what it said is shown.
expect() {
	local sentence=$1
	shift
	if "$@" >"$verdict_log" 2>&1 </dev/null; then
		printf 'ok    %s\n' "$sentence"
		passed=$((passed + 1))
	else
		printf 'FAIL  %s\n' "$sentence"
		sed 's/^/      /' "$verdict_log" | tail -n 40
		failed=$((failed + 1))
	fi
}

# expect_status N SENTENCE COMMAND...: it must exit with N.
expect_status() {
	local wanted=$1 sentence=$2
	shift 2
	expect "$sentence" exits_with "$wanted" "$@"
}

exits_with() {
	local wanted=$1 status=0
	shift
	"$@" || status=$?
	[ "$status" -eq "$wanted" ] || { echo "exit $status"; return 1; }
}

# said PATTERN COMMAND...: it says so, wherever, whatever its status.
said() {
	local pattern=$1
	shift
	{ "$@" 2>&1 || :; } | tee -a /dev/stderr | grep -E -- "$pattern" >/dev/null
}

# Both for a person and for who adds up.
verdict() {
	rm -f "$verdict_log"
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
