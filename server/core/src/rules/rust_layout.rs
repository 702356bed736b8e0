//! Sizes of Rust's types in memory, on a machine of 64 bits.

use std::cell::Cell;

use super::Cx;
use super::rust_types::Ty;

/// Nesting of types beyond which a size is not told.
const DEPTH: usize = 8;
/// Types that are looked at for one size.
const STEPS: u32 = 400;

/// The least size of a type in bytes, and whether it is exact but for padding and niches.
pub fn size_of_type(ty: &Ty<'_>, cx: &Cx<'_>) -> (u64, bool) {
    size(ty, cx, Depth { left: DEPTH, steps: &Cell::new(STEPS) })
}

/// What is left of the nesting, and of the types that one question may look at.
#[derive(Clone, Copy)]
struct Depth<'s> {
    left: usize,
    steps: &'s Cell<u32>,
}

impl Depth<'_> {
    fn deeper(self) -> Option<Self> {
        self.steps.set(self.steps.get().checked_sub(1)?);
        Some(Depth { left: self.left.checked_sub(1)?, ..self })
    }
}

fn size(ty: &Ty<'_>, cx: &Cx<'_>, depth: Depth<'_>) -> (u64, bool) {
    let Some(depth) = depth.deeper() else { return (0, false) };
    if ty.refs > 0 {
        let wide = matches!(ty.name, "str" | "[]" | "dyn") && ty.refs == 1;
        return (if wide { 16 } else { 8 }, true);
    }
    let exact = |n: u64| (n, true);
    match ty.name {
        "u8" | "i8" | "bool" => exact(1),
        "u16" | "i16" => exact(2),
        "u32" | "i32" | "f32" | "char" | "{integer}" | "Ipv4Addr" => exact(4),
        "u64" | "i64" | "usize" | "isize" | "f64" | "{float}" | "Rc" | "NonNull" | "*" | "fn" => exact(8),
        "Arc" | "Box" | "Weak" => exact(if matches!(ty.arg().name, "dyn" | "str" | "[]") { 16 } else { 8 }),
        "u128" | "i128" | "Duration" | "Instant" | "SystemTime" | "Uuid" => exact(16),
        "Ipv6Addr" => exact(16),
        "IpAddr" => exact(17),
        "SocketAddr" => exact(32),
        "String" | "Vec" | "PathBuf" | "OsString" | "BTreeMap" | "BTreeSet" | "BinaryHeap" | "Cow" => exact(24),
        "VecDeque" | "Bytes" | "BytesMut" => exact(32),
        "HashMap" | "HashSet" => exact(48),
        "PhantomData" => exact(0),
        "()" => ty.args.iter().map(|t| size(t, cx, depth)).fold((0, true), |a, b| (a.0 + b.0, a.1 && b.1)),
        "[;]" => {
            let (one, sure) = size(&ty.arg(), cx, depth);
            match ty.length.and_then(|l| length(l, cx)) {
                Some(n) => (one.saturating_mul(n), sure),
                None => (0, false),
            }
        }
        "Option" => {
            let inner = ty.arg();
            let (n, sure) = size(&inner, cx, depth);
            let niche = inner.refs > 0
                || matches!(
                    inner.name,
                    "String" | "Vec" | "Box" | "Rc" | "Arc" | "PathBuf" | "HashMap" | "bool" | "char"
                )
                || cx.file.declared.rust.types.contains_key(inner.name);
            (if niche { n } else { n + n.clamp(1, 8) }, sure)
        }
        "Cell" | "RefCell" | "UnsafeCell" | "Mutex" | "RwLock" | "MaybeUninit" | "ManuallyDrop" => {
            let (n, sure) = size(&ty.arg(), cx, depth);
            (n + if ty.name == "RefCell" || ty.name.ends_with("ex") || ty.name == "RwLock" { 8 } else { 0 }, sure)
        }
        name => match cx.file.declared.rust.types.get(name) {
            // A path leads to another type of that name.
            Some(item) if !item.generic && !ty.path.contains("::") => {
                let variants = item.variants.iter().map(|(_, fields)| {
                    fields
                        .iter()
                        .map(|f| size(&Ty::parse(f), cx, depth))
                        .fold((0, true), |a, b| (a.0 + b.0, a.1 && b.1))
                });
                variants.fold((0, !item.variants.is_empty()), |a, b| (a.0.max(b.0), a.1 && b.1))
            }
            _ => (0, false),
        },
    }
}

/// The length of an array as written: a number, a product, or a constant of the file.
pub fn length(text: &str, cx: &Cx<'_>) -> Option<u64> {
    let of = |part: &str| {
        let part = part.trim();
        let text = cx.file.declared.rust.values.get(part).map_or(part, String::as_str);
        let plain = |t: &str| t.trim().replace('_', "").trim_end_matches("usize").parse::<u64>().ok();
        text.split('*').try_fold(1u64, |all, p| all.checked_mul(plain(p)?))
    };
    text.split('*').try_fold(1u64, |all, part| all.checked_mul(of(part)?))
}
