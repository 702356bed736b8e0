//! Real functions to embed: every `fn` with a body in the Rust sources under a folder.

use std::path::{Path, PathBuf};

/// Up to `limit` function texts, at least 80 bytes each, in the order of sorted paths.
pub fn functions(root: &Path, limit: usize) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|e| e == "rs") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    let mut out = Vec::new();
    // Every crate gives its part: a stride over the files, not the first so many.
    let mut order: Vec<(usize, PathBuf)> = files.into_iter().enumerate().collect();
    order.sort_by_key(|(i, _)| i % 7);
    for (_, file) in order {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        if text.len() > 1 << 20 {
            continue;
        }
        cut(&text, &mut out);
        if out.len() >= limit {
            out.truncate(limit);
            break;
        }
    }
    out
}

fn cut(text: &str, out: &mut Vec<String>) {
    let mut at = 0;
    while let Some(found) = text[at..].find("fn ") {
        let start = at + found;
        at = start + 3;
        let line = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let head = text[line..start].trim_start();
        if !head
            .split_whitespace()
            .all(|w| w.starts_with("pub") || matches!(w, "const" | "async" | "unsafe" | "extern" | "\"C\""))
        {
            continue;
        }
        let Some(open) = text[at..].find(['{', ';']).map(|i| at + i) else { break };
        if text.as_bytes()[open] == b';' {
            continue;
        }
        let mut depth = 0usize;
        let mut end = None;
        for (i, b) in text.bytes().enumerate().skip(open) {
            match b {
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        end = Some(i + 1);
                        break;
                    }
                }
                _ => {}
            }
        }
        let Some(end) = end else { break };
        if (80..20_000).contains(&(end - start)) && text.is_char_boundary(end) {
            out.push(text[line..end].to_owned());
        }
        at = end;
    }
}
