//! A compact, stable text form of a [`Hir`], for tests and for looking at what lowering made.
//!
//! One line for each import, export, class and function, then the function's body; blocks of statements take a line a
//! statement. A variable is `name%id`, a name from outside `@name`, a function `fn2`, a class `class1`, a child block
//! `child0`; everything else is `(operator operand ..)`. Spans are left out but for [`Hir::skipped`].

use std::fmt::Write;

use super::hir::*;

/// Nesting beyond which the dump shows `…`.
const MAX_DEPTH: usize = 300;

/// The text form of a block; never fails, whatever ids it holds must be in range.
pub fn dump(hir: &Hir) -> String {
    let mut d = Dump { hir, out: String::new(), indent: 0, depth: 0 };
    for import in &hir.imports {
        d.import(import);
    }
    for export in &hir.exports {
        d.export(export);
    }
    if !hir.bindings.is_empty() {
        d.out.push_str("bindings");
        for (name, local) in &hir.bindings {
            let _ = write!(d.out, " {name}%{}", local.0);
        }
        d.out.push('\n');
    }
    for (child, name, local) in &hir.inner_bindings {
        let _ = writeln!(d.out, "child{child} sees {name}%{}", local.0);
    }
    for (child, decorators) in &hir.child_decorators {
        let _ = write!(d.out, "child{child}");
        d.decorators(decorators);
        d.out.push('\n');
    }
    for (name, ty) in &hir.types {
        let _ = write!(d.out, "type {name} = ");
        d.type_(ty, 0);
        d.out.push('\n');
    }
    for n in 0..hir.classes.len() {
        d.class(n);
    }
    for n in 0..hir.functions.len() {
        d.function(n);
    }
    for span in &hir.skipped {
        let _ = writeln!(d.out, "skipped {}..{}", span.start, span.end);
    }
    d.out
}

struct Dump<'a> {
    hir: &'a Hir,
    out: String,
    indent: usize,
    depth: usize,
}

impl Dump<'_> {
    fn word(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn newline(&mut self) {
        self.out.push('\n');
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
    }

    fn import(&mut self, import: &Import) {
        let what = imported(import.what);
        let only = if import.type_only { " type" } else { "" };
        let _ = writeln!(self.out, "import{only} {what} of {:?} as {}", import.module.as_str(), import.local);
    }

    fn export(&mut self, export: &Export) {
        match export {
            Export::Binding { name, local } => {
                let _ = writeln!(self.out, "export {local} as {name}");
            }
            Export::Value { name, value } => {
                let _ = write!(self.out, "export value as {name}: ");
                self.expr(*value);
                self.out.push('\n');
            }
            Export::From { name, module, what } => {
                let _ = writeln!(self.out, "export {} of {:?} as {name}", imported(*what), module.as_str());
            }
            Export::All { module } => {
                let _ = writeln!(self.out, "export all of {:?}", module.as_str());
            }
        }
    }

    fn class(&mut self, n: usize) {
        let hir = self.hir;
        let class = &hir.classes[n];
        let _ = write!(self.out, "{}{n}", if class.is_namespace { "namespace" } else { "class" });
        if let Some(name) = class.name {
            let _ = write!(self.out, " {name}");
        }
        if let Some(parent) = class.parent {
            self.word(" extends ");
            self.expr(parent);
        }
        for name in &class.implements {
            let _ = write!(self.out, " implements {name}");
        }
        self.decorators(&class.decorators);
        self.indent += 1;
        for field in &class.fields {
            self.newline();
            self.word(if field.is_static { "static field " } else { "field " });
            self.word(&field.name);
            self.ty(field.ty.as_ref());
            if let Some(value) = field.value {
                self.word(" = ");
                self.expr(value);
            }
            self.decorators(&field.decorators);
        }
        for method in &class.methods {
            self.newline();
            if method.is_static {
                self.word("static ");
            }
            self.word(match method.kind {
                MethodKind::Method => "method ",
                MethodKind::Constructor => "constructor ",
                MethodKind::Getter => "getter ",
                MethodKind::Setter => "setter ",
            });
            self.word(&method.name);
            self.word(" = ");
            self.expr(method.value);
            self.decorators(&method.decorators);
        }
        self.indent -= 1;
        self.out.push('\n');
    }

    fn function(&mut self, n: usize) {
        let hir = self.hir;
        let function = &hir.functions[n];
        let _ = write!(self.out, "fn{n}");
        if let Some(name) = function.name {
            let _ = write!(self.out, " {name}");
        }
        self.word("(");
        for (i, param) in function.params.iter().enumerate() {
            if i > 0 {
                self.word(", ");
            }
            if param.rest {
                self.word("...");
            }
            if let Some(name) = param.property {
                let _ = write!(self.out, "this.{name} = ");
            }
            self.pat(param.pat);
            self.ty(param.ty.as_ref());
            self.decorators(&param.decorators);
        }
        self.word(")");
        self.ty(function.returns.as_ref());
        let flags = [
            (function.is_async, " async"),
            (function.is_generator, " generator"),
            (function.inherits_this, " inherits-this"),
            (function.has_self, " self"),
            (function.is_unsafe, " unsafe"),
            (function.is_public, " public"),
        ];
        for (on, name) in flags {
            if on {
                self.word(name);
            }
        }
        self.decorators(&function.decorators);
        match function.body {
            Some(body) => {
                self.word(" = ");
                self.expr(body);
            }
            None => self.word(" signature"),
        }
        self.out.push('\n');
    }

    fn decorators(&mut self, decorators: &[ExprId]) {
        for d in decorators {
            self.word(" #");
            self.expr(*d);
        }
    }

    fn ty(&mut self, ty: Option<&Type>) {
        if let Some(ty) = ty {
            self.word(": ");
            self.type_(ty, 0);
        }
    }

    fn types(&mut self, types: &[Type], separator: &str, depth: usize) {
        for (i, ty) in types.iter().enumerate() {
            if i > 0 {
                self.word(separator);
            }
            self.type_(ty, depth);
        }
    }

    fn type_(&mut self, ty: &Type, depth: usize) {
        if depth > MAX_DEPTH {
            return self.word("…");
        }
        let depth = depth + 1;
        match ty {
            Type::Path(name, args) => {
                self.word(name);
                if !args.is_empty() {
                    self.word("<");
                    self.types(args, ", ", depth);
                    self.word(">");
                }
            }
            Type::Union(types) => {
                self.word("(");
                self.types(types, " | ", depth);
                self.word(")");
            }
            Type::Lit(lit) => self.lit(lit),
            Type::Array(item) => {
                self.type_(item, depth);
                self.word("[]");
            }
            Type::Tuple(types) => {
                self.word("[");
                self.types(types, ", ", depth);
                self.word("]");
            }
            Type::Object(fields) => {
                self.word("{");
                for (i, (name, ty)) in fields.iter().enumerate() {
                    self.word(if i > 0 { ", " } else { "" });
                    self.word(name);
                    self.word(": ");
                    self.type_(ty, depth);
                }
                self.word("}");
            }
            Type::Function(result) => {
                self.word("() => ");
                self.type_(result, depth);
            }
            Type::RawPointer(to) => {
                self.word("*");
                self.type_(to, depth);
            }
            Type::Other => self.word("?"),
        }
    }

    fn lit(&mut self, lit: &Lit) {
        let out = &mut self.out;
        let _ = match lit {
            Lit::Str(s) => write!(out, "{:?}", s.as_str()),
            Lit::Bytes(s) => write!(out, "b{:?}", s.as_str()),
            Lit::Num(n) => write!(out, "{n}"),
            Lit::Bool(b) => write!(out, "{b}"),
            Lit::Char(c) => write!(out, "{c:?}"),
            Lit::Null => write!(out, "null"),
            Lit::Undefined => write!(out, "undefined"),
            Lit::Regex { pattern, flags } => write!(out, "/{pattern}/{flags}"),
        };
    }

    fn local(&mut self, id: LocalId) {
        let _ = write!(self.out, "{}%{}", self.hir.local(id).name, id.0);
    }

    fn label(&mut self, label: Option<Ustr>) {
        if let Some(label) = label {
            let _ = write!(self.out, " :{label}");
        }
    }

    fn key(&mut self, key: Key) {
        match key {
            Key::Name(name) => self.word(&name),
            Key::Computed(e) => {
                self.word("[");
                self.expr(e);
                self.word("]");
            }
        }
    }

    fn members(&mut self, members: &[Member]) {
        for member in members {
            self.word(" ");
            match *member {
                Member::Field(key, value) => {
                    self.key(key);
                    self.word(": ");
                    self.expr(value);
                }
                Member::Element(Some(value)) => self.expr(value),
                Member::Element(None) => self.word("_"),
                Member::Spread(value) => {
                    self.word("...");
                    self.expr(value);
                }
            }
        }
    }

    fn operands(&mut self, operands: &[ExprId]) {
        for e in operands {
            self.word(" ");
            self.expr(*e);
        }
    }

    /// ` name operand` where there is an operand.
    fn optional(&mut self, name: &str, operand: Option<ExprId>) {
        if let Some(e) = operand {
            self.word(name);
            self.word(" ");
            self.expr(e);
        }
    }

    fn list(&mut self, operator: &str, operands: &[ExprId]) {
        self.word("(");
        self.word(operator);
        self.operands(operands);
        self.word(")");
    }

    fn lines(&mut self, body: &[ExprId], value: bool) {
        self.indent += 1;
        for (i, e) in body.iter().enumerate() {
            self.newline();
            if value && i + 1 == body.len() {
                self.word("value ");
            }
            self.expr(*e);
        }
        self.indent -= 1;
        if !body.is_empty() {
            self.newline();
        }
    }

    fn expr(&mut self, id: ExprId) {
        if self.depth > MAX_DEPTH {
            return self.word("…");
        }
        self.depth += 1;
        self.kind(&self.hir.expr(id).kind);
        self.depth -= 1;
    }

    fn kind(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::Lit(lit) => self.lit(lit),
            ExprKind::Template(parts) => self.list("template", parts),
            ExprKind::Local(id) => self.local(*id),
            ExprKind::Name(name) => {
                let _ = write!(self.out, "@{name}");
            }
            ExprKind::This => self.word("this"),
            ExprKind::Super => self.word("super"),
            ExprKind::Field(base, name) => {
                self.expr(*base);
                let _ = write!(self.out, ".{name}");
            }
            ExprKind::Index(base, index) => {
                self.expr(*base);
                self.word("[");
                self.expr(*index);
                self.word("]");
            }
            ExprKind::Call { callee, args, new, types, .. } => {
                self.word(if *new { "(new " } else { "(call " });
                self.expr(*callee);
                if !types.is_empty() {
                    self.word("<");
                    self.types(types, ", ", 0);
                    self.word(">");
                }
                for arg in args {
                    self.word(if arg.spread { " ..." } else { " " });
                    self.expr(arg.value);
                }
                self.word(")");
            }
            ExprKind::Tagged { tag, strings, values } => {
                self.word("(tagged ");
                self.expr(*tag);
                for s in strings {
                    let _ = write!(self.out, " {:?}", s.as_str());
                }
                self.word(" with");
                self.operands(values);
                self.word(")");
            }
            ExprKind::Macro { path, args, .. } => self.list(&format!("{path}!"), args),
            ExprKind::Unary(op, value) => self.list(unary(*op), &[*value]),
            ExprKind::Binary(op, left, right) => self.list(binary(*op), &[*left, *right]),
            ExprKind::Logical(op, left, right) => self.list(logical(*op), &[*left, *right]),
            ExprKind::Assign(pat, value) => {
                self.word("(= ");
                self.pat(*pat);
                self.operands(&[*value]);
                self.word(")");
            }
            ExprKind::AssignOp { place, value, logical: op, add, .. } => {
                let op = op.map_or(if *add { "+" } else { "op" }, logical);
                let _ = write!(self.out, "({op}= ");
                self.pat(*place);
                self.operands(&[*value]);
                self.word(")");
            }
            ExprKind::Object(path, members) => {
                self.word("(object");
                if let Some(path) = path {
                    let _ = write!(self.out, " {path}");
                }
                self.members(members);
                self.word(")");
            }
            ExprKind::Array(members) => {
                self.word("(array");
                self.members(members);
                self.word(")");
            }
            ExprKind::Repeat(value, len) => self.list("repeat", &[*value, *len]),
            ExprKind::Function(id) => {
                let _ = write!(self.out, "fn{}", id.0);
            }
            ExprKind::Class(id) => {
                let _ = write!(self.out, "class{}", id.0);
            }
            ExprKind::Child(n) => {
                let _ = write!(self.out, "child{n}");
            }
            ExprKind::Await(value) => self.list("await", &[*value]),
            ExprKind::Yield(value) => self.list("yield", value.as_slice()),
            ExprKind::Try(value) => self.list("?", &[*value]),
            ExprKind::Ref { value, mutable, raw } => {
                let op = match (raw, mutable) {
                    (false, false) => "&",
                    (false, true) => "&mut",
                    (true, false) => "&raw",
                    (true, true) => "&raw-mut",
                };
                self.list(op, &[*value]);
            }
            ExprKind::Deref(value) => self.list("*", &[*value]),
            ExprKind::Cast(value, ty) => {
                self.word("(cast ");
                self.expr(*value);
                self.ty(Some(ty));
                self.word(")");
            }
            ExprKind::Range(from, to) => {
                self.word("(range");
                self.optional(" from", *from);
                self.optional(" to", *to);
                self.word(")");
            }
            ExprKind::LetCondition(pat, value) => {
                self.word("(let? ");
                self.pat(*pat);
                self.operands(&[*value]);
                self.word(")");
            }
            ExprKind::Return(value) => self.list("return", value.as_slice()),
            ExprKind::Throw(value) => self.list("throw", &[*value]),
            ExprKind::Break { label, value } => {
                self.word("(break");
                self.label(*label);
                self.operands(value.as_slice());
                self.word(")");
            }
            ExprKind::Continue(label) => {
                self.word("(continue");
                self.label(*label);
                self.word(")");
            }
            ExprKind::Jsx { tag, attributes, children } => {
                self.word("(jsx ");
                match tag {
                    Ok(name) => self.word(&format!("<{name}>")),
                    Err(component) => self.expr(*component),
                }
                self.members(attributes);
                if !children.is_empty() {
                    self.word(" >");
                    self.operands(children);
                }
                self.word(")");
            }
            ExprKind::Opaque(operands) => self.list("opaque", operands),
            _ => self.statement(kind),
        }
    }

    /// The kinds that take several lines.
    fn statement(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::If { cond, then, alternative } => {
                self.word("(if");
                self.operands(&[*cond]);
                self.optional(" then", Some(*then));
                self.optional(" else", *alternative);
            }
            ExprKind::Block { body, value, label, kind } => {
                self.word(match kind {
                    BlockExpr::Plain => "(do",
                    BlockExpr::Unsafe => "(unsafe",
                    BlockExpr::Async => "(async",
                });
                self.label(*label);
                self.lines(body, *value);
            }
            ExprKind::Let { pat, ty, value, otherwise } => {
                self.word("(let ");
                self.pat(*pat);
                self.ty(ty.as_ref());
                self.optional(" =", *value);
                self.optional(" else", *otherwise);
            }
            ExprKind::Loop { label, init, cond, post, update, body } => {
                self.word(if *post { "(loop-post" } else { "(loop" });
                self.label(*label);
                self.optional(" init", *init);
                self.optional(" while", *cond);
                self.optional(" update", *update);
                self.operands(&[*body]);
            }
            ExprKind::ForEach { label, pat, iterable, keys, body } => {
                self.word("(for");
                self.label(*label);
                self.word(" ");
                self.pat(*pat);
                self.optional(if *keys { " in" } else { " of" }, Some(*iterable));
                self.operands(&[*body]);
            }
            ExprKind::Switch { value, cases } => {
                self.word("(switch");
                self.operands(&[*value]);
                self.indent += 1;
                for case in cases {
                    self.newline();
                    self.word(if case.test.is_some() { "(case" } else { "(default" });
                    self.operands(case.test.as_slice());
                    self.lines(&case.body, false);
                    self.word(")");
                }
                self.indent -= 1;
            }
            ExprKind::Match { value, arms } => {
                self.word("(match");
                self.operands(&[*value]);
                self.indent += 1;
                for arm in arms {
                    self.newline();
                    self.pat(arm.pat);
                    self.optional(" if", arm.guard);
                    self.optional(" =>", Some(arm.body));
                }
                self.indent -= 1;
            }
            ExprKind::Try3 { body, catch, finally } => {
                self.word("(try");
                self.operands(&[*body]);
                if let Some((pat, handler)) = catch {
                    self.word(" catch");
                    if let Some(pat) = pat {
                        self.word(" ");
                        self.pat(*pat);
                    }
                    self.operands(&[*handler]);
                }
                self.optional(" finally", *finally);
            }
            _ => self.word("(unknown"),
        }
        self.word(")");
    }

    fn pat(&mut self, id: PatId) {
        if self.depth > MAX_DEPTH {
            return self.word("…");
        }
        self.depth += 1;
        self.pat_kind(&self.hir.pat(id).kind);
        self.depth -= 1;
    }

    fn pats(&mut self, pats: &[PatId], separator: &str) {
        for (i, pat) in pats.iter().enumerate() {
            self.word(if i > 0 { separator } else { "" });
            self.pat(*pat);
        }
    }

    fn pat_kind(&mut self, kind: &PatKind) {
        match kind {
            PatKind::Wild => self.word("_"),
            PatKind::Bind(local, sub) => {
                self.local(*local);
                if let Some(sub) = sub {
                    self.word(" @ ");
                    self.pat(*sub);
                }
            }
            PatKind::Place(e) => self.expr(*e),
            PatKind::Object { path, fields, rest } => {
                if let Some(path) = path {
                    self.word(path);
                }
                self.word("{");
                for (i, (key, pat)) in fields.iter().enumerate() {
                    self.word(if i > 0 { ", " } else { "" });
                    self.key(*key);
                    self.word(": ");
                    self.pat(*pat);
                }
                if let Some(rest) = rest {
                    self.word(if fields.is_empty() { "..." } else { ", ..." });
                    self.pat(*rest);
                }
                self.word("}");
            }
            PatKind::Array { elements, rest } => {
                self.word("[");
                for (i, pat) in elements.iter().enumerate() {
                    self.word(if i > 0 { ", " } else { "" });
                    self.word(if *rest == Some(i) { "..." } else { "" });
                    if let Some(pat) = pat {
                        self.pat(*pat);
                    }
                }
                self.word("]");
            }
            PatKind::Variant { path, elements } => {
                self.word(path);
                self.word("(");
                self.pats(elements, ", ");
                self.word(")");
            }
            PatKind::Default(pat, value) => {
                self.pat(*pat);
                self.word(" ?= ");
                self.expr(*value);
            }
            PatKind::Ref(pat) => {
                self.word("&");
                self.pat(*pat);
            }
            PatKind::Or(pats) => {
                self.word("(");
                self.pats(pats, " | ");
                self.word(")");
            }
            PatKind::Value(e) => {
                self.word("== ");
                self.expr(*e);
            }
        }
    }
}

fn imported(what: Imported) -> String {
    match what {
        Imported::Default => "default".into(),
        Imported::Namespace => "namespace".into(),
        Imported::Name(name) => format!("{name:?}", name = name.as_str()),
        Imported::Glob => "glob".into(),
    }
}

fn unary(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Not => "!",
        UnaryOp::Arithmetic => "neg",
        UnaryOp::TypeOf => "typeof",
        UnaryOp::Void => "void",
        UnaryOp::Delete => "delete",
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Arithmetic => "arith",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Order => "<",
        BinaryOp::In => "in",
        BinaryOp::InstanceOf => "instanceof",
    }
}

fn logical(op: LogicalOp) -> &'static str {
    match op {
        LogicalOp::And => "&&",
        LogicalOp::Or => "||",
        LogicalOp::Nullish => "??",
    }
}
