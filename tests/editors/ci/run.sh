#!/usr/bin/env bash
# What CI systems and pre-commit do with Sidenote, step by step: the action's scripts in a repository with a pull request,
# the hook by real pre-commit, the schemas of action.yml and the GitLab template, the install script against local archives.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
# shellcheck source=tests/editors/setup.sh
. "$here/../setup.sh"
need git 'install git'
need curl 'install curl'
ensure_venv ci "$here/requirements.txt"
binary=${SIDENOTE_BIN:?}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GIT_CONFIG_GLOBAL=$scratch/gitconfig GIT_CONFIG_NOSYSTEM=1 HOME=$scratch/home PRE_COMMIT_HOME=$scratch/pre-commit
mkdir -p "$HOME"
git config --global user.name a
git config --global user.email a@example.com
git config --global init.defaultBranch main
git config --global protocol.file.allow always

flaw() { printf 'export function %s(url) {\n  return new Promise(async (r) => r(await fetch(url)));\n}\n' "$1"; }
expect() { [ "$2" = "$3" ] || die "$1: expected \`$3\`, got \`$2\`"; }

say 'action.yml, the hooks and the GitLab template against their schemas'
"$VENV/bin/check-jsonschema" --builtin-schema vendor.github-actions "$root/action.yml" >&2
"$VENV/bin/check-jsonschema" --builtin-schema vendor.github-workflows "$root/.github/workflows/release.yml" >&2
"$VENV/bin/check-jsonschema" --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci "$root/editors/gitlab/sidenote.gitlab-ci.yml" >&2
"$VENV/bin/pre-commit" validate-manifest "$root/.pre-commit-hooks.yaml" >&2
for script in "$root"/editors/github/*.sh "$root/editors/pre-commit/sidenote-hook"; do bash -n "$script"; done
sh -n "$root/editors/install.sh"

say 'the action in a pull request'
origin=$scratch/origin
git init --quiet "$origin"
mkdir "$origin/src"
flaw old > "$origin/src/old.ts"
flaw other > "$origin/src/other.ts"
git -C "$origin" add --all
git -C "$origin" commit --quiet -m base
git -C "$origin" checkout --quiet -b topic
{ echo '// moved'; flaw old; flaw fresh; } > "$origin/src/old.ts"
git -C "$origin" commit --quiet -am change
# As actions/checkout leaves it: one commit, one branch.
git clone --quiet --depth 1 --branch topic "file://$origin" "$scratch/job"
cd "$scratch/job"
run_action() {
  : > "$scratch/output"; : > "$scratch/summary"
  env SIDENOTE_BINARY="$binary" GITHUB_OUTPUT="$scratch/output" GITHUB_STEP_SUMMARY="$scratch/summary" "$@" \
    bash "$root/editors/github/scan.sh" > "$scratch/log" 2>&1 || die "the scan step failed: $(cat "$scratch/log")"
}
output() { sed -n "s/^$1=//p" "$scratch/output"; }
run_action GITHUB_BASE_REF=main
expect 'exit code of a pull request with a new finding' "$(output code)" 1
expect 'findings' "$(output findings)" 3
states=$(python3 -c 'import json; print(" ".join(r["baselineState"] for r in json.load(open("sidenote.sarif"))["runs"][0]["results"]))')
expect 'states' "$states" 'unchanged new unchanged'
grep -q '^## Sidenote: 1 new finding$' "$scratch/summary" || die "summary: $(cat "$scratch/summary")"
grep -q '^::error file=src/old.ts,line=6' "$scratch/log" || die "annotations: $(cat "$scratch/log")"
run_action GITHUB_BASE_REF=main SIDENOTE_FAIL_ON=new:critical
expect 'exit code below the limit' "$(output code)" 0
run_action SIDENOTE_FAIL_ON=high SIDENOTE_PATH=src/other.ts SIDENOTE_ARGS='--ignore async-promise-executor' SIDENOTE_ANNOTATIONS=false
expect 'exit code of a push without findings' "$(output code) $(output findings) $(output score)" '0 0 100.0'
# A branch whose name is a command is a name.
git -C "$origin" branch 'a;touch${IFS}sprung' main
run_action GITHUB_BASE_REF='a;touch${IFS}sprung'
expect 'findings against an odd branch' "$(output findings)" 3
[ ! -e sprung ] || die 'the name of a branch ran as a command'
if env SIDENOTE_BINARY="$binary" GITHUB_OUTPUT="$scratch/output" SIDENOTE_ARGS=--nonsense bash "$root/editors/github/scan.sh" > /dev/null 2>&1; then
  die 'wrong arguments did not fail the step'
fi

say 'the hook by pre-commit'
# The source as a clone of the project gives it; building is left to `cargo install`, which has tests of its own.
hooks=$scratch/hooks
git init --quiet "$hooks"
mkdir -p "$hooks/editors/pre-commit"
cp "$root/.pre-commit-hooks.yaml" "$hooks/"
cp "$root/editors/pre-commit/sidenote-hook" "$hooks/editors/pre-commit/"
git -C "$hooks" add --all
git -C "$hooks" commit --quiet -m hooks
git -C "$hooks" tag v1
work=$scratch/work
git init --quiet "$work"
cd "$work"
flaw old > old.ts
printf 'repos:\n  - repo: file://%s\n    rev: v1\n    hooks: [{ id: sidenote }, { id: sidenote-all }]\n' "$hooks" > .pre-commit-config.yaml
git add --all
git commit --quiet -m base
export SIDENOTE_BIN=$binary
"$VENV/bin/pre-commit" install > /dev/null
echo 'export const clean = 1;' > clean.ts
git add clean.ts
git commit --quiet -m clean > "$scratch/log" 2>&1 || die "a clean commit was refused: $(cat "$scratch/log")"
flaw fresh > fresh.ts
git add fresh.ts
if git commit --quiet -m flaw > "$scratch/log" 2>&1; then die 'a commit with a new finding went through'; fi
grep -q 'fresh.ts:2' "$scratch/log" || die "the hook said: $(cat "$scratch/log")"
if grep -q 'old.ts:2' "$scratch/log"; then die 'the hook reported what is old'; fi
if "$VENV/bin/pre-commit" run sidenote-all --hook-stage manual --all-files > "$scratch/log" 2>&1; then die 'sidenote-all found nothing'; fi
grep -q 'old.ts:2' "$scratch/log" || die "sidenote-all said: $(cat "$scratch/log")"

say 'the install script'
# The archive is packed as `cargo x package` does it; a build of its own would take minutes.
name=sidenote-$(uname -m)-unknown-linux-gnu
mkdir -p "$scratch/releases/latest/download" "$scratch/pack/$name"
cp "$binary" "$scratch/pack/$name/sidenote"
archive=$scratch/releases/latest/download/$name.tar.gz
tar -czf "$archive" -C "$scratch/pack" "$name"
(cd "$(dirname "$archive")" && sha256sum "$name.tar.gz" > "$name.tar.gz.sha256")
install() { SIDENOTE_RELEASES=file://$scratch/releases sh "$root/editors/install.sh" --to "$scratch/bin" "$@"; }
install > "$scratch/log" 2>&1 || die "install.sh: $(cat "$scratch/log")"
expect 'the installed version' "$("$scratch/bin/sidenote" --version)" "$("$binary" --version)"
rm "$scratch/bin/sidenote"
echo tampered >> "$archive"
if install > "$scratch/log" 2>&1; then die 'a tampered archive was installed'; fi
grep -q 'nothing was installed' "$scratch/log" || die "install.sh said: $(cat "$scratch/log")"
[ ! -e "$scratch/bin/sidenote" ] || die 'a tampered archive left a file'
say 'ok'
