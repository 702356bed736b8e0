#!/usr/bin/env bash
# The scan of a job: SARIF, the job's summary, annotations, outputs. All input comes by variables, never by text that is
# part of a command, so that a branch or a path cannot become one.
set -euo pipefail

binary=${SIDENOTE_BINARY:-${SIDENOTE_ACTION_ROOT:-$HOME/.cache/sidenote/action}/bin/sidenote}
sarif=${SIDENOTE_SARIF:-sidenote.sarif}
summary=$(mktemp)
report=$(mktemp)
trap 'rm -f "$summary" "$report"' EXIT

arguments=(scan "${SIDENOTE_PATH:-.}" --quiet --fail-on "${SIDENOTE_FAIL_ON:-new:high}"
  --output "sarif=$sarif" --output "markdown=$summary" --output "json=$report")
[ "${SIDENOTE_ANNOTATIONS:-true}" = true ] && arguments+=(--output github) || arguments+=(--output pretty)
[ -z "${SIDENOTE_BASELINE:-}" ] || arguments+=(--baseline "$SIDENOTE_BASELINE")
# What is found is kept for the next job, where there is a place for it.
if [ -n "${SIDENOTE_CACHE_DIR:-}" ]; then arguments+=(--cache-dir "$SIDENOTE_CACHE_DIR"); else arguments+=(--no-cache); fi
if [ "${SIDENOTE_ONLY_NEW:-true}" = true ] && [ -n "${GITHUB_BASE_REF:-}" ]; then
  # A checkout of one commit knows nothing of the branch that it goes into.
  if ! git merge-base HEAD "origin/$GITHUB_BASE_REF" > /dev/null 2>&1; then
    git fetch --quiet --no-tags --unshallow origin > /dev/null 2>&1 || true
    git fetch --quiet --no-tags origin "+refs/heads/$GITHUB_BASE_REF:refs/remotes/origin/$GITHUB_BASE_REF"
  fi
  # `--include-known`: code scanning closes an alert whose result is missing.
  arguments+=("--diff=origin/$GITHUB_BASE_REF" --include-known)
fi
read -r -a further <<< "${SIDENOTE_ARGS:-}"
code=0
"$binary" "${arguments[@]}" "${further[@]}" || code=$?

[ ! -s "$summary" ] || cat "$summary" >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
field() { sed -n "s/^    \"$1\": \([0-9.]*\),\{0,1\}$/\1/p" "$report" | head -n 1; }
{
  echo "code=$code"
  if [ -s "$sarif" ]; then echo "sarif=$sarif"; fi
  echo "findings=$(field findings)"
  echo "score=$(field score)"
} >> "${GITHUB_OUTPUT:-/dev/stdout}"
# The job fails in a step of its own, after the upload; what is no finding fails here.
[ "$code" -le 1 ] || exit "$code"
