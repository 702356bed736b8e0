#!/usr/bin/env bash
# install-code-server.sh FOLDER: a real VS Code workbench (code-server, VS Code 1.100.3), from the npm registry alone.
# Sourced functions of setup.sh do the waiting and retrying. The package's own postinstall downloads from GitHub and
# compiles what a test does not need; its steps are done by hand here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../setup.sh"
VERSION=4.100.3
prefix=$(realpath -m "${1:?usage: install-code-server.sh FOLDER}")
[ ! -e "$prefix/.complete-$VERSION" ] || exit 0
debian_packages chromium ripgrep fonts-dejavu-core g++ make

say "installing code-server $VERSION into $prefix (about a minute, 320 MB)"
rm -rf "$prefix"
mkdir -p "$prefix"
cd "$prefix"
echo '{"private": true}' > package.json
# It runs on Node.js 20 and 22. Debian 12 has 18: then Node.js itself comes from npm, where it is a plain package with headers.
case $(node --version 2> /dev/null) in
  v20.* | v22.*)
    if [ -e /usr/include/node/common.gypi ]; then
      export npm_config_nodedir=${npm_config_nodedir:-/usr}
    fi
    ;;
  *)
    arch=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
    retry 3 npm install --silent --no-audit --no-fund --ignore-scripts "node-linux-$arch@20"
    ln -sfn "node_modules/node-linux-$arch" node
    export npm_config_nodedir=$prefix/node PATH=$prefix/node/bin:$PATH
    ;;
esac
retry 3 npm install --silent --no-audit --no-fund --ignore-scripts --omit=dev "code-server@$VERSION"

rebuild() { npm rebuild --silent --foreground-scripts "$@" >> "$prefix/rebuild.log" 2>&1; }
rebuild argon2 || die "argon2 could not be built; see $prefix/rebuild.log"
cd node_modules/code-server/lib/vscode
retry 3 npm install --silent --no-audit --no-fund --ignore-scripts --omit=dev
for package in @vscode/spdlog native-watchdog @vscode/native-watchdog @vscode/sqlite3; do
  [ ! -d "node_modules/$package" ] || rebuild "$package" || die "$package could not be built; see $prefix/rebuild.log"
done
# Its last step fails after pty.node is there.
rebuild node-pty || [ -e node_modules/node-pty/build/Release/pty.node ] || die "node-pty could not be built; see $prefix/rebuild.log"
mkdir -p node_modules/@vscode/ripgrep/bin
ln -sf "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
ln -sfn node_modules node_modules.asar
(cd extensions && retry 3 npm install --silent --no-audit --no-fund --ignore-scripts --omit=dev)
"$prefix/node_modules/.bin/code-server" --config "$prefix/config.yaml" --version | tail -1 >&2
touch "$prefix/.complete-$VERSION"
