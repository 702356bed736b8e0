//! Scans in several parts.

use super::support::{FLAWED, Project};

#[test]
fn shards_merge_to_the_scan_of_the_whole_byte_for_byte() {
    let project = Project::new(&[]);
    for i in 0..23 {
        let folder = ["src", "src/é é", "lib", "lib/%20"][i % 4];
        let text = match i % 5 {
            0 => format!("{}{FLAWED}", "// a comment\n".repeat(i * 7)),
            1 => "export const clean = 1;\n".to_owned(),
            2 => "function broken( {\n".to_owned(),
            3 => "!function(e,t){for(var n=0;n<t.length;n++)e[n]=t[n]}(a,b);".repeat(100),
            _ => format!("{FLAWED}{}", FLAWED.replace("load", "again")),
        };
        project.write(&format!("{folder}/f{i}.ts"), text.as_bytes());
    }
    project.write("empty.ts", b"");
    // Rules of one's own are listed by what they find, so every part lists others.
    project.write("sidenote.toml", b"[rules]\npaths = [\"own.yml\"]\n");
    let rule = |id: &str, pattern: &str| {
        format!("id: {id}\nlanguage: TypeScript\nmessage: no {id}\nrule: {{ pattern: '{pattern}' }}\n")
    };
    project.write("own.yml", [rule("own-b", "first()"), rule("own-a", "second()")].join("---\n").as_bytes());
    project.write("src/first.ts", b"first();\n");
    project.write("src/second.ts", b"second();\n");
    let scan = ["scan", "--quiet", "--format", "sarif"];
    let whole = project.run(&scan).code(1).stdout;
    assert!(whole.matches("\"ruleId\"").count() > 10 && whole.contains("\"skipped\""));
    assert!(whole.contains("\"ruleId\": \"own-a\"") && whole.contains("\"ruleId\": \"own-b\""));
    for count in [1, 2, 3, 5, 40] {
        let mut files = Vec::new();
        for index in 1..=count {
            let file = format!("out/{count}-{index}.sarif");
            std::fs::create_dir_all(project.path().join("out")).expect("create");
            let part = format!("{index}/{count}");
            project.run(&[&scan[..], &["--shard", &part, "--output", &file]].concat());
            files.push(file);
        }
        // Whatever the order they come in.
        files.reverse();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let merged = project.run(&[&["merge"], &files[..]].concat()).code(0).stdout;
        assert_eq!(merged, whole, "{count} shards");
    }
    let sizes: Vec<usize> = (1..=3)
        .map(|i| project.json(&["--shard", &format!("{i}/3")])["summary"]["files"].as_u64().expect("files") as usize)
        .collect();
    let all = project.json(&[])["summary"]["files"].as_u64().expect("files") as usize;
    assert!(sizes.iter().sum::<usize>() == all && sizes.iter().filter(|n| **n > 0).count() > 1, "{sizes:?} of {all}");
}

#[test]
fn what_is_no_shard_is_refused() {
    let project = Project::new(&[("a.ts", FLAWED), ("no.json", "{"), ("other.sarif", "{\"runs\":[]}")]);
    for wrong in ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"] {
        project.run(&["scan", &format!("--shard={wrong}")]).code(2).says("1/4");
    }
    project.run(&["merge"]).code(2);
    project.run(&["merge", "nowhere.sarif"]).code(2).says("nowhere.sarif");
    project.run(&["merge", "no.json"]).code(2).says("no JSON");
    project.run(&["merge", "other.sarif"]).code(2).says("no SARIF log of sidenote").says("--shard");
}
