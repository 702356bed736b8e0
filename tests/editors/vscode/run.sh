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
  find "$scratch/data/logs" -name '*.log' -size +0 -exec cp -t "$out" {} + 2> /dev/null || true
  cp "$scratch/session.jsonl" "$out" 2> /dev/null || true
  [ -z "$pid" ] || kill "$pid" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
rm -rf "$out"
mkdir -p "$out" "$scratch"/{data/User,extensions,probe,build}

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
python3 - "$here/settings.json" "$scratch" << 'END'
import json, pathlib, sys
settings = json.loads(pathlib.Path(sys.argv[1]).read_text())
settings["sidenote.server.path"] = f"{sys.argv[2]}/sidenote"
pathlib.Path(sys.argv[2], "data/User/settings.json").write_text(json.dumps(settings))
END

node=$prefix/node_modules/.bin/code-server
common=(--config "$scratch/config.yaml" --user-data-dir "$scratch/data" --extensions-dir "$scratch/extensions")
"$node" "${common[@]}" --install-extension "$scratch/sidenote.vsix" > "$out/install.log" 2>&1 || { cat "$out/install.log" >&2; die 'the extension could not be installed'; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
PROBE_DIR=$scratch/probe "$node" "${common[@]}" --auth none --bind-addr "127.0.0.1:$port" --disable-telemetry --disable-update-check \
  --disable-workspace-trust --disable-getting-started-override > "$out/code-server.log" 2>&1 &
pid=$!
for _ in $(seq 150); do
  (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null && break
  sleep 0.2
done

cp "$here/e2e.mjs" "$driver"
status=0
has_host=0
[ ! -x "$(dirname "$server")/sidenote-host" ] || has_host=1
HAS_HOST=$has_host URL=http://127.0.0.1:$port FOLDER=$scratch/project PROBE=$scratch/probe SERVER=$scratch/sidenote OUT=$out \
  timeout "${SIDENOTE_VSCODE_TIMEOUT:-240}" node "$driver/e2e.mjs" || status=$?
((status == 0)) || say "the test in VS Code failed; screenshots and logs are in $out"
kill "$pid" 2> /dev/null || true
wait "$pid" 2> /dev/null || true
pid=
bash "$here/../strict/run.sh" "$scratch/session.jsonl" | sed "s#$scratch/##" || status=1
exit "$status"
