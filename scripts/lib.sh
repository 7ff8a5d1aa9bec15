# What scripts/quickstart and scripts/test share. Sourced, not run.

# sysexits.h: a service that is needed is not to be had.
readonly EX_UNAVAILABLE=69

say() { printf '%s\n' "$*"; }

have() { command -v "$1" >/dev/null 2>&1; }

# rustup's folder is not on the PATH of a shell that was open before it was installed.
find_cargo() {
    if ! have cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
}

# require PROGRAM HOW-TO-GET-IT: what these scripts do not install by themselves.
require() {
    have "$1" && return
    say "   $1 is missing: $2"
    exit "$EX_UNAVAILABLE"
}

require_toolchain() {
    find_cargo
    require git "install the package git"
    require cc "install a C compiler (Debian: gcc libc6-dev, Fedora: gcc, Alpine: build-base)"
    require cargo "install Rust from https://rustup.rs"
    say "   $(git --version), $(cargo --version)"
}

# The folder with PostgreSQL's server programs; src/demo/binaries.rs looks in the same places.
postgres_bin() {
    local folder
    if [ -n "${PGWEIR_PG_BIN:-}" ]; then
        has_postgres "$PGWEIR_PG_BIN"
        return
    fi
    while read -r folder; do
        if has_postgres "$folder"; then return; fi
    done <<<"$(postgres_candidates)"
    return 1
}

postgres_candidates() {
    if have pg_config; then pg_config --bindir || true; fi
    ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/libexec/postgresql* 2>/dev/null | sort -Vr || true
    printf '%s\n' "$PATH" | tr ':' '\n'
}

# Says the folder if it has all that a cluster needs.
has_postgres() {
    local program
    for program in postgres initdb pg_basebackup psql; do
        [ -x "$1/$program" ] || return 1
    done
    printf '%s\n' "$1"
}

# How this distribution installs PostgreSQL; src/demo/package.rs has the same table.
postgres_install_command() {
    if have apt-get; then
        say "apt-get install -y --no-install-recommends postgresql"
    elif have dnf; then
        say "dnf install -y postgresql-server postgresql-contrib"
    elif have apk; then
        say "apk add postgresql postgresql-client postgresql-contrib"
    fi
}

# as_root COMMAND...: fails where root is not to be had.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        return 1
    fi
}

require_postgres() {
    local folder install
    folder=$(postgres_bin || true)
    if [ -z "$folder" ] && [ -n "${PGWEIR_PG_BIN:-}" ]; then
        say "   PGWEIR_PG_BIN is $PGWEIR_PG_BIN, which does not have all of PostgreSQL's server programs"
        exit "$EX_UNAVAILABLE"
    fi
    if [ -z "$folder" ]; then
        install=$(postgres_install_command)
        install_postgres "$install"
        folder=$(postgres_bin || true)
    fi
    if [ -z "$folder" ]; then
        say "   PostgreSQL's server programs are still not to be found: name their folder in PGWEIR_PG_BIN"
        exit "$EX_UNAVAILABLE"
    fi
    say "   $("$folder/postgres" --version), in $folder"
}

# install_postgres COMMAND, which may be empty.
install_postgres() {
    if [ -z "$1" ]; then
        say "   PostgreSQL is missing: install its server with your package manager, then run this again"
        exit "$EX_UNAVAILABLE"
    fi
    say "   PostgreSQL is missing: $1"
    if have apt-get; then
        # Fails without harm where the lists are fresh and the network is away.
        as_root apt-get update -qq || true
    fi
    # Word splitting is meant: the command is one of the constants above.
    # shellcheck disable=SC2086
    if ! as_root env DEBIAN_FRONTEND=noninteractive $1; then
        say "   cannot install it from here; run this as root, then run this script again:"
        say "       $1"
        exit "$EX_UNAVAILABLE"
    fi
}
