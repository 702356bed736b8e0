//! The cache of a scan: whatever happened to files or to the cache itself, what is told is what a scan without one tells.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sidenote_tests::sidenote_binary;

use super::support::{FLAWED, Outcome, Project};

/// A scan with the cache in `cache`.
fn warm(project: &Project, arguments: &[&str]) -> Outcome {
    project.run(&[&["scan", "--quiet", "--cache-dir", "cache"], arguments].concat())
}

fn cold(project: &Project, arguments: &[&str]) -> Outcome {
    project.run(&[&["scan", "--quiet", "--no-cache"], arguments].concat())
}

#[track_caller]
fn same(project: &Project, arguments: &[&str], what: &str) {
    let (a, b) = (warm(project, arguments), cold(project, arguments));
    assert_eq!(a.stdout, b.stdout, "{what}: {arguments:?}");
    assert_eq!((a.code, a.stderr), (b.code, b.stderr), "{what}: {arguments:?}");
}

/// How many files a scan knew, of how many, and how many it did not read.
fn told(project: &Project) -> (usize, usize, usize) {
    let told = warm(project, &["--stats", "--format", "json"]).stderr;
    let line = told.lines().find(|l| l.contains("known from an earlier scan")).unwrap_or_else(|| panic!("{told}"));
    let numbers: Vec<usize> = line.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    (numbers[0], numbers[1], numbers[2])
}

/// How many files a scan knew, and of how many.
fn known(project: &Project) -> (usize, usize) {
    let (known, of, _) = told(project);
    (known, of)
}

/// What changed so long ago is not read again.
const SETTLED: Duration = Duration::from_secs(3);

/// Waits until the file system's clock shows another time for a change than for all changes so far, whatever its ticks.
fn settle() {
    std::thread::sleep(SETTLED + Duration::from_millis(200));
}

fn packs(project: &Project) -> Vec<PathBuf> {
    let entries = fs::read_dir(project.path().join("cache")).expect("a cache");
    let mut packs: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    packs.sort();
    packs
}

/// A function that is worth sharing.
const REPEATED: &str = "(rows, rate, limit, log) {\n  const out = [];\n  for (const entry of rows) {\n    if (entry.id && entry.amount > 0) {\n      const total = entry.amount * rate(entry.currency);\n      out.push({ id: entry.id, total, name: entry.name.trim().toLowerCase() });\n    } else {\n      log.warn('skipped', entry.id);\n    }\n  }\n  if (out.length === 0) { throw new Error('nothing to do'); }\n  return out.sort((a, b) => a.total - b.total).slice(0, limit);\n}\n";

/// One of several things that a file may hold; `n` is its number, `to` the file that it imports.
fn text(n: usize, to: usize, kind: usize) -> String {
    let import = format!("import {{ pass{to} }} from \"./f{to}\";\n");
    match kind % 8 {
        0 => format!("{import}export function pass{n}(x: string) {{ return pass{to}(x + \"{n}\"); }}\n"),
        1 => format!(
            "import {{ exec }} from \"node:child_process\";\nexport function pass{n}(x: string) {{ exec(\"ls \" + x); return x; }}\n"
        ),
        2 => format!("export const pass{n} = (x: string) => x;\n{FLAWED}"),
        3 => format!(
            "import express from \"express\";\n{import}const app = express();\napp.get(\"/{n}\", (req, res) => {{ pass{to}(req.query.q as string); res.send(\"ok\"); }});\nexport const pass{n} = (x: string) => x;\n"
        ),
        4 => format!("export const pass{n} = (x: string) => x;\nexport function twin{n}{REPEATED}"),
        5 => format!(
            "{import}export const pass{n} = pass{to};\n// sidenote: allow(async-promise-executor) -- as it is\n{FLAWED}"
        ),
        6 => format!("{import}export function pass{n}( {{\n"),
        _ => format!("export * from \"./f{to}\";\nexport const pass{n} = (x: string) => eval(x);\n"),
    }
}

fn rust(kind: usize) -> String {
    match kind % 3 {
        0 => "pub fn list(name: &str) {\n    std::process::Command::new(\"sh\").arg(\"-c\").arg(name).status().unwrap();\n}\n".to_owned(),
        1 => "pub fn list(_name: &str) {}\n".to_owned(),
        _ => "pub fn list(name: &str) {\n    let _ = std::fs::read_to_string(name);\n}\n".to_owned(),
    }
}

/// Numbers that are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

const FILES: usize = 14;

fn program() -> Project {
    let project = Project::new(&[
        ("package.json", "{ \"name\": \"app\", \"main\": \"src/f0.ts\" }\n"),
        ("Cargo.toml", "[package]\nname = \"app\"\n"),
        (
            "src/lib.rs",
            "mod files;\npub fn run() {\n    for name in std::env::args() {\n        files::list(&name);\n    }\n}\n",
        ),
        ("src/files.rs", &rust(0)),
        // Never scanned: the cache lies there.
        (".gitignore", "cache\n"),
    ]);
    fs::create_dir_all(project.path().join(".git")).expect("a repository's mark");
    for n in 0..FILES {
        project.write(&format!("src/f{n}.ts"), text(n, (n + 1) % FILES, n).as_bytes());
    }
    project
}

/// Changes something: a file's text, place or being, a configuration, a manifest.
fn edit(project: &Project, dice: &mut Dice) -> String {
    let n = dice.roll(FILES);
    let file = format!("src/f{n}.ts");
    let path = project.path().join(&file);
    match dice.roll(12) {
        0..=3 => {
            let (to, kind) = (dice.roll(FILES), dice.roll(8));
            project.write(&file, text(n, to, kind).as_bytes());
            format!("{file} is {kind} to {to}")
        }
        4 => {
            let old = fs::read_to_string(&path).unwrap_or_default();
            project.write(&file, format!("// é😀 {}\n{old}", dice.roll(9)).as_bytes());
            format!("a line before {file}")
        }
        5 => {
            let _ = fs::remove_file(&path);
            format!("{file} is gone")
        }
        6 => {
            let to = ["src/moved.ts", "src/sub/f1.ts", "src/f0.tsx"][dice.roll(3)];
            fs::create_dir_all(project.path().join("src/sub")).expect("a folder");
            let _ = fs::rename(&path, project.path().join(to));
            format!("{file} is {to}")
        }
        7 => {
            let settings = [
                "",
                "[rules]\nignore = [\"command-injection\"]\n",
                "[files]\nexclude = [\"src/f3.ts\"]\n",
                "[rules]\nselect = [\"all\"]\n",
            ][dice.roll(4)];
            project.write("sidenote.toml", settings.as_bytes());
            format!("settings {settings:?}")
        }
        8 => {
            project.write("src/files.rs", rust(dice.roll(3)).as_bytes());
            "files.rs".to_owned()
        }
        9 => {
            let _ = fs::remove_file(project.path().join("src/files.rs"));
            "files.rs is gone".to_owned()
        }
        10 => {
            project.write("package.json", format!("{{ \"name\": \"app{}\" }}", dice.roll(3)).as_bytes());
            "package.json".to_owned()
        }
        _ => "nothing".to_owned(),
    }
}

#[test]
fn what_the_file_system_says_is_as_it_was_is_not_read() {
    let began = Instant::now();
    let project = program();
    assert_eq!(told(&project).2, 0);
    let is_soon = began.elapsed() < SETTLED;
    settle();
    // What was written just before the first scan might have changed once more unnoticed, and is read again.
    let unread = told(&project).2;
    assert!(unread == 0 || !is_soon, "{unread}");
    let (known, of, unread) = told(&project);
    assert_eq!((known, unread), (of, of));
    same(&project, &["--format", "json"], "nothing read");
    same(&project, &["--format", "sarif"], "texts for the hashes of lines");
    same(&project, &[], "texts to show");
    // Another text of the same length, with the old time of modification.
    let path = project.path().join("src/f1.ts");
    let (text, time) = (fs::read_to_string(&path).expect("a text"), fs::metadata(&path).and_then(|m| m.modified()));
    let other = text.replace("exec(\"ls \" + x)", "xxec(\"ls \" + x)");
    assert!(other != text && other.len() == text.len());
    project.write("src/f1.ts", other.as_bytes());
    let file = fs::File::options().append(true).open(&path).expect("a file");
    file.set_modified(time.expect("a time")).expect("set");
    assert_eq!(told(&project).2, of - 1);
    same(&project, &["--format", "json"], "the same length at the same time");
    // Files that changed among such that did not.
    let mut dice = Dice(23);
    for _ in 0..2 {
        settle();
        warm(&project, &[]);
        let edits: Vec<String> = (0..5).map(|_| edit(&project, &mut dice)).collect();
        same(&project, &["--format", "json"], &edits.join(", "));
    }
}

#[test]
fn after_any_edits_a_warm_scan_tells_what_a_cold_one_tells() {
    let project = program();
    let mut dice = Dice(2026);
    let mut findings = 0;
    for step in 0..40 {
        let edits: Vec<String> = (0..=dice.roll(3)).map(|_| edit(&project, &mut dice)).collect();
        let what = format!("step {step}, {edits:?}");
        same(&project, &["--format", "json"], &what);
        same(&project, &["--format", "json"], &format!("{what}, again"));
        findings += cold(&project, &["--format", "csv"]).stdout.lines().count() - 1;
        match step % 6 {
            0 => same(&project, &["--format", "sarif", "--include-suppressed"], &what),
            1 => same(&project, &["--format", "pretty", "--min-severity", "medium"], &what),
            2 => same(&project, &["--format", "json", "--shard", "2/3"], &what),
            3 => same(&project, &["--format", "json", "src/f1.ts", "src/files.rs"], &what),
            4 => same(&project, &["--fix", "--diff"], &what),
            _ => same(&project, &["--format", "csv", "--select", "security"], &what),
        }
    }
    assert!(findings > 150, "there was something to find: {findings}");
}

#[test]
fn only_what_depends_on_an_edit_is_analysed_again() {
    let project = Project::new(&[
        ("a.ts", &text(0, 1, 3)),
        ("f1.ts", &text(1, 2, 0)),
        ("f2.ts", &text(2, 0, 1)),
        ("alone.ts", FLAWED),
        ("other.ts", "export const other = 1;\n"),
    ]);
    assert_eq!(known(&project), (0, 5));
    assert_eq!(known(&project), (5, 5));
    project.write("alone.ts", b"export const flawless = 1;\n");
    assert_eq!(known(&project), (4, 5));
    project.write("f2.ts", text(2, 0, 2).as_bytes());
    assert_eq!(known(&project), (2, 5), "its importers, and theirs");
    assert_eq!(known(&project), (5, 5));
    assert!(
        warm(&project, &["--format", "json", "--no-cache"]).stderr.contains("--no-cache"),
        "they exclude each other"
    );
}

#[test]
fn what_is_damaged_or_foreign_is_made_anew_with_a_note() {
    let project = program();
    let expected = cold(&project, &["--format", "json"]).stdout;
    let noted = |what: &str| {
        let told = project.run(&["scan", "--cache-dir", "cache", "--format", "json"]);
        assert_eq!(told.stdout, expected, "{what}");
        assert!(told.stderr.contains("is made anew"), "{what}: {}", told.stderr);
        assert_eq!(known(&project).0, known(&project).1, "{what}: it is whole again");
    };
    assert_eq!(warm(&project, &["--format", "json"]).stdout, expected);
    let findings = packs(&project).into_iter().find(|p| p.to_string_lossy().contains("findings")).expect("findings");
    let good = fs::read(&findings).expect("a file");
    for at in [0, 17, 40, 70, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        fs::write(&findings, bad).expect("write");
        noted(&format!("byte {at}"));
    }
    for length in [0, 1, 63, 64, good.len() / 2, good.len() - 1] {
        fs::write(&findings, &good[..length]).expect("write");
        noted(&format!("cut to {length}"));
    }
    // Functions alone are lost in silence: they are only needed for what changed.
    for pack in packs(&project) {
        if pack.to_string_lossy().contains("functions") {
            fs::write(&pack, b"nonsense").expect("write");
        }
    }
    project.write("src/f4.ts", format!("// moved\n{}", text(4, 5, 4)).as_bytes());
    same(&project, &["--format", "json"], "functions lost");
}

#[test]
fn a_folder_that_cannot_be_written_is_a_warning() {
    let project = program();
    project.write("file", b"no folder");
    let expected = cold(&project, &["--format", "json"]);
    let told = project.run(&["scan", "--format", "json", "--cache-dir", "file/cache"]);
    assert_eq!((&told.stdout, told.code), (&expected.stdout, expected.code));
    assert!(told.stderr.contains("warning: what was found is not kept"), "{}", told.stderr);
    let quiet = project.run(&["scan", "--quiet", "--format", "json", "--cache-dir", "file/cache"]);
    assert_eq!((quiet.stdout, quiet.stderr), (expected.stdout, String::new()));
    if Path::new("/dev/full").exists() {
        // Every write there fails as on a full disk; the folder's own writes fail before.
        let told = project.run(&["scan", "--format", "json", "--cache-dir", "/dev/full"]);
        assert_eq!(told.code, expected.code, "{}", told.stderr);
    }
}

#[test]
fn several_at_once_do_each_other_no_harm() {
    let project = program();
    let expected = cold(&project, &["--format", "json"]).stdout;
    for round in 0..3 {
        project.write("src/f4.ts", format!("// {round}\n{}", text(4, 5, 4)).as_bytes());
        let expected = if round == 0 { expected.clone() } else { String::new() };
        let start = |_| {
            Command::new(sidenote_binary())
                .args(["scan", "--quiet", "--format", "json", "--cache-dir", "cache"])
                .current_dir(project.path())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary starts")
        };
        let children: Vec<_> = (0..4).map(start).collect();
        let told: Vec<_> = children.into_iter().map(|c| c.wait_with_output().expect("it ends")).collect();
        let fresh = cold(&project, &["--format", "json"]).stdout;
        for output in told {
            assert_eq!(String::from_utf8_lossy(&output.stdout), fresh, "round {round}");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        }
        assert!(expected.is_empty() || expected != fresh, "the edit shows");
        assert!(packs(&project).iter().all(|p| p.extension().is_some_and(|e| e == "pack")), "{:?}", packs(&project));
    }
}

#[test]
fn what_a_change_brings_is_the_same_with_and_without() {
    let project = program();
    fs::remove_dir_all(project.path().join(".git")).expect("no repository yet");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        let done = git.args(identity).args(arguments).current_dir(project.path()).output().expect("git");
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "before"]);
    let mut dice = Dice(7);
    for step in 0..12 {
        // As CI does: the main branch is scanned whole, a change against it.
        if step != 3 {
            warm(&project, &["--format", "json"]);
        }
        let edits: Vec<String> = (0..=dice.roll(3)).map(|_| edit(&project, &mut dice)).collect();
        let what = format!("step {step}, {edits:?}");
        same(&project, &["--format", "json", "--diff", "HEAD"], &what);
        same(&project, &["--format", "json", "--diff", "HEAD"], &format!("{what}, again"));
        same(&project, &["--format", "json", "--changed", "--include-known"], &what);
        git(&["add", "-A", "."]);
        same(&project, &["--format", "json", "--staged"], &what);
        git(&["commit", "-qm", "next", "--allow-empty"]);
    }
}

#[test]
fn fixes_are_the_same_with_and_without() {
    let (one, other) = (program(), program());
    for project in [&one, &other] {
        project.write(
            "src/f20.ts",
            b"export const grow = (list: number[]) => list.reduce((all, n) => [...all, n], [] as number[]);\n",
        );
        project.write("src/f21.ts", b"export function f(a: string) { return a == null ? 1 : 2; }\nasync function g() {}\nexport function h() { g(); }\n");
    }
    warm(&one, &["--format", "json"]);
    let (a, b) = (warm(&one, &["--fix", "--format", "json"]), cold(&other, &["--fix", "--format", "json"]));
    // The roots differ, and are told.
    let bare = |o: Outcome, p: &Project| o.stdout.replace(&*p.path().to_string_lossy(), "");
    assert_eq!(bare(a, &one), bare(b, &other));
    for n in 0..22 {
        let read = |p: &Project| fs::read_to_string(p.path().join(format!("src/f{n}.ts"))).ok();
        assert_eq!(read(&one), read(&other), "f{n}.ts");
    }
    same(&one, &["--format", "json"], "after the fixes");
}

#[test]
fn small_scans_keep_nothing_unless_told_to_and_large_ones_do() {
    let project = Project::new(&[("a.ts", FLAWED)]);
    let home = tempfile::tempdir().expect("a folder");
    let place = home.path().to_string_lossy().into_owned();
    let variables =
        [("XDG_CACHE_HOME", &*place), ("HOME", &*place), ("SIDENOTE_CACHE", &*place), ("LOCALAPPDATA", &*place)];
    let kept = || fs::read_dir(home.path().join("scan")).map_or(0, Iterator::count);
    project.run_with(&["scan", "--quiet"], "", &variables).code(1);
    assert_eq!(kept(), 0);
    for n in 0..120 {
        project.write(&format!("f{n}.ts"), format!("export const n = {n};\n").as_bytes());
    }
    project.run_with(&["scan", "--quiet", "--no-cache"], "", &variables).code(1);
    assert_eq!(kept(), 0);
    project.run_with(&["scan", "--quiet"], "", &variables).code(1);
    assert!(kept() > 0);
}

#[test]
fn the_time_of_each_rule_is_told_to_who_asks() {
    let project = program();
    let plain = cold(&project, &["--format", "json"]);
    let told = cold(&project, &["--format", "json", "--stats"]);
    assert_eq!(told.stdout, plain.stdout);
    let rules: Vec<&str> = told
        .stderr
        .lines()
        .skip_while(|line| !line.starts_with("time by rule"))
        .skip(1)
        .take_while(|line| line.contains(" ms ") && line.contains(" % "))
        .collect();
    assert!(rules.len() > 20 && rules.iter().any(|line| line.ends_with("async-promise-executor")), "{}", told.stderr);
}
