# Sourced by the `install` step of each driver: packages only when something is missing, never a global pip or npm.
# $BUILD is a folder for what the step compiles; scripts/test-drivers sets it.

DRIVERS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$DRIVERS/.venv

# apt PACKAGE...: installs those that are missing; an ordinary user without sudo is told which.
apt() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}")
    if [ "$(id -u)" -eq 0 ]; then
        "${install[@]}" || { apt-get update -q && "${install[@]}"; }
    elif sudo -n true 2>/dev/null; then
        sudo "${install[@]}" || { sudo apt-get update -q && sudo "${install[@]}"; }
    else
        echo "missing packages; please run: apt-get install ${missing[*]}" >&2
        return 1
    fi
}

# pip REQUIREMENTS_FILE: into the virtual environment that the Python drivers share.
pip() {
    if [ ! -x "$VENV/bin/pip" ]; then
        apt python3-venv
        /usr/bin/python3 -m venv "$VENV"
    fi
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$1"
}

# npm: what package.json names, into ./node_modules.
npm() {
    command -v npm >/dev/null || apt nodejs npm
    [ node_modules -nt package.json ] && return
    command npm install --no-audit --no-fund --no-package-lock --loglevel=error
    touch node_modules
}
