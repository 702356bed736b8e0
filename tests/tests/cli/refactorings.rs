//! Fingerprints survive what does not change a finding.

use std::process::Command;

use sidenote_tests::{sidenote_binary, workspace_root};

#[test]
fn fingerprints_survive_refactorings() {
    // A few of them; `tests/corpora/refactor.py` without a folder makes 200 over other people's code, with Prettier if it is there.
    let output = Command::new("python3")
        .args(["tests/corpora/refactor.py", "--count", "24", "--seed", "5", "tests/demo"])
        .env("SIDENOTE_BIN", sidenote_binary())
        .current_dir(workspace_root())
        .output()
        .expect("python3 starts");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("24 refactorings"), "{told}");
}
