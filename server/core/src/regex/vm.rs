//! A backtracking matcher that counts its steps: the reference against which every alarm is confirmed.
//!
//! It follows ECMAScript's order of trial, including lookaround, backreferences and the rule that an optional iteration
//! must not match the empty string. The backtrack stack is explicit and every run has fuel.

use super::ast::{Assertion, Ast, Greed, Kind, NodeId, SetId};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Matched at this range of input indices.
    Match(usize, usize),
    NoMatch,
    /// The fuel or the stack ran out.
    Exhausted,
}

/// Whether the pattern finds a match in `text`, spending at most `fuel` steps; `None` when they did not suffice.
///
/// Captures keep their value from one iteration to the next, where ECMAScript clears them.
#[must_use]
pub fn is_match(ast: &Ast, text: &str, fuel: u64) -> Option<bool> {
    let input: Vec<char> = text.chars().collect();
    match Program::new(ast)?.search(&input, fuel).0 {
        Outcome::Match(..) => Some(true),
        Outcome::NoMatch => Some(false),
        Outcome::Exhausted => None,
    }
}

#[derive(Clone, Copy, Debug)]
enum Inst {
    Set {
        set: SetId,
        back: bool,
    },
    Split {
        first: u32,
        second: u32,
    },
    Jump(u32),
    Save(u32),
    Assert(Assertion),
    Backref {
        group: u32,
        back: bool,
    },
    /// Zeroes a loop counter.
    LoopReset(u32),
    /// Decides on another iteration; the instruction after it begins one.
    LoopCheck {
        regs: u32,
        min: u32,
        max: u32,
        lazy: bool,
        exit: u32,
    },
    LoopEnter(u32),
    LoopEnd {
        regs: u32,
        min: u32,
        check: u32,
    },
    /// Opens a lookaround or an atomic group; `regs` holds the stack mark and the position.
    CutOpen {
        regs: u32,
        negative: bool,
        exit: u32,
    },
    CutClose {
        regs: u32,
        negative: bool,
        keep_position: bool,
        exit: u32,
    },
    Accept,
}

enum Entry {
    Branch {
        pc: u32,
        pos: usize,
    },
    Restore {
        reg: u32,
        value: usize,
    },
    /// Negative lookaround: reaching it means that the body failed, so the whole succeeds.
    Negative {
        exit: u32,
        pos: usize,
    },
}

/// A compiled pattern.
pub(crate) struct Program<'a> {
    ast: &'a Ast,
    code: Vec<Inst>,
    ascii: Vec<u128>,
    registers: usize,
    sticky: bool,
}

const UNSET: usize = usize::MAX;
const MAX_CODE: usize = 200_000;
const MAX_STACK: usize = 400_000;

struct Compiler<'a> {
    ast: &'a Ast,
    code: Vec<Inst>,
    registers: u32,
}

impl<'a> Program<'a> {
    /// Compiles `ast`; `None` when the program would be too large.
    pub(crate) fn new(ast: &'a Ast) -> Option<Self> {
        let registers = 2 * (ast.groups.len() as u32 + 1);
        let mut compiler = Compiler { ast, code: Vec::new(), registers };
        compiler.node(ast.root, false)?;
        compiler.code.push(Inst::Accept);
        let ascii = ast.sets.iter().map(super::charset::CharSet::ascii_bits).collect();
        let sticky = ast.flags.sticky;
        Some(Self { ast, code: compiler.code, ascii, registers: compiler.registers as usize, sticky })
    }

    /// Searches `input` from its start, spending at most `fuel` steps; returns the outcome and the steps spent.
    pub(crate) fn search(&self, input: &[char], fuel: u64) -> (Outcome, u64) {
        let mut steps = 0;
        let mut machine = Machine {
            program: self,
            input,
            regs: vec![UNSET; self.registers],
            stack: Vec::new(),
            steps: &mut steps,
            fuel,
        };
        let last = if self.sticky { 0 } else { input.len() };
        let mut outcome = Outcome::NoMatch;
        for start in 0..=last {
            machine.regs.fill(UNSET);
            machine.stack.clear();
            match machine.run(start) {
                Some(Some(end)) => outcome = Outcome::Match(start, end),
                Some(None) => continue,
                None => outcome = Outcome::Exhausted,
            }
            break;
        }
        (outcome, steps)
    }
}

impl Compiler<'_> {
    fn emit(&mut self, inst: Inst) -> Option<usize> {
        if self.code.len() >= MAX_CODE {
            return None;
        }
        self.code.push(inst);
        Some(self.code.len() - 1)
    }

    fn here(&self) -> u32 {
        self.code.len() as u32
    }

    fn regs(&mut self, n: u32) -> u32 {
        let first = self.registers;
        self.registers += n;
        first
    }

    // Depth is bounded by the parser's limit on nesting.
    fn node(&mut self, id: NodeId, back: bool) -> Option<()> {
        match self.ast.kind(id) {
            Kind::Empty => {}
            Kind::Char { set, .. } | Kind::Class { set, .. } => {
                self.emit(Inst::Set { set: *set, back })?;
            }
            Kind::Assert(assertion) => {
                self.emit(Inst::Assert(*assertion))?;
            }
            Kind::Backref(group) => {
                self.emit(Inst::Backref { group: *group, back })?;
            }
            Kind::Concat(items) => {
                let order: Vec<NodeId> = if back { items.iter().rev().copied().collect() } else { items.clone() };
                for item in order {
                    self.node(item, back)?;
                }
            }
            Kind::Alternate(branches) => {
                let mut jumps = Vec::new();
                for (i, &branch) in branches.iter().enumerate() {
                    if i + 1 == branches.len() {
                        self.node(branch, back)?;
                        break;
                    }
                    let split = self.emit(Inst::Split { first: 0, second: 0 })?;
                    self.node(branch, back)?;
                    jumps.push(self.emit(Inst::Jump(0))?);
                    self.code[split] = Inst::Split { first: split as u32 + 1, second: self.here() };
                }
                for jump in jumps {
                    self.code[jump] = Inst::Jump(self.here());
                }
            }
            Kind::Group { body, capture, atomic: false } => {
                let (open, close) = if back { (1, 0) } else { (0, 1) };
                if let Some(n) = capture {
                    self.emit(Inst::Save(2 * n + open))?;
                }
                self.node(*body, back)?;
                if let Some(n) = capture {
                    self.emit(Inst::Save(2 * n + close))?;
                }
            }
            Kind::Group { body, .. } => self.cut(*body, back, false, true)?,
            Kind::Look { body, ahead, negative } => self.cut(*body, !ahead, *negative, false)?,
            Kind::Repeat { body, min, max, greed } => {
                if *greed == Greed::Possessive {
                    let regs = self.regs(2);
                    let open = self.emit(Inst::CutOpen { regs, negative: false, exit: 0 })?;
                    self.repeat(*body, *min, *max, false, back)?;
                    let exit = self.here() + 1;
                    self.emit(Inst::CutClose { regs, negative: false, keep_position: true, exit })?;
                    self.code[open] = Inst::CutOpen { regs, negative: false, exit };
                } else {
                    self.repeat(*body, *min, *max, *greed == Greed::Lazy, back)?;
                }
            }
        }
        Some(())
    }

    fn cut(&mut self, body: NodeId, back: bool, negative: bool, keep_position: bool) -> Option<()> {
        let regs = self.regs(2);
        let open = self.emit(Inst::CutOpen { regs, negative, exit: 0 })?;
        self.node(body, back)?;
        let exit = self.here() + 1;
        self.emit(Inst::CutClose { regs, negative, keep_position, exit })?;
        self.code[open] = Inst::CutOpen { regs, negative, exit };
        Some(())
    }

    fn repeat(&mut self, body: NodeId, min: u32, max: Option<u32>, lazy: bool, back: bool) -> Option<()> {
        let max = max.unwrap_or(u32::MAX);
        if max == 0 {
            return Some(());
        }
        let regs = self.regs(2);
        self.emit(Inst::LoopReset(regs))?;
        let check = self.emit(Inst::LoopCheck { regs, min, max, lazy, exit: 0 })?;
        self.emit(Inst::LoopEnter(regs))?;
        self.node(body, back)?;
        self.emit(Inst::LoopEnd { regs, min, check: check as u32 })?;
        self.code[check] = Inst::LoopCheck { regs, min, max, lazy, exit: self.here() };
        Some(())
    }
}

struct Machine<'m, 'a> {
    program: &'m Program<'a>,
    input: &'m [char],
    regs: Vec<usize>,
    stack: Vec<Entry>,
    steps: &'m mut u64,
    fuel: u64,
}

impl Machine<'_, '_> {
    fn set_reg(&mut self, reg: u32, value: usize) {
        let slot = &mut self.regs[reg as usize];
        self.stack.push(Entry::Restore { reg, value: *slot });
        *slot = value;
    }

    fn reg(&self, reg: u32) -> usize {
        self.regs[reg as usize]
    }

    /// `None` when fuel ran out, otherwise the end of the match beginning at `start`, if any.
    fn run(&mut self, start: usize) -> Option<Option<usize>> {
        let (mut pc, mut pos) = (0u32, start);
        loop {
            *self.steps += 1;
            if *self.steps > self.fuel || self.stack.len() > MAX_STACK {
                return None;
            }
            let mut ok = true;
            match self.program.code[pc as usize] {
                Inst::Accept => return Some(Some(pos)),
                Inst::Set { set, back } => {
                    let at = if back { pos.checked_sub(1) } else { Some(pos) };
                    ok = at.and_then(|at| self.input.get(at)).is_some_and(|&c| self.member(set, c));
                    pos = if back { pos.wrapping_sub(1) } else { pos + 1 };
                    pc += 1;
                }
                Inst::Split { first, second } => {
                    self.stack.push(Entry::Branch { pc: second, pos });
                    pc = first;
                }
                Inst::Jump(to) => pc = to,
                Inst::Save(reg) => {
                    self.set_reg(reg, pos);
                    pc += 1;
                }
                Inst::Assert(assertion) => {
                    ok = self.holds(assertion, pos);
                    pc += 1;
                }
                Inst::Backref { group, back } => {
                    match self.backref(group, pos, back) {
                        Some(to) => pos = to,
                        None => ok = false,
                    }
                    pc += 1;
                }
                Inst::LoopReset(regs) => {
                    self.set_reg(regs, 0);
                    pc += 1;
                }
                Inst::LoopCheck { regs, min, max, lazy, exit } => {
                    let count = self.reg(regs);
                    if count < min as usize {
                        pc += 1;
                    } else if max != u32::MAX && count >= max as usize {
                        pc = exit;
                    } else if lazy {
                        self.stack.push(Entry::Branch { pc: pc + 1, pos });
                        pc = exit;
                    } else {
                        self.stack.push(Entry::Branch { pc: exit, pos });
                        pc += 1;
                    }
                }
                Inst::LoopEnter(regs) => {
                    self.set_reg(regs, self.reg(regs).wrapping_add(1));
                    self.set_reg(regs + 1, pos);
                    pc += 1;
                }
                Inst::LoopEnd { regs, min, check } => {
                    // A mandatory iteration may be empty; then the remaining ones may be taken as empty at once.
                    if self.reg(regs + 1) == pos {
                        ok = self.reg(regs) <= min as usize;
                        if ok {
                            self.set_reg(regs, min as usize);
                        }
                    }
                    pc = check;
                }
                Inst::CutOpen { regs, negative, exit } => {
                    self.set_reg(regs, self.stack.len());
                    // The mark is the length before its own undo entry.
                    self.regs[regs as usize] = self.stack.len();
                    self.set_reg(regs + 1, pos);
                    if negative {
                        self.regs[regs as usize] = self.stack.len();
                        self.stack.push(Entry::Negative { exit, pos });
                    }
                    pc += 1;
                }
                Inst::CutClose { regs, negative, keep_position, exit } => {
                    let mark = self.reg(regs);
                    let saved = self.reg(regs + 1);
                    if negative {
                        while self.stack.len() > mark {
                            if let Some(Entry::Restore { reg, value }) = self.stack.pop() {
                                self.regs[reg as usize] = value;
                            }
                        }
                        ok = false;
                    } else {
                        let mut at = 0;
                        self.stack.retain(|entry| {
                            at += 1;
                            at <= mark || matches!(entry, Entry::Restore { .. })
                        });
                        if !keep_position {
                            pos = saved;
                        }
                        pc = exit;
                    }
                }
            }
            if !ok {
                loop {
                    match self.stack.pop() {
                        None => return Some(None),
                        Some(Entry::Restore { reg, value }) => self.regs[reg as usize] = value,
                        Some(Entry::Branch { pc: to, pos: at } | Entry::Negative { exit: to, pos: at }) => {
                            (pc, pos) = (to, at);
                            break;
                        }
                    }
                }
            }
        }
    }

    fn member(&self, set: SetId, c: char) -> bool {
        match c as u32 {
            code @ 0..=0x7F => self.program.ascii[set.0 as usize] >> code & 1 == 1,
            code => self.program.ast.set(set).contains_code(code),
        }
    }

    fn holds(&self, assertion: Assertion, pos: usize) -> bool {
        let before = pos.checked_sub(1).and_then(|at| self.input.get(at)).copied();
        let after = self.input.get(pos).copied();
        let line = |c: Option<char>| c.is_none_or(|c| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}'));
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        match assertion {
            Assertion::StartText => before.is_none(),
            Assertion::EndText => after.is_none(),
            Assertion::EndTextNewline => after.is_none() || (after == Some('\n') && pos + 1 == self.input.len()),
            Assertion::StartLine => line(before),
            Assertion::EndLine => line(after),
            Assertion::WordBoundary => word(before) != word(after),
            Assertion::NotWordBoundary => word(before) == word(after),
        }
    }

    fn backref(&mut self, group: u32, pos: usize, back: bool) -> Option<usize> {
        let from = self.regs.get(2 * group as usize).copied().unwrap_or(UNSET);
        let to = self.regs.get(2 * group as usize + 1).copied().unwrap_or(UNSET);
        if from == UNSET || to == UNSET || from > to {
            return Some(pos);
        }
        let len = to - from;
        *self.steps += len as u64;
        let at = if back { pos.checked_sub(len)? } else { pos };
        let (captured, here) = (self.input.get(from..to)?, self.input.get(at..at + len)?);
        let fold = self.program.ast.flags.ignore_case;
        let same = captured.iter().zip(here).all(|(a, b)| a == b || (fold && a.to_lowercase().eq(b.to_lowercase())));
        same.then_some(if back { at } else { pos + len })
    }
}
