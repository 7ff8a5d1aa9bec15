# Sourced by the programs that are shell scripts: checks that print a line each.

check() {
    local name=$1 started=$EPOCHREALTIME output status
    shift
    output=$("$@" 2>&1)
    status=$?
    if [ $status -ne 0 ]; then
        printf '%s\nFAIL %s: %s ended with %s\n' "$output" "$name" "$1" "$status"
        exit 1
    fi
    echo "ok   $name ($(awk "BEGIN { printf \"%d\", ($EPOCHREALTIME - $started) * 1000 }") ms)"
}

# says WANTED COMMAND...: the command succeeds and prints exactly this.
says() {
    local wanted=$1 output
    shift
    output=$("$@" 2>&1) || { echo "$output"; return 1; }
    [ "$output" = "$wanted" ] || { printf 'got:\n%s\nwanted:\n%s\n' "$output" "$wanted"; return 1; }
}

# fails SQLSTATE COMMAND...: the command fails and names this.
fails() {
    local sqlstate=$1 output
    shift
    if output=$("$@" 2>&1); then echo "no $sqlstate was raised: $output"; return 1; fi
    grep -q "$sqlstate" <<<"$output" || { echo "$output"; return 1; }
}
