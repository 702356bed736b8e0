#!/usr/bin/env bash
# run.sh [OUT]: the extension, packaged as for users, in a real VS Code workbench (code-server, driven by Chromium), against
# $SIDENOTE_BIN. Screenshots and logs come to OUT (target/vscode). The session is recorded and checked by strict_lsp.py.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
root=$(cd "$here/../../.." && pwd)
out=$(realpath -m "${1:-${CARGO_TARGET_DIR:-$root/target}/vscode}")
[ -x "${SIDENOTE_BIN:-}" ] || die "set SIDENOTE_BIN to the sidenote binary (now: '${SIDENOTE_BIN:-}')"
server=$(realpath "$SIDENOTE_BIN")
need npm 'install Node.js 20 with npm'
prefix=$SIDENOTE_CACHE/code-server
locked "$SIDENOTE_CACHE/.code-server.lock" bash "$here/install-code-server.sh" "$prefix"
[ ! -e "$prefix/node/bin" ] || export PATH=$prefix/node/bin:$PATH

scratch=$(mktemp -d)
pid=
finish() {
  find "$scratch"/data*/logs -name '*.log' -size +0 -exec cp -t "$out" {} + 2> /dev/null || true
  cp "$scratch"/session*.jsonl "$out" 2> /dev/null || true
  [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
rm -rf "$out"
mkdir -p "$out" "$scratch"/{extensions,probe,build}

# The extension is built in a copy, so that nothing is left beside the sources.
(cd "$root/editors/vscode" && tar -c --exclude=node_modules --exclude=dist --exclude=server .) | tar -x -C "$scratch/build"
extension=$SIDENOTE_CACHE/vscode-extension-$(sha256sum < "$root/editors/vscode/package-lock.json" | cut -c1-12)
if [ ! -e "$extension/.complete" ]; then
  locked "$SIDENOTE_CACHE/.vscode-extension.lock" bash -c "
    . '$here/../setup.sh'
    mkdir -p '$extension' && cp '$root/editors/vscode/package.json' '$root/editors/vscode/package-lock.json' '$extension' && cd '$extension' &&
    retry 3 npm ci --silent --no-audit --no-fund --ignore-scripts && npm rebuild --silent esbuild && touch .complete" >&2
fi
ln -s "$extension/node_modules" "$scratch/build/node_modules"
driver=$SIDENOTE_CACHE/vscode-driver-$(sha256sum < "$here/package-lock.json" | cut -c1-12)
if [ ! -e "$driver/.complete" ]; then
  mkdir -p "$driver"
  cp "$here/package.json" "$here/package-lock.json" "$driver"
  (cd "$driver" && retry 3 npm ci --silent --no-audit --no-fund --ignore-scripts && touch .complete) >&2
fi
(
  cd "$scratch/build"
  sed -i "s#\.\./\.\./#$root/#" scripts/copy.mjs
  npm run --silent check
  npm run --silent build 2>&1
  npx vsce package --no-dependencies --allow-missing-repository --no-rewrite-relative-links --out "$scratch/sidenote.vsix"
) > "$out/package.log" 2>&1 || { cat "$out/package.log" >&2; die 'the extension could not be packaged'; }
cp "$scratch/sidenote.vsix" "$out"

# The server is started through the tee by a program of its name.
cat > "$scratch/sidenote" << END
#!/usr/bin/env bash
[ "\$1" = lsp ] || exec "$server" "\$@"
LSP_TEE_LOG=$scratch/session.jsonl exec python3 "$here/../strict/lsp_tee.py" "$server" "\$@"
END
chmod +x "$scratch/sidenote"
cp -r "$here/project" "$scratch/project"
cat > "$scratch/project/limits.rs" << 'END'
use reqwest::Client;

pub fn client() -> reqwest::Result<Client> {
    Client::builder().danger_accept_invalid_certs(true).build()
}
END
cp -r "$here/probe" "$scratch/extensions/test.probe-0.0.1"
# settings DATA PROGRAM: what a user chose. A program is a machine's own affair: in a window on another machine, as all of
# code-server's are, VS Code takes it from the machine's settings, and from the user's only until it knows the setting.
settings() {
  mkdir -p "$1"/{User,Machine}
  cp "$here/settings.json" "$1/User/settings.json"
  printf '{ "sidenote.server.path": "%s" }\n' "$2" > "$1/Machine/settings.json"
}
settings "$scratch/data" "$scratch/sidenote"

# Workspaces: one of somebody else's, with a rule, a program and settings of its own, and one of two folders.
places=$scratch/places
mkdir -p "$places"/{foreign/.vscode,both/one,both/two} "$scratch"/{bin,own}
bad='export const wait = () => new Promise(async (r) => { await 1; r(0); });'
printf '%s\nconsole.log(wait);\n' "$bad" | tee "$places/foreign/a.ts" "$places/both/one/a.ts" > "$places/both/two/b.ts"
rule='id: own-console\nlanguage: ts\nseverity: error\nmessage: No console.\nrule: { pattern: console.log($A) }\n'
printf "$rule" | tee "$places/foreign/own.yml" > "$places/both/two/own.yml"
printf '[rules]\npaths = ["own.yml"]\n' > "$places/foreign/sidenote.toml"
printf '[rules]\nselect = ["async-promise-executor"]\n' > "$places/both/one/sidenote.toml"
printf '[rules]\npaths = ["own.yml"]\nselect = ["own-console"]\n' > "$places/both/two/sidenote.toml"
printf '{ "folders": [{ "path": "both/one" }, { "path": "both/two" }] }\n' > "$places/both.code-workspace"
# A model whose host is scripted: a header alone, and beside it what the model says.
scripted=${SIDENOTE_SCRIPTED_HOST:-$(ls -t "${CARGO_TARGET_DIR:-$root/target}"/*/sidenote-scripted-host 2> /dev/null | head -1)}
has_model=0
cp "$server" "$scratch/bin/sidenote"
if [ -x "$scripted" ]; then
  has_model=1
  cp "$scripted" "$scratch/bin/sidenote-host"
  python3 - "$scratch/own/scripted.gguf" << 'END'
import json, struct, sys
text = lambda s: struct.pack("<Q", len(s)) + s.encode()
open(sys.argv[1], "wb").write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("general.architecture") + struct.pack("<I", 8) + text("llama") + bytes(64))
fix = {"lines": "export const wait = () => new Promise((r) => { r(0); });"}
script = [
    {"system": "You explain", "text": "An error in an async executor is lost."},
    {"system": "You correct", "text": json.dumps(fix)},
]
open(sys.argv[1] + ".script", "w").write(json.dumps(script))
END
  SIDENOTE_CACHE=$scratch/own/cache SIDENOTE_CONFIG=$scratch/own/config "$scratch/bin/sidenote" model add "$scratch/own/scripted.gguf" --use
else
  say 'sidenote-scripted-host is not built (cargo build -p sidenote-host --bin sidenote-scripted-host): VS Code is tested without a model'
fi
for name in sidenote other; do
  cat > "$scratch/bin/$name-lsp" << END
#!/usr/bin/env bash
[ "\$1" = lsp ] || exec "$scratch/bin/sidenote" "\$@"
$([ $name = sidenote ] || echo "touch '$places/other-was-run'")
LSP_TEE_LOG=$scratch/session-places.jsonl exec python3 "$here/../strict/lsp_tee.py" "$scratch/bin/sidenote" "\$@"
END
  chmod +x "$scratch/bin/$name-lsp"
done
printf '{ "sidenote.server.path": "%s", "sidenote.workspaceRules": true, "sidenote.localModels": true }\n' "$scratch/bin/other-lsp" > "$places/foreign/.vscode/settings.json"
settings "$scratch/data-places" "$scratch/bin/sidenote-lsp"

node=$prefix/node_modules/.bin/code-server
common=(--config "$scratch/config.yaml" --extensions-dir "$scratch/extensions")
"$node" "${common[@]}" --user-data-dir "$scratch/data" --install-extension "$scratch/sidenote.vsix" > "$out/install.log" 2>&1 || { cat "$out/install.log" >&2; die 'the extension could not be installed'; }

# serve NAME ARG...: starts code-server; its port goes to $port.
serve() {
  local name=$1
  shift
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  PROBE_DIR=$scratch/$name "$node" "${common[@]}" --auth none --bind-addr "127.0.0.1:$port" --disable-telemetry --disable-update-check \
    --disable-getting-started-override "$@" > "$out/code-server-$name.log" 2>&1 &
  pid=$!
  for _ in $(seq 150); do
    (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && break
    sleep 0.2
  done
}

# end: ends it.
end() {
  kill "$pid" 2> /dev/null || true
  wait "$pid" 2> /dev/null || true
  pid=
}

cp "$here"/*.mjs "$driver"
status=0
has_host=0
[ ! -x "$(dirname "$server")/sidenote-host" ] || has_host=1
patience=${SIDENOTE_VSCODE_TIMEOUT:-240}
if [ "${SIDENOTE_VSCODE_ONLY:-editor}" = editor ]; then
  serve probe --user-data-dir "$scratch/data" --disable-workspace-trust
  HAS_HOST=$has_host URL=http://127.0.0.1:$port FOLDER=$scratch/project PROBE=$scratch/probe SERVER=$scratch/sidenote OUT=$out \
    timeout "$patience" node "$driver/e2e.mjs" || status=$?
  end
fi
if ((status == 0)) && [ "${SIDENOTE_VSCODE_ONLY:-workspaces}" = workspaces ]; then
  mkdir -p "$scratch/probe-places"
  SIDENOTE_CACHE=$scratch/own/cache SIDENOTE_CONFIG=$scratch/own/config serve probe-places --user-data-dir "$scratch/data-places"
  HAS_MODEL=$has_model URL=http://127.0.0.1:$port PLACES=$places PROBE=$scratch/probe-places OUT=$out timeout "$patience" node "$driver/workspaces.mjs" || status=$?
  end
fi
if ((status != 0)); then
  say "the test in VS Code failed; screenshots and logs are in $out"
  # Where only this text is left of the machine: what the extension and its host logged, and the last messages.
  find "$scratch"/data*/logs \( -name Sidenote.log -o -name remoteexthost.log \) -size +0 -exec tail -n 15 {} + | cut -c1-240 >&2
  for log in "$scratch"/session*.jsonl; do
    [ ! -e "$log" ] || { say "last messages of $(basename "$log")"; tail -n 10 "$log" | cut -c1-240 >&2; }
  done
fi
for log in session session-places; do
  [ ! -e "$scratch/$log.jsonl" ] || bash "$here/../strict/run.sh" "$scratch/$log.jsonl" | sed "s#$scratch/##" || status=1
done
exit "$status"
