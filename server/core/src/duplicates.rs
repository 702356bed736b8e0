//! Functions that repeat each other.
//!
//! A function is compared by its **shingles**: every five leaves of its syntax in a row, names and literals replaced by
//! their kinds. White space, comments, renamed variables and changed constants make no difference then (clones of types 1
//! and 2), and a changed, added or removed statement only a small one (type 3). Two functions are twins when the Jaccard
//! index of their shingles is at least [`STRUCTURE`] and what they call and name agrees too: code of the same shape that speaks
//! of other things is no copy. (Shingles: A. Broder, *On the resemblance and containment of documents*, 1997. The search by the
//! rarest shingles is the prefix filter of S. Chaudhuri et al., 2006.)
//!
//! No model is needed. The cost follows the functions and the twins that there are, not the pairs.

use std::hash::{Hash as _, Hasher as _};
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::{FxHashSet, FxHasher};
use sidenote_grammars::{Family, Field, Kind};

use crate::blocks::{Block, BlockKind, Blocks, Placed};
use crate::syntax::{Arena, Node, Span};

/// Leaves in a shingle.
const SHINGLE: usize = 5;
/// Functions of fewer leaves are too small to be worth a function of their own.
const LEAST_LEAVES: usize = 60;
/// Functions of fewer different shingles are tables: long, and all alike.
const LEAST_SHINGLES: usize = 40;
/// Longest function that is compared, in different shingles.
const MOST_SHINGLES: usize = 20_000;
/// Jaccard index of the structure from which on functions may be twins.
const STRUCTURE: f32 = 0.75;
/// The same for functions of less than [`LONG`] leaves: of a few lines more must agree.
const SHORT_STRUCTURE: f32 = 0.82;
/// Leaves of functions that are long.
const LONG: u32 = 300;
/// Jaccard index of the words that twins of the least structure share.
const WORDS: f32 = 0.5;
/// Twins of this structure and more may have renamed everything that is theirs.
const SAME: f32 = 0.95;
/// Leaves for each name that differs, of those that are not the functions' own. Where a name differs every few leaves, one function in
/// the place of both would take as many parameters as it has lines: such code is parallel, not repeated.
const LEAVES_A_NAME: usize = 40;
/// Names that may differ in any case: of functions of a few lines, and of others.
const NAMES_APART: (usize, usize) = (1, 2);
/// Leaves of functions of a few lines.
const SHORT: u32 = 75;
/// Leaves from which on that is believed: small functions are alike by chance.
const SURELY: usize = 120;
/// Twins that are told of one function.
const TOLD: usize = 8;
/// Bits of a shingle by which they are counted.
const BUCKETS: u32 = 18;
/// Functions of one shingle that are looked at: more share it than is worth knowing.
const MOST_SHARING: usize = 400;

/// What a function looks like.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Hashes of its shingles, ascending and each once.
    shingles: Box<[u32]>,
    /// Hashes of the names and strings in it that are not its own (its name, its parameters and variables) and no messages, ascending and each once.
    words: Box<[u32]>,
    leaves: u32,
}

impl Shape {
    /// The shape of a function; `None` where it is too small or too uniform to be compared.
    pub fn of(block: &Block) -> Option<Shape> {
        let arena = block.arena();
        // Cheap, and right for most: there are more nodes than leaves.
        if arena.len() < LEAST_LEAVES || arena.has_error() {
            return None;
        }
        let ecma = arena.language().family == Family::Ecma;
        let own = own_names(arena);
        let name = arena.root().child(Field::Name).map(Node::span);
        let mut window = [0u64; SHINGLE];
        let mut leaves = 0usize;
        let mut types = 0;
        let mut shingles = Vec::with_capacity(arena.len());
        let mut words = Vec::new();
        for node in arena.nodes() {
            // Written types are no part of what TypeScript runs: functions of a line each differ by little else.
            if ecma && is_written_type(node.kind()) && node.span().end > types {
                types = node.span().end;
            }
            let leaf = node.children().next().is_none();
            if !leaf || node.is_comment() || node.span().start < types {
                continue;
            }
            let mut hasher = FxHasher::default();
            node.kind().hash(&mut hasher);
            if node.kind() == Kind::Token {
                node.text().hash(&mut hasher);
            }
            let is_own = is_variable(node.kind()) && own.contains(node.text()) || Some(node.span()) == name;
            if node.kind() != Kind::Token && node.is_named() && !is_own && !is_constant(node.kind()) && !is_prose(node)
            {
                let mut word = FxHasher::default();
                node.text().hash(&mut word);
                words.push((word.finish() >> 32) as u32);
            }
            window.rotate_left(1);
            window[SHINGLE - 1] = hasher.finish();
            leaves += 1;
            if leaves >= SHINGLE {
                let mut hasher = FxHasher::default();
                window.hash(&mut hasher);
                shingles.push((hasher.finish() >> 32) as u32);
            }
        }
        if leaves < LEAST_LEAVES {
            return None;
        }
        shingles.sort_unstable();
        shingles.dedup();
        if !(LEAST_SHINGLES..=MOST_SHINGLES).contains(&shingles.len()) {
            return None;
        }
        words.sort_unstable();
        words.dedup();
        Some(Shape { shingles: shingles.into(), words: words.into(), leaves: leaves as u32 })
    }

    /// What it is made of: hashes of shingles and of words, and the number of leaves.
    pub fn parts(&self) -> (&[u32], &[u32], u32) {
        (&self.shingles, &self.words, self.leaves)
    }

    /// A shape of such parts.
    pub fn from_parts(shingles: Vec<u32>, words: Vec<u32>, leaves: u32) -> Shape {
        Shape { shingles: shingles.into(), words: words.into(), leaves }
    }

    /// How alike two functions are built, from 0 to 1.
    pub fn structure(&self, other: &Shape) -> f32 {
        jaccard(&self.shingles, &other.shingles)
    }

    /// The structure of two twins; `None` where they are none.
    fn twin(&self, other: &Shape) -> Option<f32> {
        let (a, b) = (self.shingles.len() as f32, other.shingles.len() as f32);
        if a.min(b) < STRUCTURE * a.max(b) {
            return None;
        }
        let structure = self.structure(other);
        let leaves = self.leaves.min(other.leaves);
        let least = if leaves < LONG { SHORT_STRUCTURE } else { STRUCTURE };
        if structure < least {
            return None;
        }
        let words = jaccard(&self.words, &other.words);
        let apart = apart(&self.words, &other.words);
        let least = if leaves < SHORT { NAMES_APART.0 } else { NAMES_APART.1 };
        if apart > least.max(leaves as usize / LEAVES_A_NAME) {
            return None;
        }
        let same = structure >= SAME && self.leaves.min(other.leaves) as usize >= SURELY;
        // The less of the structure is the same the more must be named the same.
        let wanted = WORDS + (SAME - structure).max(0.0) * 0.5;
        (same || words >= wanted).then_some(structure)
    }
}

/// Kinds of leaves that name a variable.
fn is_variable(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Identifier
            | Kind::ShorthandPropertyIdentifierPattern
            | Kind::ShorthandPropertyIdentifier
            | Kind::ShorthandFieldIdentifier
    )
}

/// Whether a piece of a text is written for people: messages name what they are about, and differ with it.
fn is_prose(node: Node<'_>) -> bool {
    !is_variable(node.kind()) && node.text().contains(' ')
}

/// What a function calls itself, its parameters and its variables.
fn own_names(arena: &Arena) -> FxHashSet<&str> {
    let mut own: FxHashSet<&str> = FxHashSet::default();
    own.extend(arena.root().child(Field::Name).map(|n| n.text()));
    for node in arena.nodes() {
        let pattern = match node.kind() {
            Kind::VariableDeclarator => node.child(Field::Name),
            Kind::RequiredParameter | Kind::OptionalParameter | Kind::Parameter => node.child(Field::Pattern),
            Kind::LetDeclaration | Kind::LetCondition | Kind::ForExpression => node.child(Field::Pattern),
            Kind::ForInStatement => node.child(Field::Left),
            Kind::CatchClause | Kind::ArrowFunction => node.child(Field::Parameter),
            Kind::FormalParameters | Kind::ClosureParameters | Kind::MatchPattern => Some(node),
            _ => None,
        };
        let Some(pattern) = pattern else { continue };
        let bound = std::iter::once(pattern).chain(pattern.descendants());
        // Names with a capital are types and variants in a pattern, not variables.
        let own_name = |n: &Node<'_>| is_variable(n.kind()) && !n.text().starts_with(char::is_uppercase);
        own.extend(bound.filter(own_name).map(Node::text));
    }
    own
}

/// How many names of the one are not in the other, at most.
fn apart(a: &[u32], b: &[u32]) -> usize {
    let both = a.iter().filter(|w| b.binary_search(w).is_ok()).count();
    a.len().max(b.len()) - both
}

fn is_written_type(kind: Kind) -> bool {
    matches!(kind, Kind::TypeAnnotation | Kind::TypeParameters | Kind::TypeArguments)
}

fn is_constant(kind: Kind) -> bool {
    matches!(kind, Kind::Number | Kind::IntegerLiteral | Kind::FloatLiteral | Kind::BooleanLiteral | Kind::CharLiteral)
}

/// Size of the intersection over that of the union; both ascending.
fn jaccard<T: Ord>(a: &[T], b: &[T]) -> f32 {
    let (mut i, mut j, mut both) = (0, 0, 0usize);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, both) = (i + 1, j + 1, both + 1),
        }
    }
    let all = a.len() + b.len() - both;
    if all == 0 { 0.0 } else { both as f32 / all as f32 }
}

/// A function that may have twins.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Its position in [`Blocks::iter`].
    pub index: usize,
    /// Its bytes in the file.
    pub range: Range<usize>,
    /// The bytes of its head, where it is told of.
    pub head: Range<usize>,
    /// Its name, or what kind of function it is.
    pub name: String,
    /// What it looks like.
    pub shape: Arc<Shape>,
}

/// The functions of a file that are compared. Left out are those in tests, implementations of traits, conversions and the like, whose
/// form is not theirs to choose, and small ones. `tests` says which child blocks a block's syntax marks as tests.
pub fn units(blocks: &Blocks, tests: impl Fn(&Arena) -> Vec<usize>) -> Vec<Unit> {
    /// A block around the one at hand.
    struct Around {
        /// The children that it marks as tests.
        tests: Vec<usize>,
        /// What it calls its children.
        names: Vec<Option<String>>,
        /// How many of these were met.
        met: usize,
        /// Whether all of it is left out.
        out: bool,
    }
    let mut units = Vec::new();
    let mut around: Vec<Around> = Vec::new();
    for (index, placed) in blocks.iter().enumerate() {
        around.truncate(placed.depth);
        let mut given = None;
        let out = around.last_mut().is_some_and(|a| {
            given = a.names.get_mut(a.met).and_then(Option::take);
            a.met += 1;
            a.out || a.tests.binary_search(&(a.met - 1)).is_ok()
        });
        let root = placed.block.arena().root();
        let out = out || root.kind() == Kind::ImplItem && root.child(Field::Trait).is_some();
        let arena = placed.block.arena();
        around.push(Around { tests: tests(arena), names: arena.holes().map(given_name).collect(), met: 0, out });
        if out || placed.block.kind() != BlockKind::Function || is_conversion(placed.block) {
            continue;
        }
        let Some(shape) = placed.block.shape() else { continue };
        let span = head(placed);
        let name = placed.block.name().map(str::to_owned).or(given);
        let name = name.map_or_else(|| "a function".to_owned(), |n| format!("`{n}`"));
        let range = placed.start..placed.start + placed.block.len();
        units.push(Unit { index, range, head: placed.range(span), name, shape });
    }
    units
}

/// What a function without a name is called by the code around it: `Money.prototype.add = function () {}`, `const add = () => {}`.
fn given_name(hole: Node<'_>) -> Option<String> {
    let around = hole.parent()?;
    let place = match around.kind() {
        Kind::VariableDeclarator => around.child(Field::Name),
        Kind::AssignmentExpression => around.child(Field::Left),
        Kind::Pair => {
            return around
                .child(Field::Key)
                .filter(|k| k.kind() == Kind::PropertyIdentifier)
                .map(|k| k.text().to_owned());
        }
        _ => None,
    }?;
    let name = crate::rules::support::place_name(place)?;
    // `module.exports = function () {}` names the file's value.
    (name != "exports").then(|| name.into_owned())
}

/// The name of a function, or its first line.
pub fn head(placed: Placed<'_>) -> Span {
    let root = placed.block.arena().root();
    let whole = root.span();
    let first = root.text().find(['\n', '{']).map_or(whole.end, |at| whole.start + at as u32);
    root.child(Field::Name).map_or(Span { start: whole.start, end: first }, |n| n.span())
}

/// Functions whose form follows from their name: those of different types are alike, and cannot be one.
pub(crate) fn is_conversion(block: &Block) -> bool {
    const NAMES: [&str; 34] = [
        "from",
        "into",
        "try_from",
        "try_into",
        "from_str",
        "fmt",
        "eq",
        "ne",
        "cmp",
        "partial_cmp",
        "hash",
        "clone",
        "default",
        "drop",
        "deref",
        "deref_mut",
        "serialize",
        "deserialize",
        "new",
        "build",
        "main",
        "constructor",
        "toString",
        "toJSON",
        "fromJSON",
        "valueOf",
        "equals",
        "hashCode",
        "clone_from",
        "visit",
        "accept",
        "encode",
        "decode",
        "toObject",
    ];
    let Some(name) = block.name() else { return false };
    if is_helper(name) {
        return true;
    }
    let prefix = |p: &str| name.strip_prefix(p).is_some_and(|r| r.starts_with(|c: char| c.is_uppercase() || c == '_'));
    NAMES.contains(&name) || ["as", "to", "from", "into", "visit", "serialize", "deserialize"].into_iter().any(prefix)
}

/// Whether a function is one of those that compilers write into each file that they make.
fn is_helper(name: &str) -> bool {
    const NAMES: [&str; 17] = [
        "_objectSpread",
        "ownKeys",
        "_interopRequireDefault",
        "_interopRequireWildcard",
        "_getRequireWildcardCache",
        "_createForOfIteratorHelper",
        "_unsupportedIterableToArray",
        "_isNativeReflectConstruct",
        "_callSuper",
        "_asyncToGenerator",
        "_regeneratorRuntime",
        "_toPrimitive",
        "__classPrivateFieldGet",
        "__classPrivateFieldSet",
        "__awaiter",
        "__generator",
        "__rest",
    ];
    NAMES.contains(&name)
}

/// The twins of a function.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Twins {
    /// Numbers of the most alike ones with how alike they are, from 0 to 1; ascending by number, and not more than a few.
    pub told: Vec<(usize, f32)>,
    /// How many there are.
    pub count: usize,
    /// Whether it is to be told of: one of them comes before it, for the first of a group is the original. Of many that are alike
    /// the second tells for all.
    pub is_copy: bool,
    before: usize,
}

/// From how many twins on a function is one of many.
const MANY: usize = 4;

/// Words of which each is what the other is not: functions that differ by them mirror each other.
const MIRRORED: &[(&str, &str)] = &[
    ("min", "max"),
    ("x", "y"),
    ("x", "z"),
    ("y", "z"),
    ("up", "down"),
    ("next", "prev"),
    ("next", "previous"),
    ("left", "right"),
    ("top", "bottom"),
    ("first", "last"),
    ("start", "end"),
    ("begin", "end"),
    ("row", "column"),
    ("row", "col"),
    ("attach", "detach"),
    ("allowed", "disallowed"),
    ("enable", "disable"),
    ("add", "remove"),
    ("add", "subtract"),
    ("add", "sub"),
    ("plus", "minus"),
    ("multiply", "divide"),
    ("and", "or"),
    ("before", "after"),
    ("horizontal", "vertical"),
    ("width", "height"),
    ("to", "from"),
    ("open", "close"),
    ("show", "hide"),
    ("lower", "upper"),
    ("read", "write"),
    ("get", "set"),
    ("encode", "decode"),
    ("push", "pop"),
    ("less", "greater"),
    ("lt", "le"),
    ("gt", "ge"),
    ("lt", "gt"),
    ("asc", "desc"),
    ("increment", "decrement"),
    ("bind", "unbind"),
    ("start", "stop"),
    ("inside", "outside"),
    ("grow", "shrink"),
    ("expand", "collapse"),
    ("increase", "decrease"),
    ("load", "unload"),
    ("check", "uncheck"),
    ("select", "deselect"),
    ("visible", "invisible"),
    ("visible", "hidden"),
    ("enabled", "disabled"),
    ("lock", "unlock"),
    ("subscribe", "unsubscribe"),
    ("inbound", "outbound"),
    ("incoming", "outgoing"),
    ("in", "out"),
    ("register", "unregister"),
    ("register", "deregister"),
    ("mount", "unmount"),
    ("connect", "disconnect"),
    ("install", "uninstall"),
    ("encrypt", "decrypt"),
    ("send", "receive"),
    ("publish", "subscribe"),
    ("import", "export"),
    ("join", "leave"),
    ("pause", "resume"),
    ("forward", "backward"),
    ("forward", "back"),
    ("array", "object"),
    ("head", "foot"),
    ("forwards", "backwards"),
    ("above", "below"),
    ("front", "back"),
    ("left", "front"),
    ("right", "back"),
    ("quadratic", "cubic"),
    ("activate", "deactivate"),
    ("create", "destroy"),
    ("create", "delete"),
    ("insert", "delete"),
    ("include", "exclude"),
    ("mute", "unmute"),
    ("follow", "unfollow"),
    ("wrap", "unwrap"),
    ("serialize", "deserialize"),
    ("local", "remote"),
    ("success", "failure"),
    ("rows", "columns"),
    ("rows", "cols"),
];

/// Whether one name is the other with `mut` in it, which in Rust cannot share their text, or with `async`, which cannot in JavaScript, or the
/// two mirror each other:
/// `moveUp` and `moveDown`.
pub fn are_counterparts(a: &str, b: &str) -> bool {
    let words = |name: &str| {
        let mut words = crate::rules::support::words(name.trim_matches('`'));
        words.retain(|w| !matches!(w.as_str(), "mut" | "async" | "sync" | "dont" | "not" | "no" | "un"));
        words
    };
    let (one, other) = (words(a), words(b));
    let mirrors = |x: &str, y: &str| MIRRORED.iter().any(|(m, n)| x == *m && y == *n || x == *n && y == *m);
    a != b && one.len() == other.len() && one.iter().zip(&other).all(|(x, y)| x == y || mirrors(x, y))
}

/// The twins of each function among all. Numbers are positions in `shapes`; pairs that are `bound` to be alike are no twins.
pub fn twins(shapes: &[&Shape], bound: impl Fn(usize, usize) -> bool) -> Vec<Twins> {
    let mut all = vec![Twins::default(); shapes.len()];
    let mut add = |a: usize, b: usize, structure: f32| {
        for (one, other) in [(a, b), (b, a)] {
            let twins = &mut all[one];
            twins.count += 1;
            twins.before += usize::from(other < one);
            if twins.told.len() < TOLD {
                twins.told.push((other, structure));
            } else if let Some(worst) = twins.told.iter_mut().min_by(|x, y| x.1.total_cmp(&y.1))
                && worst.1 < structure
            {
                *worst = (other, structure);
            }
        }
    };
    // Rare shingles first: two functions that share enough share one of their rarest. Any one order would do, so that counts of
    // buckets are as good as counts of shingles.
    let mut counts = vec![0u32; 1 << BUCKETS];
    let bucket = |s: u32| (s >> (32 - BUCKETS)) as usize;
    for shape in shapes {
        shape.shingles.iter().for_each(|s| counts[bucket(*s)] += 1);
    }
    let rarest = |shape: &Shape, out: &mut Vec<u32>| {
        out.clear();
        out.extend_from_slice(&shape.shingles);
        out.sort_unstable_by_key(|s| (counts[bucket(*s)], *s));
        let least = (shape.shingles.len() as f32 * STRUCTURE).ceil() as usize;
        out.truncate(shape.shingles.len() - least + 1);
    };
    let mut rare = Vec::new();
    let mut having: Vec<(u32, u32)> = Vec::new();
    for (n, shape) in shapes.iter().enumerate() {
        rarest(shape, &mut rare);
        having.extend(rare.iter().map(|s| (*s, n as u32)));
    }
    having.sort_unstable();
    let mut seen = vec![u32::MAX; shapes.len()];
    for (n, shape) in shapes.iter().enumerate() {
        rarest(shape, &mut rare);
        for shingle in &rare {
            let from = having.partition_point(|h| h.0 < *shingle);
            let sharing =
                having[from..].iter().take_while(|h| h.0 == *shingle && (h.1 as usize) < n).take(MOST_SHARING);
            for &(_, other) in sharing {
                if std::mem::replace(&mut seen[other as usize], n as u32) == n as u32 {
                    continue;
                }
                if let Some(structure) = shapes[other as usize].twin(shape).filter(|_| !bound(other as usize, n)) {
                    add(other as usize, n, structure);
                }
            }
        }
    }
    for twins in &mut all {
        twins.is_copy = twins.before > 0 && (twins.count < MANY || twins.before == 1);
        twins.told.sort_unstable_by_key(|t| t.0);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    fn shapes(code: &str) -> Vec<Unit> {
        let language = crate::grammars::by_path("a.ts").expect("a language");
        let document = Document::new("a.ts", language, code, 1).expect("parsed");
        units(document.blocks(), |_| Vec::new())
    }

    const BODY: &str = "const out = [];\nfor (const entry of rows) {\n  if (entry.id && entry.amount > 0) {\n    const total = entry.amount * rate(entry.currency);\n    out.push({ id: entry.id, total, name: entry.name.trim().toLowerCase() });\n  } else {\n    log.warn('skipped', entry.id);\n  }\n}\nif (out.length === 0) { throw new Error('nothing to do'); }\nreturn out.sort((a, b) => a.total - b.total).slice(0, limit);\n";

    #[test]
    fn copies_are_found_whatever_was_renamed_or_added() {
        let renamed = BODY.replace("out", "result").replace("entry", "line");
        let added = BODY.replace("return out", "count += 1;\nreturn out");
        let code = format!(
            "function a(rows) {{ {BODY} }}\nfunction b(lines) {{ /* no */ {renamed} }}\nfunction c(rows) {{ {added} }}"
        );
        let units = shapes(&code);
        let shapes: Vec<&Shape> = units.iter().map(|u| &*u.shape).collect();
        let twins = twins(&shapes, |_, _| false);
        assert_eq!(twins.iter().map(|t| (t.count, t.is_copy)).collect::<Vec<_>>(), [(2, false), (2, true), (2, true)]);
        assert_eq!(shapes[0].structure(shapes[1]), 1.0);
        assert!((STRUCTURE..1.0).contains(&shapes[0].structure(shapes[2])));
    }

    #[test]
    fn what_differs_by_mut_is_no_copy() {
        assert!(are_counterparts("`get_pixel_checked`", "`get_pixel_mut_checked`"));
        assert!(are_counterparts("iter", "iter_mut") && !are_counterparts("iter", "iter"));
        assert!(!are_counterparts("permute", "perute") && !are_counterparts("a", "b"));
        assert!(are_counterparts("`moveBlocksUp`", "`moveBlocksDown`") && are_counterparts("setMinZoom", "setMaxZoom"));
        assert!(!are_counterparts("moveUp", "moveUpAll") && !are_counterparts("cleanUp", "cleanOut"));
        let code =
            format!("function a(rows) {{ {BODY} }}\nfunction a_mut(rows) {{ {BODY} }}\nfunction b(rows) {{ {BODY} }}");
        let units = shapes(&code);
        let shapes: Vec<&Shape> = units.iter().map(|u| &*u.shape).collect();
        let found = twins(&shapes, |a, b| are_counterparts(&units[a].name, &units[b].name));
        assert_eq!(found.iter().map(|t| t.count).collect::<Vec<_>>(), [1, 1, 2]);
    }

    /// The search by rare shingles finds what comparing all pairs finds.
    #[test]
    fn as_brute_force() {
        let statements = [
            "const first = rows.filter((r) => r.ok && r.size > 3).map((r) => r.name.trim());",
            "if (first.length > limit) { throw new RangeError(`too many: ${first.length}`); }",
            "for (const name of first) { seen.set(name, (seen.get(name) ?? 0) + 1); }",
            "while (queue.length > 0) { const job = queue.shift(); job.run(rows, first); }",
            "try { store.write(first.join(',')); } catch (error) { log.error(error.message); }",
            "switch (mode) { case 'a': return first; case 'b': return [...seen.keys()]; default: break; }",
            "const sum = first.reduce((all, name) => all + name.length * weight, 0);",
            "return sum > 10 ? { sum, first, seen } : null;",
        ];
        let mut code = String::new();
        for n in 0..60usize {
            let kept = statements.iter().enumerate().filter(|(i, _)| (n * 7 + i) % 5 != 0 && (n >> (i % 4)) % 3 != 1);
            let body: Vec<&str> = kept.map(|(_, s)| *s).collect();
            code += &format!("function f{n}(rows) {{ {} return extra{}(rows, {n}); }}\n", body.join("\n"), n % 7);
        }
        let units = shapes(&code);
        let shapes: Vec<&Shape> = units.iter().map(|u| &*u.shape).collect();
        assert!(shapes.len() > 10, "{}", shapes.len());
        let found = twins(&shapes, |_, _| false);
        for (n, twins) in found.iter().enumerate() {
            let brute = (0..shapes.len()).filter(|m| *m != n && shapes[*m].twin(shapes[n]).is_some()).count();
            assert_eq!(twins.count, brute, "of function {n}");
        }
    }
}
