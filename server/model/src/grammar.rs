//! What a model may write: a grammar, and a matcher that says of every byte whether it may come next.
//!
//! The language is a part of GBNF: rules `name ::= ...`, texts in quotes, classes of characters (`[a-z]`, `[^"\\]`), groups,
//! `|`, `?`, `*`, `+`, `{n}` and `{n,m}`; the first rule is the root. llama.cpp has a matcher of its own that ends the process when
//! it is at a loss; this one cannot: where nothing may come next the text is at its end, and from everywhere there is a shortest way
//! to the end. What is written under a grammar is always one of its texts, whatever the model says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Nodes that a grammar may have.
const MOST_NODES: usize = 60_000;
/// States that a matcher may be in at a time.
const MOST_STATES: usize = 4096;
/// Depth of rules within rules.
const MOST_DEPTH: usize = 128;

/// Why a text is no grammar.
#[derive(thiserror::Error, Clone, PartialEq, Eq, Debug)]
#[error("the grammar is wrong near `{near}`: {message}")]
pub struct GrammarError {
    near: String,
    message: &'static str,
}

/// A set of bytes.
type Bytes = [u64; 4];

fn set(ranges: &[(u8, u8)]) -> Bytes {
    let mut out = [0; 4];
    for &(from, to) in ranges {
        (from..=to).for_each(|b| out[usize::from(b >> 6)] |= 1 << (b & 63));
    }
    out
}

fn has(bytes: &Bytes, byte: u8) -> bool {
    bytes[usize::from(byte >> 6)] & (1 << (byte & 63)) != 0
}

#[derive(Clone, Debug)]
enum Node {
    /// One of these bytes, then the next node.
    Byte(Bytes, u32),
    /// Either.
    Split(Vec<u32>),
    /// A rule, then the next node.
    Call(u32, u32),
    /// The end of a rule.
    Return,
}

/// A grammar, ready to be matched.
#[derive(Clone, Debug)]
pub struct Grammar {
    nodes: Vec<Node>,
    /// The first node of each rule.
    rules: Vec<u32>,
    /// Bytes on the shortest way from a node to the end of its rule.
    distance: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Expr {
    Bytes(Bytes),
    Rule(usize),
    Sequence(Vec<Expr>),
    Either(Vec<Expr>),
    /// So often at least and at most.
    Repeat(Box<Expr>, usize, Option<usize>),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    names: HashMap<String, usize>,
}

impl Parser<'_> {
    fn wrong<T>(&self, message: &'static str) -> Result<T, GrammarError> {
        let near = self.text[self.at.min(self.text.len())..].chars().take(20).collect();
        Err(GrammarError { near, message })
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.text[self.at..].starts_with(what);
        self.at += if found { what.len() } else { 0 };
        found
    }

    fn space(&mut self) {
        loop {
            let before = self.at;
            while self.peek().is_some_and(char::is_whitespace) {
                self.next();
            }
            if self.peek() == Some('#') {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.next();
                }
            }
            if self.at == before {
                return;
            }
        }
    }

    fn name(&mut self) -> String {
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            self.next();
        }
        self.text[from..self.at].to_owned()
    }

    fn rule(&mut self, name: String) -> usize {
        let next = self.names.len();
        *self.names.entry(name).or_insert(next)
    }

    /// Whether a rule's head is next: `name ::=`.
    fn at_head(&mut self) -> bool {
        let before = self.at;
        let named = !self.name().is_empty();
        self.space();
        let head = named && self.take("::=");
        self.at = before;
        head
    }

    fn either(&mut self, depth: usize) -> Result<Expr, GrammarError> {
        if depth > MOST_DEPTH {
            return self.wrong("groups too deep");
        }
        let mut all = vec![self.sequence(depth)?];
        self.space();
        while self.take("|") {
            all.push(self.sequence(depth)?);
            self.space();
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::Either(all) })
    }

    fn sequence(&mut self, depth: usize) -> Result<Expr, GrammarError> {
        let mut all = Vec::new();
        loop {
            self.space();
            let item = match self.peek() {
                None | Some('|' | ')') => break,
                Some('"') => self.literal()?,
                Some('[') => self.class()?,
                Some('(') => {
                    self.next();
                    let inner = self.either(depth + 1)?;
                    self.space();
                    if !self.take(")") {
                        return self.wrong("`)` is missing");
                    }
                    inner
                }
                Some(_) => {
                    if self.at_head() {
                        break;
                    }
                    let name = self.name();
                    if name.is_empty() {
                        return self.wrong("nothing that a rule can hold");
                    }
                    Expr::Rule(self.rule(name))
                }
            };
            all.push(self.repeated(item)?);
        }
        Ok(Expr::Sequence(all))
    }

    fn repeated(&mut self, item: Expr) -> Result<Expr, GrammarError> {
        let (least, most) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.next();
                let Some((inside, _)) = self.text[self.at..].split_once('}') else {
                    return self.wrong("`}` is missing");
                };
                let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
                let (Ok(least), Ok(most)) = (least.trim().parse(), most.trim().parse()) else {
                    return self.wrong("no numbers");
                };
                if least > most || most > 10_000 {
                    return self.wrong("no range");
                }
                // The brace is taken below.
                self.at += inside.len();
                (least, Some(most))
            }
            _ => return Ok(item),
        };
        self.next();
        Ok(Expr::Repeat(Box::new(item), least, most))
    }

    fn escaped(&mut self) -> Result<char, GrammarError> {
        match self.next() {
            Some('\\') => match self.next() {
                Some('n') => Ok('\n'),
                Some('r') => Ok('\r'),
                Some('t') => Ok('\t'),
                Some('0') => Ok('\0'),
                Some('x') => {
                    let code = self.text.get(self.at..self.at + 2).and_then(|h| u8::from_str_radix(h, 16).ok());
                    let Some(code) = code.filter(u8::is_ascii) else { return self.wrong("no ASCII code") };
                    self.at += 2;
                    Ok(char::from(code))
                }
                Some(c @ ('\\' | '"' | '[' | ']' | '-' | '^')) => Ok(c),
                _ => self.wrong("an unknown escape"),
            },
            Some(c) => Ok(c),
            None => self.wrong("the end"),
        }
    }

    fn literal(&mut self) -> Result<Expr, GrammarError> {
        self.next();
        let mut all = Vec::new();
        while self.peek() != Some('"') {
            let c = self.escaped()?;
            all.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|b| Expr::Bytes(set(&[(b, b)]))));
        }
        self.next();
        Ok(Expr::Sequence(all))
    }

    fn class(&mut self) -> Result<Expr, GrammarError> {
        self.next();
        let negated = self.take("^");
        let mut ranges = Vec::new();
        while self.peek() != Some(']') {
            let from = self.escaped()?;
            let dash = self.peek() == Some('-') && !self.text[self.at..].starts_with("-]");
            let to = if dash {
                self.next();
                self.escaped()?
            } else {
                from
            };
            let (Ok(from), Ok(to)) = (u8::try_from(from), u8::try_from(to)) else { return self.wrong("not ASCII") };
            if !from.is_ascii() || !to.is_ascii() || from > to {
                return self.wrong("no range of ASCII characters");
            }
            ranges.push((from, to));
        }
        self.next();
        if !negated {
            return Ok(Expr::Bytes(set(&ranges)));
        }
        let inside = set(&ranges);
        let ascii = set(&[(0, 127)]);
        let rest = std::array::from_fn(|i| ascii[i] & !inside[i]);
        // All other characters, as well-formed UTF-8.
        let tail = || Expr::Bytes(set(&[(0x80, 0xBF)]));
        let of = |first: &[(u8, u8)], second: (u8, u8), tails: usize| {
            let mut all = vec![Expr::Bytes(set(first)), Expr::Bytes(set(&[second]))];
            all.extend((0..tails).map(|_| tail()));
            Expr::Sequence(all)
        };
        Ok(Expr::Either(vec![
            Expr::Bytes(rest),
            of(&[(0xC2, 0xDF)], (0x80, 0xBF), 0),
            of(&[(0xE0, 0xE0)], (0xA0, 0xBF), 1),
            of(&[(0xE1, 0xEC), (0xEE, 0xEF)], (0x80, 0xBF), 1),
            of(&[(0xED, 0xED)], (0x80, 0x9F), 1),
            of(&[(0xF0, 0xF0)], (0x90, 0xBF), 2),
            of(&[(0xF1, 0xF3)], (0x80, 0xBF), 2),
            of(&[(0xF4, 0xF4)], (0x80, 0x8F), 2),
        ]))
    }
}

/// Nodes from the end to the beginning, so that each knows its next.
struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    fn push(&mut self, node: Node) -> Option<u32> {
        (self.nodes.len() < MOST_NODES).then(|| {
            self.nodes.push(node);
            self.nodes.len() as u32 - 1
        })
    }

    fn build(&mut self, expr: &Expr, next: u32) -> Option<u32> {
        match expr {
            Expr::Bytes(bytes) => self.push(Node::Byte(*bytes, next)),
            Expr::Rule(rule) => self.push(Node::Call(*rule as u32, next)),
            Expr::Sequence(all) => all.iter().rev().try_fold(next, |next, e| self.build(e, next)),
            Expr::Either(all) => {
                let ways: Option<Vec<u32>> = all.iter().map(|e| self.build(e, next)).collect();
                self.push(Node::Split(ways?))
            }
            Expr::Repeat(inner, least, most) => {
                let mut next = next;
                match most {
                    Some(most) => {
                        // Leaving early must not go through what was left out.
                        let end = next;
                        for _ in *least..*most {
                            let once = self.build(inner, next)?;
                            next = self.push(Node::Split(vec![once, end]))?;
                        }
                    }
                    None => {
                        let around = self.push(Node::Split(Vec::new()))?;
                        let once = self.build(inner, around)?;
                        self.nodes[around as usize] = Node::Split(vec![once, next]);
                        next = around;
                    }
                }
                (0..*least).try_fold(next, |next, _| self.build(inner, next))
            }
        }
    }
}

impl Grammar {
    /// Reads a grammar.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Grammar, GrammarError> {
        let mut parser = Parser { text, at: 0, names: HashMap::new() };
        let mut rules: BTreeMap<usize, Expr> = BTreeMap::new();
        parser.space();
        while parser.peek().is_some() {
            if !parser.at_head() {
                return parser.wrong("`name ::=` is missing");
            }
            let name = parser.name();
            let number = parser.rule(name);
            parser.space();
            parser.take("::=");
            let body = parser.either(0)?;
            if rules.insert(number, body).is_some() {
                return parser.wrong("a rule twice");
            }
            parser.space();
        }
        if rules.is_empty() || rules.len() != parser.names.len() {
            return parser.wrong("a rule that is not there");
        }
        let mut builder = Builder { nodes: vec![Node::Return] };
        let mut starts = Vec::new();
        for body in rules.values() {
            let Some(start) = builder.build(body, 0) else { return parser.wrong("it is too large") };
            starts.push(start);
        }
        let mut grammar = Grammar { nodes: builder.nodes, rules: starts, distance: Vec::new() };
        grammar.measure();
        if grammar.rules.iter().any(|r| grammar.distance[*r as usize] == u32::MAX) {
            return parser.wrong("a rule that never ends");
        }
        if grammar.loops() {
            return parser.wrong("a rule that begins with itself, or a repetition of nothing");
        }
        Ok(grammar)
    }

    /// Shortest ways to the end, until nothing gets shorter.
    fn measure(&mut self) {
        self.distance = vec![u32::MAX; self.nodes.len()];
        loop {
            let mut changed = false;
            for at in 0..self.nodes.len() {
                let of = |n: u32| self.distance[n as usize];
                let now = match &self.nodes[at] {
                    Node::Return => 0,
                    Node::Byte(_, next) => of(*next).saturating_add(1),
                    Node::Split(ways) => ways.iter().map(|w| of(*w)).min().unwrap_or(u32::MAX),
                    Node::Call(rule, next) => of(self.rules[*rule as usize]).saturating_add(of(*next)),
                };
                if now < self.distance[at] {
                    self.distance[at] = now;
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// Whether some node leads back to itself without a byte.
    fn loops(&self) -> bool {
        // 0 unseen, 1 on the way, 2 done.
        let mut seen = vec![0u8; self.nodes.len()];
        for root in 0..self.nodes.len() {
            let mut stack = vec![(root as u32, false)];
            while let Some((node, done)) = stack.pop() {
                let at = node as usize;
                if done {
                    seen[at] = 2;
                    continue;
                }
                match seen[at] {
                    1 => return true,
                    2 => continue,
                    _ => {}
                }
                seen[at] = 1;
                stack.push((node, true));
                let mut go = |to: u32| {
                    if seen[to as usize] != 2 {
                        stack.push((to, false));
                    }
                };
                match &self.nodes[at] {
                    Node::Split(ways) => ways.iter().for_each(|w| go(*w)),
                    Node::Call(rule, next) => {
                        go(self.rules[*rule as usize]);
                        if self.distance[self.rules[*rule as usize] as usize] == 0 {
                            go(*next);
                        }
                    }
                    Node::Byte(..) | Node::Return => {}
                }
            }
        }
        false
    }

    /// A matcher at the beginning of a text.
    pub fn matcher(&self) -> Matcher<'_> {
        let mut matcher = Matcher { grammar: self, states: BTreeSet::new(), ended: false };
        matcher.close(vec![self.rules[0]]);
        matcher
    }
}

/// Where a text is in its grammar.
#[derive(Clone, Debug)]
pub struct Matcher<'g> {
    grammar: &'g Grammar,
    /// Stacks of nodes; the last one is a byte, those before it wait for its rule's end.
    states: BTreeSet<Vec<u32>>,
    /// Whether the text may end here.
    ended: bool,
}

impl Matcher<'_> {
    /// Adds a stack with everything that it leads to without a byte.
    fn close(&mut self, stack: Vec<u32>) {
        let mut open = vec![stack];
        let mut seen = BTreeSet::new();
        while let Some(mut stack) = open.pop() {
            if stack.len() > MOST_DEPTH || self.states.len() >= MOST_STATES || !seen.insert(stack.clone()) {
                continue;
            }
            let Some(top) = stack.pop() else {
                self.ended = true;
                continue;
            };
            match &self.grammar.nodes[top as usize] {
                Node::Byte(..) => {
                    stack.push(top);
                    self.states.insert(stack);
                }
                Node::Return => open.push(stack),
                Node::Split(ways) => {
                    open.extend(ways.iter().map(|way| stack.iter().copied().chain([*way]).collect()));
                }
                Node::Call(rule, next) => {
                    // Nothing is left to do after a rule that is the last of its own.
                    if !matches!(self.grammar.nodes[*next as usize], Node::Return) {
                        stack.push(*next);
                    }
                    stack.push(self.grammar.rules[*rule as usize]);
                    open.push(stack);
                }
            }
        }
    }

    /// Goes on by one byte; without a change, false where it may not come.
    fn step(&mut self, byte: u8) -> bool {
        let mut after = Matcher { grammar: self.grammar, states: BTreeSet::new(), ended: false };
        for stack in &self.states {
            let Some(Node::Byte(bytes, next)) = stack.last().map(|n| &self.grammar.nodes[*n as usize]) else {
                continue;
            };
            if has(bytes, byte) {
                let mut stack = stack.clone();
                stack.pop();
                stack.push(*next);
                after.close(stack);
            }
        }
        let fits = after.ended || !after.states.is_empty();
        if fits {
            *self = after;
        }
        fits
    }

    /// Goes on by a whole piece of text, or not at all.
    pub fn accept(&mut self, piece: &[u8]) -> bool {
        let mut after = self.clone();
        if piece.is_empty() || !piece.iter().all(|b| after.step(*b)) {
            return false;
        }
        *self = after;
        true
    }

    /// Whether a byte may come next, for each; quick to ask before a whole piece is tried.
    pub fn first(&self) -> impl Fn(u8) -> bool + use<> {
        let mut all: Bytes = [0; 4];
        for stack in &self.states {
            if let Some(Node::Byte(bytes, _)) = stack.last().map(|n| &self.grammar.nodes[*n as usize]) {
                all.iter_mut().zip(bytes).for_each(|(a, b)| *a |= b);
            }
        }
        move |byte| has(&all, byte)
    }

    /// Whether the text may end here.
    pub fn may_end(&self) -> bool {
        self.ended
    }

    /// Whether nothing may come any more.
    pub fn must_end(&self) -> bool {
        self.states.is_empty()
    }

    /// Goes to the end by the shortest way, and says what stands on it.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        while !self.ended {
            let distance =
                |stack: &Vec<u32>| -> u64 { stack.iter().map(|n| u64::from(self.grammar.distance[*n as usize])).sum() };
            let Some(stack) = self.states.iter().min_by_key(|s| distance(s)).cloned() else { break };
            let Some(Node::Byte(bytes, _)) = stack.last().map(|n| &self.grammar.nodes[*n as usize]) else { break };
            // Readable characters first.
            let byte = (b' '..=b'~').chain(0..=255).find(|b| has(bytes, *b));
            let Some(byte) = byte else { break };
            self.step(byte);
            out.push(byte);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(grammar: &Grammar, text: &str) -> bool {
        let mut matcher = grammar.matcher();
        matcher.accept(text.as_bytes()) && matcher.may_end()
    }

    #[test]
    fn texts_of_a_grammar_and_no_others() {
        let grammar = Grammar::parse(
            r#"
            root ::= list # a list of words and numbers
            list ::= "[" (item ("," item){0,2})? "]"
            item ::= "\"" [^"\\\x00-\x1f]* "\"" | [1-9] [0-9]{0,3} | list
            "#,
        )
        .expect("a grammar");
        for good in ["[]", "[1]", "[12,345,9]", "[\"é€😀\",[[\"\"]]]"] {
            assert!(fits(&grammar, good), "{good}");
        }
        for bad in ["", "[", "[0]", "[1,2,3,4]", "[12345]", "[\"\n\"]", "[\"a\\\"]", "[1] ", "[1,]"] {
            assert!(!fits(&grammar, bad), "{bad}");
        }
        let mut matcher = grammar.matcher();
        assert!(matcher.accept(b"[[\"x"));
        assert!(!matcher.accept(&[0xC0, 0x80]), "no UTF-8");
        assert!(!matcher.accept(&[0xED, 0xA0, 0x80]), "a surrogate");
        assert_eq!(matcher.finish(), b"\"]]");
        assert!(matcher.may_end() && matcher.must_end());
    }

    #[test]
    fn what_is_no_grammar() {
        for bad in [
            "",
            "root",
            "root ::= other",
            "root ::= \"a",
            "root ::= [z-a]",
            "root ::= (\"a\"",
            "root ::= root \"a\" | \"b\"",
            "root ::= \"a\" root",
            "root ::= (\"a\"?)*",
            "root ::= \"a\"\nroot ::= \"b\"",
            "root ::= [^a]{9999} [^a]{9999}",
            "root ::= \"a\"{3,2}",
        ] {
            assert!(Grammar::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rules_may_hold_themselves() {
        let grammar = Grammar::parse("root ::= \"(\" root \")\" | \"x\"").expect("a grammar");
        assert!(fits(&grammar, "((x))") && !fits(&grammar, "((x)"));
        let mut matcher = grammar.matcher();
        assert!(matcher.accept(b"((("));
        assert_eq!(matcher.finish(), b"x)))");
    }
}
