use super::*;

/// Writes GGUF files, right ones and wrong ones.
#[derive(Clone)]
struct Maker {
    version: u32,
    pairs: Vec<(String, u32, Vec<u8>)>,
    tensors: Vec<(String, Vec<u64>, u32, u64)>,
    data: usize,
}

fn text(s: &str) -> Vec<u8> {
    [&(s.len() as u64).to_le_bytes(), s.as_bytes()].concat()
}

impl Maker {
    fn small() -> Maker {
        let tokens = [&8u32.to_le_bytes()[..], &2u64.to_le_bytes(), &text("[UNK]"), &text("a")].concat();
        Maker {
            version: 3,
            pairs: vec![
                ("general.architecture".into(), 8, text("bert")),
                ("bert.embedding_length".into(), 4, 32u32.to_le_bytes().to_vec()),
                ("bert.attention.head_count".into(), 4, 4u32.to_le_bytes().to_vec()),
                ("bert.attention.causal".into(), 7, vec![0]),
                ("tokenizer.ggml.tokens".into(), 9, tokens),
                ("tokenizer.ggml.unknown_token_id".into(), 4, 0u32.to_le_bytes().to_vec()),
            ],
            tensors: vec![("token_embd.weight".into(), vec![32, 2], 8, 0), ("b".into(), vec![32], 0, 96)],
            data: 96 + 128,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(self.version.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.pairs.len() as u64).to_le_bytes());
        for (key, kind, value) in &self.pairs {
            out.extend(text(key));
            out.extend(kind.to_le_bytes());
            out.extend(value);
        }
        for (name, dims, kind, offset) in &self.tensors {
            out.extend(text(name));
            out.extend((dims.len() as u32).to_le_bytes());
            dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
            out.extend(kind.to_le_bytes());
            out.extend(offset.to_le_bytes());
        }
        out.resize(out.len().next_multiple_of(32) + self.data, 0);
        out
    }
}

fn read(bytes: &[u8]) -> Result<Header, GgufError> {
    Header::read(bytes, bytes.len() as u64)
}

#[test]
fn a_header_is_read() {
    let header = read(&Maker::small().bytes()).expect("a good file");
    assert_eq!(header.architecture(), Some("bert"));
    assert_eq!(header.number("embedding_length"), Some(32));
    assert!(header.is_encoder());
    assert_eq!((header.parameters(), header.main_type()), (96, "F32"));
    assert_eq!((header.tensors[0].bytes, header.tensors[1].bytes), (68, 128));
}

/// Each of these files lies in one place; the reason names it.
#[test]
fn hostile_files_are_refused_with_the_reason() {
    type Change = fn(&mut Maker);
    let cases: [(&str, Change); 21] = [
        ("version 9", |m| m.version = 9),
        ("there is no type 13 of values", |m| m.pairs[1].1 = 13),
        ("array of arrays", |m| m.pairs[4].2[..4].copy_from_slice(&9u32.to_le_bytes())),
        ("length of an array", |m| m.pairs[4].2[4..12].copy_from_slice(&u64::MAX.to_le_bytes())),
        ("cut off", |m| m.pairs[4].2[4..12].copy_from_slice(&4_000_000u64.to_le_bytes())),
        ("a string", |m| m.pairs[0].2[..8].copy_from_slice(&(u64::MAX / 2).to_le_bytes())),
        ("truth value", |m| m.pairs[3].2[0] = 7),
        ("stands there twice", |m| m.pairs.push(m.pairs[1].clone())),
        ("no `general.architecture`", |m| m.pairs[0].0 = "general.arch".into()),
        ("is no name", |m| m.pairs[0].2 = text("../../x")),
        ("`bert.embedding_length` is", |m| m.pairs[1].2 = 0u32.to_le_bytes().to_vec()),
        ("heads do not divide", |m| m.pairs[2].2 = 5u32.to_le_bytes().to_vec()),
        ("unknown_token_id` is 77", |m| m.pairs[5].2 = 77u32.to_le_bytes().to_vec()),
        ("an alignment of", |m| m.pairs.push(("general.alignment".into(), 4, 3u32.to_le_bytes().to_vec()))),
        ("5 dimensions", |m| m.tensors[0].1 = vec![32, 1, 1, 1, 1]),
        ("its dimensions are", |m| m.tensors[0].1 = vec![1 << 32, 1 << 32]),
        ("there is no type 4", |m| m.tensors[0].2 = 4),
        ("do not fill blocks", |m| m.tensors[0].1 = vec![33, 2]),
        ("lie beyond the end", |m| m.data = 100),
        ("not at 96", |m| m.tensors[1].3 = 64),
        ("rows of embeddings", |m| (m.tensors[0].1, m.tensors[1].3, m.data) = (vec![32, 3], 128, 256)),
    ];
    for (reason, change) in cases {
        let mut maker = Maker::small();
        change(&mut maker);
        let error = read(&maker.bytes()).expect_err(reason).to_string();
        assert!(error.contains(reason), "`{error}` does not say `{reason}`");
    }
    let mut counts = Maker::small().bytes();
    counts[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(read(&counts), Err(GgufError::TooMany { what: "tensors", .. })));
    counts[8..24].copy_from_slice(&[255; 16]);
    assert!(matches!(read(&counts), Err(GgufError::TooMany { .. })));
    assert!(matches!(read(b"GGML\x03\0\0\0"), Err(GgufError::Magic(_))));
    assert!(matches!(read(b"GG"), Err(GgufError::CutOff { .. })));
}

/// Cut anywhere or changed in any byte of the header, a file is read or refused: no panic, no allocation without bounds.
#[test]
fn broken_anywhere() {
    let good = Maker::small().bytes();
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err(), "cut at {length}");
    }
    let header = good.len() - 224;
    for at in 0..header {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] = value;
            let _ = read(&bytes);
        }
    }
}
