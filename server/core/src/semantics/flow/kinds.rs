//! Kinds of sources and sinks, and which rule speaks when one reaches the other.

use std::ops::{BitAnd, BitOr};

macro_rules! kinds {
    ($(#[$doc:meta])* $name:ident($repr:ty, $set:ident) { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// All kinds.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// Its name in models.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|k| k.name() == name)
            }

            /// The set of this kind alone.
            pub const fn set(self) -> $set {
                $set(1 << self as $repr)
            }
        }

        /// A set of kinds.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
        pub struct $set(pub $repr);

        impl $set {
            /// No kind.
            pub const NONE: $set = $set(0);
            /// Every kind.
            pub const ALL: $set = $set(<$repr>::MAX);

            /// Whether the kind is in the set.
            pub fn has(self, kind: $name) -> bool {
                self.0 & kind.set().0 != 0
            }

            /// The kinds of both sets.
            pub const fn and(self, other: $set) -> $set {
                $set(self.0 | other.0)
            }
        }

        impl BitOr for $set {
            type Output = $set;
            fn bitor(self, other: $set) -> $set {
                $set(self.0 | other.0)
            }
        }

        impl BitAnd for $set {
            type Output = $set;
            fn bitand(self, other: $set) -> $set {
                $set(self.0 & other.0)
            }
        }

        impl FromIterator<$name> for $set {
            fn from_iter<I: IntoIterator<Item = $name>>(iter: I) -> $set {
                iter.into_iter().fold($set::NONE, |s, k| s | k.set())
            }
        }
    };
}

kinds! {
    /// What kind of data a source gives.
    SourceKind(u32, SourceKinds) {
        /// Sent by a client of a server.
        Remote = "remote",
        /// Read from the page's address or its referrer.
        Location = "location",
        /// Another window's or process's message.
        Message = "message",
        /// The command line, standard input.
        Argument = "argument",
        /// The environment.
        Environment = "environment",
        /// A file's content.
        File = "file",
        /// A server's answer.
        Response = "response",
        /// Rows of a database: stored by somebody earlier.
        Stored = "stored",
        /// A parameter of an exported function.
        Library = "library",
        /// A password, key, token or personal datum.
        Sensitive = "sensitive",
        /// A password alone.
        Password = "password",
        /// A random number that can be guessed.
        WeakRandom = "weak-random",
        /// An error's stack or message.
        ErrorDetail = "error-detail",
        /// A constant in the source.
        Constant = "constant",
        /// Names of the entries of an archive.
        ArchiveEntry = "archive-entry",
        /// A pointer whose owner is gone.
        Dangling = "dangling",
        /// Text that somebody typed into the page, or that an attribute in it holds.
        PageText = "page-text",
        /// Read by a parser from whatever its caller hands it.
        Reader = "reader",
    }
}

kinds! {
    /// What kind of harm a sink does.
    SinkKind(u64, SinkKinds) {
        /// SQL text.
        Sql = "sql",
        /// A query object of a document database.
        NoSql = "nosql",
        /// A shell's command line, or a program's name.
        Command = "command",
        /// A path of the file system.
        Path = "path",
        /// Code that is run.
        Code = "code",
        /// A template that is compiled.
        Template = "template",
        /// HTML.
        Html = "html",
        /// The address of a request that the program makes.
        Url = "url",
        /// Where a client is sent.
        Redirect = "redirect",
        /// A property name that is written to.
        PropertyKey = "property-key",
        /// An object that is merged deeply.
        Merge = "merge",
        /// Serialised objects.
        Deserialize = "deserialize",
        /// XML with entities.
        Xml = "xml",
        /// XPath.
        Xpath = "xpath",
        /// LDAP filters.
        Ldap = "ldap",
        /// A regular expression's pattern.
        Regex = "regex",
        /// Text that a slow regular expression is run on.
        RegexInput = "regex-input",
        /// A log.
        Log = "log",
        /// What a server prints.
        Console = "console",
        /// A response header.
        Header = "header",
        /// A format string.
        Format = "format",
        /// The name of a method that is called.
        MethodName = "method-name",
        /// A size that is allocated.
        Allocation = "allocation",
        /// A duration.
        Timer = "timer",
        /// The origin that a server allows.
        CorsOrigin = "cors-origin",
        /// A log that sensitive data must not reach.
        SensitiveLog = "sensitive-log",
        /// A store that sensitive data must not reach in clear.
        SensitiveStore = "sensitive-store",
        /// A connection without encryption.
        SensitiveWire = "sensitive-wire",
        /// What a client of a server sees.
        ErrorResponse = "error-response",
        /// A secret that must not be guessed.
        Secret = "secret",
        /// A hash that is too fast for passwords.
        FastHash = "fast-hash",
        /// A hash that is broken.
        WeakHash = "weak-hash",
        /// An address, which proxies and logs keep.
        SensitiveUrl = "sensitive-url",
        /// A key, nonce or salt that must not be constant.
        CryptoValue = "crypto-value",
        /// A model's prompt.
        Prompt = "prompt",
        /// An archive or stream that is unpacked without a limit.
        Unpack = "unpack",
        /// A pointer that is read or written.
        Pointer = "pointer",
        /// A message to other windows.
        PostMessage = "post-message",
        /// A file that is written.
        FileContent = "file-content",
        /// A string method that is fooled by arrays.
        StringCheck = "string-check",
        /// Where an unwrap would stop the program.
        Unwrap = "unwrap",
        /// A script's address.
        ScriptUrl = "script-url",
        /// Text that a shell reads, for what the program itself puts into it: folders' names, parameters of a library.
        ShellText = "shell-text",
        /// An argument of a program that has options to run others.
        ProgramOption = "program-option",
        /// An object of which a key from outside chooses the property that is written. Where such a key has chosen the object in
        /// another one, that may be a prototype.
        PrototypeBase = "prototype-base",
        /// No sink: marks a path that was made absolute, so that a check of its beginning decides.
        Normalized = "normalized-path",
        /// No sink: marks an address that begins with the page's own host as long as it is whole.
        WholeAddress = "whole-address",
        /// No sink: marks a request's address as it was sent, in which line breaks are encoded.
        Encoded = "encoded",
        /// No sink: marks an address that was found to begin with a slash.
        Rooted = "rooted",
        /// No sink: marks an address that was found not to begin with two slashes.
        OneSlash = "one-slash",
        /// No sink: marks an object that is a request's as a whole, which loggers print with its line breaks escaped.
        Whole = "whole-object",
        /// No sink: marks what stands behind text of the program's own, wherever that came from.
        Behind = "behind-text",
    }
}

/// What somebody outside controls.
pub const OUTSIDE: SourceKinds = SourceKind::Remote
    .set()
    .and(SourceKind::Location.set())
    .and(SourceKind::Message.set())
    .and(SourceKind::Argument.set())
    .and(SourceKind::Library.set());

/// Harm that is done by letting others see a value.
pub(super) const DISCLOSURE: SinkKinds = SinkKind::SensitiveLog
    .set()
    .and(SinkKind::SensitiveStore.set())
    .and(SinkKind::SensitiveWire.set())
    .and(SinkKind::SensitiveUrl.set())
    .and(SinkKind::PostMessage.set());

/// Harm that text does by its characters, which digits do not.
pub(super) const DIGITS: SinkKinds = SinkKind::Sql
    .set()
    .and(SinkKind::NoSql.set())
    .and(SinkKind::Command.set())
    .and(SinkKind::Path.set())
    .and(SinkKind::Code.set())
    .and(SinkKind::Template.set())
    .and(SinkKind::Html.set())
    .and(SinkKind::ScriptUrl.set())
    .and(SinkKind::Url.set())
    .and(SinkKind::Redirect.set())
    .and(SinkKind::PropertyKey.set())
    .and(SinkKind::Xml.set())
    .and(SinkKind::Xpath.set())
    .and(SinkKind::Ldap.set())
    .and(SinkKind::Regex.set())
    .and(SinkKind::Log.set())
    .and(SinkKind::Header.set())
    .and(SinkKind::Format.set())
    .and(SinkKind::ShellText.set())
    .and(SinkKind::ProgramOption.set());

impl SinkKind {
    /// The rule that speaks.
    pub fn rule(self) -> &'static str {
        match self {
            SinkKind::Sql => "sql-injection",
            SinkKind::NoSql => "nosql-injection",
            SinkKind::Command => "command-injection",
            SinkKind::Path => "path-traversal",
            SinkKind::Code | SinkKind::Template => "code-injection",
            SinkKind::Html | SinkKind::ScriptUrl => "xss",
            SinkKind::Url => "ssrf",
            SinkKind::Redirect => "open-redirect",
            SinkKind::PropertyKey | SinkKind::PrototypeBase | SinkKind::Merge => "prototype-pollution",
            SinkKind::Deserialize => "unsafe-deserialization",
            SinkKind::Xml => "xxe",
            SinkKind::Xpath => "xpath-injection",
            SinkKind::Ldap => "ldap-injection",
            SinkKind::Regex => "regex-injection",
            SinkKind::RegexInput => "redos",
            SinkKind::Log | SinkKind::Console => "log-injection",
            SinkKind::Header => "header-injection",
            SinkKind::Format => "format-string",
            SinkKind::MethodName => "unvalidated-dynamic-call",
            SinkKind::Allocation => "uncontrolled-allocation",
            SinkKind::Timer => "resource-exhaustion",
            SinkKind::CorsOrigin => "cors-misconfiguration",
            SinkKind::SensitiveLog => "clear-text-logging",
            SinkKind::SensitiveStore => "clear-text-storage",
            SinkKind::SensitiveWire | SinkKind::SensitiveUrl => "clear-text-transmission",
            SinkKind::ErrorResponse => "stack-trace-exposure",
            SinkKind::Secret => "insecure-randomness",
            SinkKind::FastHash => "password-hash-too-fast",
            SinkKind::WeakHash => "weak-hash",
            SinkKind::CryptoValue => "hardcoded-cryptographic-value",
            SinkKind::Prompt => "prompt-injection",
            SinkKind::Unpack => "zip-bomb-unbounded-read",
            SinkKind::Pointer => "access-after-lifetime",
            SinkKind::PostMessage => "postmessage-wildcard",
            SinkKind::FileContent => "file-content-from-network",
            SinkKind::StringCheck => "type-confusion-through-parameter",
            SinkKind::Unwrap => "unwrap-on-untrusted-input",
            SinkKind::ShellText | SinkKind::ProgramOption => "command-injection",
            SinkKind::Normalized
            | SinkKind::WholeAddress
            | SinkKind::Encoded
            | SinkKind::Rooted
            | SinkKind::OneSlash
            | SinkKind::Whole
            | SinkKind::Behind => "",
        }
    }

    /// The kinds of sources that matter to it.
    pub fn accepts(self) -> SourceKinds {
        let remote = SourceKind::Remote.set();
        match self {
            // Only parameters: what they are given was chosen, or was not.
            SinkKind::PrototypeBase => SourceKinds::NONE,
            SinkKind::SensitiveLog
            | SinkKind::SensitiveStore
            | SinkKind::SensitiveWire
            | SinkKind::SensitiveUrl
            | SinkKind::WeakHash => SourceKind::Sensitive.set() | SourceKind::Password.set(),
            SinkKind::FastHash => SourceKind::Password.set(),
            SinkKind::ErrorResponse => SourceKind::ErrorDetail.set(),
            SinkKind::Secret => SourceKind::WeakRandom.set(),
            SinkKind::CryptoValue => SourceKind::Constant.set(),
            SinkKind::Pointer => SourceKind::Dangling.set(),
            SinkKind::FileContent => SourceKind::Response.set(),
            SinkKind::PostMessage => SourceKind::Sensitive.set() | SourceKind::Password.set(),
            SinkKind::Path => OUTSIDE | SourceKind::ArchiveEntry.set() | SourceKind::Response.set(),
            // Who starts a program writes its pages too.
            SinkKind::Html => {
                SourceKinds(OUTSIDE.0 & !SourceKind::Argument.set().0)
                    | SourceKind::Stored.set()
                    | SourceKind::Response.set()
                    | SourceKind::PageText.set()
            }
            SinkKind::ShellText => SourceKind::Environment.set() | SourceKind::Library.set(),
            SinkKind::ProgramOption => remote | SourceKind::Message.set(),
            // Whoever starts a program may let it fetch what they like, and a page asks from where its visitor is.
            SinkKind::Url => SourceKinds(OUTSIDE.0 & !SourceKind::Argument.set().0 & !SourceKind::Location.set().0),
            SinkKind::Merge | SinkKind::PropertyKey => SourceKinds(OUTSIDE.0 & !SourceKind::Argument.set().0),
            SinkKind::Header | SinkKind::CorsOrigin | SinkKind::StringCheck | SinkKind::Console => remote,
            SinkKind::Log => remote | SourceKind::Response.set() | SourceKind::Argument.set(),
            SinkKind::Sql => {
                OUTSIDE | SourceKind::Response.set() | SourceKind::Environment.set() | SourceKind::Stored.set()
            }
            SinkKind::Regex => OUTSIDE | SourceKind::Environment.set() | SourceKind::Response.set(),
            SinkKind::NoSql => remote | SourceKind::Message.set(),
            SinkKind::Timer | SinkKind::Prompt | SinkKind::MethodName | SinkKind::Unwrap => {
                remote | SourceKind::Message.set() | SourceKind::Location.set()
            }
            // Code that a program fetches it was told to run: a plugin, a part of itself.
            SinkKind::Code => OUTSIDE | SourceKind::Environment.set() | SourceKind::File.set(),
            SinkKind::Command => {
                OUTSIDE | SourceKind::Environment.set() | SourceKind::File.set() | SourceKind::Response.set()
            }
            SinkKind::RegexInput => remote | SourceKind::Message.set() | SourceKind::Library.set(),
            SinkKind::Unpack => remote | SourceKind::Message.set(),
            SinkKind::Allocation => OUTSIDE | SourceKind::Environment.set() | SourceKind::Reader.set(),
            _ => OUTSIDE,
        }
    }
}

impl SourceKind {
    /// Whether a finding from it is surer (a client of a server) or less so (whoever starts the program).
    pub fn is_local(self) -> bool {
        matches!(
            self,
            SourceKind::Argument
                | SourceKind::Environment
                | SourceKind::File
                | SourceKind::Library
                | SourceKind::Stored
                | SourceKind::PageText
                | SourceKind::Reader
        )
    }
}
