#!/usr/bin/env bash
# Builds Sidenote from the source that this script lies in, into the folder that the action keeps between jobs.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=${SIDENOTE_ACTION_ROOT:-$HOME/.cache/sidenote/action}
command -v cargo > /dev/null || { echo '::error::cargo is not installed: run actions-rust-lang/setup-rust-toolchain first, or name a binary' >&2; exit 1; }
cargo install --quiet --locked --path "$source/server/cli" --root "$root"
"$root/bin/sidenote" --version
