//! Where modules lie: what the manifests of a workspace say, and the rules by which names of modules become files.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;

use crate::system::System;

/// Extensions that a specifier may leave out, in the order in which they are tried.
const EXTENSIONS: [&str; 8] = ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"];
/// Folders of built code, with sources beside them.
const BUILT: [&str; 8] = ["dist", "lib", "build", "out", "esm", "cjs", "es", "output"];
/// `extends` of a TypeScript configuration that are followed.
const MAX_EXTENDS: usize = 8;
/// Parts of the names of packages that keep documents, or take filters as such stores do.
const DOCUMENTS: [&str; 22] = [
    "mongo",
    "monk",
    "nedb",
    "tingo",
    "linvo",
    "loki",
    "pouch",
    "couch",
    "rxdb",
    "typegoose",
    "cosmos",
    "parse-server",
    "payload",
    "waterline",
    "sails",
    "loopback",
    "sequelize",
    "typeorm",
    "mikro",
    "strapi",
    "feathers",
    "keystone",
];
/// What packages call themselves that answer in the place of others, or hand on what they are sent.
const STAND_INS: [&str; 15] = [
    "mock",
    "mocks",
    "mocking",
    "mockserver",
    "stub",
    "stubs",
    "stubbing",
    "fake",
    "emulator",
    "emulation",
    "simulator",
    "proxy",
    "interceptor",
    "intercept",
    "mitm",
];
/// Folders in which a package tests, measures, shows and explains what it offers.
pub const ASIDE: [&str; 17] = [
    "playground",
    "test",
    "tests",
    "__tests__",
    "spec",
    "specs",
    "e2e",
    "example",
    "examples",
    "demo",
    "demos",
    "bench",
    "benchmark",
    "benchmarks",
    "doc",
    "docs",
    "website",
];
/// Largest manifest that is read, in bytes.
const MAX_MANIFEST: usize = 1 << 20;

/// A package of JavaScript.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Package {
    folder: String,
    name: Option<String>,
    /// Entry points, best first, as written.
    entries: Vec<String>,
    /// `exports` and `imports`: names with their targets, best first.
    exports: Vec<(String, Vec<String>)>,
    imports: Vec<(String, Vec<String>)>,
    /// Whether it is never published.
    is_private: bool,
    /// Whether it is published: it has a version, and says where it comes from or what of it is.
    is_published: bool,
    /// Whether people run it: a command, or a server that is started.
    is_run: bool,
    /// Whether it stands in for servers, or between them and those who ask, as it says of itself.
    is_stand_in: bool,
    /// Whether commands come with it: `bin`.
    has_commands: bool,
    /// Whether there is a store of documents among what it depends on; `None` where it names nothing.
    has_documents: Option<bool>,
}

/// `compilerOptions` of a TypeScript configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Compiler {
    base: Option<String>,
    /// Patterns with their targets, relative to the root.
    paths: Vec<(String, Vec<String>)>,
}

/// A crate.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Crate {
    folder: String,
    /// The library's name, as paths say it.
    name: Option<String>,
    library: Option<String>,
    /// Roots that the manifest names.
    roots: Vec<String>,
}

/// What the manifests of a workspace say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    packages: FxHashMap<String, Package>,
    by_name: FxHashMap<String, String>,
    compilers: FxHashMap<String, Compiler>,
    crates: FxHashMap<String, Crate>,
    /// Whether any package depends on a store of documents.
    has_documents: bool,
}

/// The folders of these files and those above them, up to the root: all that may hold a manifest of theirs.
pub fn folders<'p>(files: impl Iterator<Item = &'p str>) -> FxHashSet<&'p str> {
    let mut folders: FxHashSet<&str> = FxHashSet::default();
    folders.insert("");
    for file in files {
        let mut at = folder_of(file);
        while folders.insert(at) {
            at = folder_of(at);
        }
    }
    folders
}

impl Layout {
    /// Whether a file of this name may change a layout.
    pub fn is_manifest(path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "package.json" | "Cargo.toml")
            || (name.starts_with("tsconfig") || name.starts_with("jsconfig")) && name.ends_with(".json")
    }

    /// Reads the manifests in some folders. Paths are relative to `root`, with `/`.
    pub fn read(system: &dyn System, root: &Path, folders: FxHashSet<&str>) -> Layout {
        let mut folders: Vec<&str> = folders.into_iter().collect();
        folders.sort_unstable();
        let mut layout = Layout::default();
        for folder in folders {
            let text = |name: &str| {
                let path = root.join(folder).join(name);
                let text = if system.is_file(&path) { system.read(&path) } else { None };
                text.filter(|t| t.len() <= MAX_MANIFEST)
            };
            if let Some(package) = text("package.json").and_then(|t| package(folder, &t)) {
                if let Some(name) = &package.name {
                    layout.by_name.entry(name.clone()).or_insert_with(|| folder.to_owned());
                }
                layout.packages.insert(folder.to_owned(), package);
            }
            let config =
                ["tsconfig.json", "jsconfig.json"].into_iter().find(|n| system.is_file(&root.join(folder).join(n)));
            if let Some(name) = config {
                let compiler = compiler(system, root, &join(folder, name).unwrap_or_default(), 0);
                layout.compilers.insert(folder.to_owned(), compiler);
            }
            if let Some(found) = text("Cargo.toml").and_then(|t| cargo(folder, &t)) {
                layout.crates.insert(folder.to_owned(), found);
            }
        }
        layout.has_documents = layout.packages.values().any(|p| p.has_documents == Some(true));
        layout
    }

    /// The file that a specifier in a JavaScript file names; `exists` tells which files there are.
    pub fn resolve(&self, from: &str, specifier: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        let specifier = specifier.split(['?', '!']).next().unwrap_or(specifier);
        if matches!(specifier, "." | "..") || specifier.starts_with("./") || specifier.starts_with("../") {
            return self.at(&join(folder_of(from), specifier)?, exists);
        }
        if specifier.is_empty() || specifier.starts_with('/') || specifier.contains(':') {
            return None;
        }
        // The nearest configuration of TypeScript with something to say.
        let compiler = ancestors(folder_of(from)).find_map(|f| self.compilers.get(f));
        if let Some(compiler) = compiler {
            if let Some(found) = mapped(&compiler.paths, specifier).find_map(|t| self.at(&t, exists)) {
                return Some(found);
            }
            if let Some(found) = compiler.base.as_ref().and_then(|b| self.at(&join(b, specifier)?, exists)) {
                return Some(found);
            }
        }
        if specifier.starts_with('#') {
            let own = ancestors(folder_of(from)).find_map(|f| self.packages.get(f))?;
            return mapped(&own.imports, specifier).find_map(|t| self.source(&own.folder, &t, exists));
        }
        let parts = if specifier.starts_with('@') { 2 } else { 1 };
        let end = specifier.match_indices('/').nth(parts - 1).map_or(specifier.len(), |(i, _)| i);
        let package = self.packages.get(self.by_name.get(&specifier[..end])?)?;
        match specifier[end..].trim_start_matches('/') {
            "" => self.entry(package, exists),
            rest => {
                let name = format!("./{rest}");
                let exported = mapped(&package.exports, &name).find_map(|t| self.source(&package.folder, &t, exists));
                exported.or_else(|| self.source(&package.folder, rest, exists))
            }
        }
    }

    /// The files that packages which may be published offer to other programs.
    pub fn offered(&self, exists: &dyn Fn(&str) -> bool) -> FxHashSet<String> {
        let published = self.packages.values().filter(|p| p.name.is_some() && !p.is_private);
        let of = |package: &Package| {
            let named = package.exports.iter().flat_map(|(_, targets)| targets).filter(|t| !t.contains('*'));
            let named: Vec<String> = named.filter_map(|t| self.source(&package.folder, t, exists)).collect();
            named.into_iter().chain(self.entry(package, exists))
        };
        published.flat_map(of).collect()
    }

    /// Whether a file is part of a package that people install for its commands.
    pub fn is_command(&self, path: &str) -> bool {
        ancestors(folder_of(path)).find_map(|f| self.packages.get(f)).is_some_and(|p| p.has_commands)
    }

    /// Whether manifests say that a program keeps no documents: one above the file names what it depends on, and none in the workspace
    /// names a store of them.
    pub fn is_without_documents(&self, path: &str) -> bool {
        let names = |folder: &str| self.packages.get(folder).is_some_and(|p| p.has_documents.is_some());
        !self.has_documents && ancestors(folder_of(path)).any(names)
    }

    /// Whether a file lies in a folder where a published package tests or shows what it offers elsewhere.
    pub fn is_aside(&self, path: &str) -> bool {
        let beside = |package: &Package| {
            let below = path.get(package.folder.len()..).unwrap_or_default().trim_start_matches('/');
            let Some((folders, _)) = below.rsplit_once('/') else { return false };
            let mut ends = folders.match_indices('/').map(|(at, _)| at).chain([folders.len()]);
            let named = |end: &usize| ASIDE.contains(&folders[..*end].rsplit('/').next().unwrap_or_default());
            let Some(folder) = ends.find(named).map(|end| &folders[..end]) else { return false };
            let offered = package.exports.iter().flat_map(|(_, targets)| targets).chain(&package.entries);
            let leads_there = |t: &String| t.trim_start_matches("./").starts_with(&format!("{folder}/"));
            package.is_published && !offered.into_iter().any(leads_there)
        };
        ancestors(folder_of(path)).any(|f| self.packages.get(f).is_some_and(beside))
    }

    /// Whether a file is part of a published package that developers let stand in for servers of others.
    pub fn is_stand_in(&self, path: &str) -> bool {
        self.published(path).is_some_and(|p| p.is_stand_in)
    }

    /// Whether a file is part of a published package that nobody runs: a library.
    pub fn is_library(&self, path: &str) -> bool {
        self.published(path).is_some_and(|p| !p.is_run)
    }

    /// The package that a file is part of, as the nearest manifest with a name says, if it is published.
    fn published(&self, path: &str) -> Option<&Package> {
        let named = |f: &str| self.packages.get(f).filter(|p| p.name.is_some());
        ancestors(folder_of(path)).find_map(named).filter(|p| p.is_published)
    }

    /// The file that a package is by its name.
    fn entry(&self, package: &Package, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        let exported = mapped(&package.exports, ".");
        let entries = exported.chain(package.entries.iter().cloned());
        entries
            .chain(["src/index".to_owned(), "index".to_owned(), "src/main".to_owned(), "lib/index".to_owned()])
            .find_map(|t| self.source(&package.folder, &t, exists))
    }

    /// A file of a package, where it may name what is built rather than its source.
    fn source(&self, folder: &str, target: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        let target = target.trim_start_matches("./");
        let target = target.strip_suffix(".d.ts").or_else(|| target.strip_suffix(".d.mts")).unwrap_or(target);
        if let Some(found) = self.file(&join(folder, target)?, exists) {
            return Some(found);
        }
        let (first, mut rest) = target.split_once('/')?;
        if !BUILT.contains(&first) {
            return None;
        }
        loop {
            let found = [format!("src/{rest}"), rest.to_owned()]
                .into_iter()
                .find_map(|t| self.file(&join(folder, &t)?, exists));
            if found.is_some() {
                return found;
            }
            // `dist/esm/index.js`
            rest = rest.split_once('/')?.1;
        }
    }

    /// What is at a path without its extension, or is a folder.
    fn at(&self, path: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        if let Some(found) = self.file(path, exists) {
            return Some(found);
        }
        self.packages.get(path).filter(|p| !p.folder.is_empty()).and_then(|p| self.entry(p, exists))
    }

    fn file(&self, path: &str, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        let found = |candidate: String| exists(&candidate).then_some(candidate);
        if let Some((stem, extension)) = path.rsplit_once('.')
            && !extension.contains('/')
        {
            if EXTENSIONS.contains(&extension) && exists(path) {
                return Some(path.to_owned());
            }
            // TypeScript names what it becomes: `./x.js` is `./x.ts`.
            let sources: &[&str] = match extension {
                "js" | "jsx" => &["ts", "tsx"],
                "mjs" => &["mts"],
                "cjs" => &["cts"],
                _ => &[],
            };
            if let Some(source) = sources.iter().find_map(|e| found(format!("{stem}.{e}"))) {
                return Some(source);
            }
        }
        let index = if path.is_empty() { "index".to_owned() } else { format!("{path}/index") };
        let plain = (!path.is_empty()).then(|| EXTENSIONS.iter().find_map(|e| found(format!("{path}.{e}")))).flatten();
        plain.or_else(|| EXTENSIONS.iter().find_map(|e| found(format!("{index}.{e}"))))
    }

    /// The file of a module that a Rust file declares at a path (`a`, `inline::a`), or that an attribute names.
    pub fn rust_module(
        &self,
        from: &str,
        path: &str,
        attribute: Option<&str>,
        exists: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        let folder = folder_of(from);
        let own = self.rust_folder(from);
        let (inline, name) = path.rsplit_once("::").unwrap_or(("", path));
        let inline = inline.replace("::", "/");
        if let Some(attribute) = attribute {
            let base = if inline.is_empty() { folder.to_owned() } else { join(&own, &inline)? };
            return join(&base, attribute).filter(|p| exists(p));
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        let base = join(&own, &inline)?;
        [format!("{name}.rs"), format!("{name}/mod.rs")].iter().find_map(|n| join(&base, n).filter(|p| exists(p)))
    }

    /// The folder in which a Rust file's modules lie.
    fn rust_folder(&self, file: &str) -> String {
        let folder = folder_of(file);
        let name = file.rsplit('/').next().unwrap_or(file);
        let stem = name.strip_suffix(".rs").unwrap_or(name);
        let is_root = matches!(stem, "lib" | "main" | "mod") || {
            let package = ancestors(folder).find_map(|f| self.crates.get(f));
            package.is_some_and(|p| {
                let rest = file.strip_prefix(&p.folder).unwrap_or(file).trim_start_matches('/');
                let around = rest.rsplit_once('/').map_or("", |(f, _)| f);
                p.roots.iter().any(|r| r == file) || matches!(around, "src/bin" | "tests" | "examples" | "benches")
            })
        };
        if is_root { folder.to_owned() } else { join(folder, stem).unwrap_or_default() }
    }

    /// Libraries of the workspace's crates by name, with their root files.
    pub fn crates(&self, exists: &dyn Fn(&str) -> bool) -> FxHashMap<String, String> {
        let mut folders: Vec<&Crate> = self.crates.values().collect();
        folders.sort_unstable_by_key(|c| &c.folder);
        let mut out = FxHashMap::default();
        for found in folders {
            let library = found.library.clone().or_else(|| join(&found.folder, "src/lib.rs")).filter(|p| exists(p));
            if let (Some(name), Some(library)) = (&found.name, library) {
                out.entry(name.clone()).or_insert(library);
            }
        }
        out
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A folder and those above it.
fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |f| (!f.is_empty()).then(|| folder_of(f)))
}

/// A relative path below a folder; `None` if it leads out of the root.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Targets of a name, where patterns with one `*` are allowed; the longest pattern first.
fn mapped<'m>(map: &'m [(String, Vec<String>)], name: &'m str) -> impl Iterator<Item = String> + 'm {
    let mut found: Vec<(usize, &str, &[String])> = map
        .iter()
        .filter_map(|(pattern, targets)| match pattern.split_once('*') {
            None => (pattern == name).then_some((usize::MAX, "", &targets[..])),
            Some((before, after)) => {
                let middle = name.strip_prefix(before)?.strip_suffix(after)?;
                Some((before.len(), middle, &targets[..]))
            }
        })
        .collect();
    found.sort_by_key(|(length, ..)| std::cmp::Reverse(*length));
    found.into_iter().flat_map(|(_, middle, targets)| targets.iter().map(move |t| t.replace('*', middle)))
}

fn package(folder: &str, text: &str) -> Option<Package> {
    let json: Value = serde_json::from_str(text).ok()?;
    let name = json.get("name").and_then(Value::as_str).map(str::to_owned);
    let entries = ["source", "module", "main", "types", "typings", "browser"]
        .iter()
        .filter_map(|k| json.get(k).and_then(Value::as_str).map(str::to_owned));
    let mut exports = Vec::new();
    match json.get("exports") {
        Some(Value::Object(map)) if map.keys().any(|k| k.starts_with('.')) => {
            exports.extend(map.iter().map(|(k, v)| (k.clone(), targets(v))));
        }
        Some(value) => exports.push((".".to_owned(), targets(value))),
        None => {}
    }
    let imports = json.get("imports").and_then(Value::as_object).into_iter().flatten();
    let imports = imports.map(|(k, v)| (k.clone(), targets(v))).collect();
    let is_private = json.get("private").and_then(Value::as_bool).unwrap_or(false);
    const TOLD: [&str; 9] =
        ["repository", "files", "exports", "publishConfig", "homepage", "bugs", "types", "typings", "module"];
    let told = TOLD.iter().any(|k| json.get(k).is_some());
    let is_published = !is_private && name.is_some() && told && json.get("version").is_some_and(Value::is_string);
    let has_commands = json.get("bin").is_some_and(|b| b.is_string() || b.as_object().is_some_and(|o| !o.is_empty()));
    let words = ["name", "description"].iter().filter_map(|k| json.get(k).and_then(Value::as_str));
    let keywords = json.get("keywords").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let is_stand_in = words.chain(keywords).any(|text| {
        let mut words = text.split(|c: char| !c.is_ascii_alphabetic()).map(str::to_ascii_lowercase);
        words.any(|w| STAND_INS.contains(&w.as_str()))
    });
    let is_run = has_commands || json.get("scripts").is_some_and(|s| s.get("start").is_some());
    let lists = ["dependencies", "peerDependencies", "optionalDependencies"];
    let named: Vec<String> = lists
        .iter()
        .filter_map(|list| json.get(list).and_then(Value::as_object))
        .flat_map(|list| list.keys().map(|name| name.to_ascii_lowercase()))
        .collect();
    let keeps = |name: &String| DOCUMENTS.iter().any(|part| name.contains(part));
    let has_documents = (!named.is_empty()).then(|| named.iter().any(keeps));
    let (folder, entries) = (folder.to_owned(), entries.collect());
    Some(Package {
        folder,
        name,
        entries,
        exports,
        imports,
        is_private,
        is_published,
        is_run,
        is_stand_in,
        has_commands,
        has_documents,
    })
}

/// The files that an entry of `exports` may mean, sources first.
fn targets(value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(target) if out.len() < 32 => out.push(target.clone()),
            Value::Array(list) => open.extend(list.iter().rev()),
            Value::Object(map) => {
                let order = |key: &str| match key {
                    "source" => 0,
                    "development" => 1,
                    "import" => 2,
                    "node" => 3,
                    "require" => 4,
                    "default" => 5,
                    _ => 6,
                };
                let mut list: Vec<_> = map.iter().collect();
                list.sort_by_key(|(key, _)| std::cmp::Reverse(order(key)));
                open.extend(list.into_iter().map(|(_, v)| v));
            }
            _ => {}
        }
    }
    out
}

fn compiler(system: &dyn System, root: &Path, file: &str, depth: usize) -> Compiler {
    let path = root.join(file);
    let text = if system.is_file(&path) { system.read(&path) } else { None };
    let json =
        text.filter(|t| t.len() <= MAX_MANIFEST).and_then(|t| serde_json::from_str::<Value>(&plain_json(&t)).ok());
    let Some(json) = json else { return Compiler::default() };
    let folder = folder_of(file);
    let mut out = Compiler::default();
    if depth < MAX_EXTENDS {
        let parents = match json.get("extends") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        for parent in parents.into_iter().filter(|p| p.starts_with('.')) {
            let Some(parent) = join(folder, parent) else { continue };
            let parent = if parent.ends_with(".json") { parent } else { format!("{parent}.json") };
            let inherited = compiler(system, root, &parent, depth + 1);
            out.base = inherited.base.or(out.base);
            if !inherited.paths.is_empty() {
                out.paths = inherited.paths;
            }
        }
    }
    let options = json.get("compilerOptions");
    if let Some(base) = options.and_then(|o| o.get("baseUrl")).and_then(Value::as_str) {
        out.base = join(folder, base);
    }
    if let Some(paths) = options.and_then(|o| o.get("paths")).and_then(Value::as_object) {
        let base = out.base.clone().unwrap_or_else(|| folder.to_owned());
        let targets = |value: &Value| {
            let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
            list.filter_map(|t| join(&base, t)).collect()
        };
        out.paths = paths.iter().map(|(pattern, value)| (pattern.clone(), targets(value))).collect();
    }
    out
}

/// JSON without the comments and trailing commas that TypeScript allows.
fn plain_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                out.push(c);
                while let Some(c) = chars.next() {
                    out.push(c);
                    match c {
                        '\\' => out.extend(chars.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '/' if chars.peek() == Some(&'/') => {
                chars.by_ref().take_while(|c| *c != '\n').for_each(drop);
                out.push('\n');
            }
            '/' if chars.peek() == Some(&'*') => {
                chars.next();
                let mut last = ' ';
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            '}' | ']' => {
                let kept = out.trim_end().len();
                if out[..kept].ends_with(',') {
                    out.truncate(kept - 1);
                }
                out.push(c);
            }
            '\u{feff}' => {}
            c => out.push(c),
        }
    }
    out
}

fn cargo(folder: &str, text: &str) -> Option<Crate> {
    let manifest: toml::Table = toml::from_str(text).ok()?;
    let package = manifest.get("package").and_then(|p| p.get("name")).and_then(|n| n.as_str());
    let library = manifest.get("lib");
    let of = |table: Option<&toml::Value>, key: &str| {
        table.and_then(|t| t.get(key)).and_then(|n| n.as_str()).map(str::to_owned)
    };
    let name = of(library, "name").or_else(|| package.map(|p| p.replace('-', "_")));
    let path = of(library, "path").and_then(|p| join(folder, &p));
    let mut roots: Vec<String> = path.clone().into_iter().collect();
    for kind in ["bin", "test", "example", "bench"] {
        let list = manifest.get(kind).and_then(|l| l.as_array()).into_iter().flatten();
        roots.extend(list.filter_map(|t| join(folder, t.get("path")?.as_str()?)));
    }
    Some(Crate { folder: folder.to_owned(), name, library: path, roots })
}

#[cfg(test)]
mod tests;
