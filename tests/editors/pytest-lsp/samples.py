"""Texts with one finding each, and what a correct range over it covers."""

import re

# The emoji is one character, two UTF-16 units and four bytes; é is one, one and two.
TYPESCRIPT = """\
const https = require('https');

export function fetchReport(): void {
  /* é😀 */ https.request({ host: 'x', rejectUnauthorized: false });
}
"""
TYPESCRIPT_SPAN = re.compile(r"rejectUnauthorized(: false)?|false")
TYPESCRIPT_FLAW, TYPESCRIPT_FIXED = "rejectUnauthorized: false", "rejectUnauthorized: true"

RUST = """\
use reqwest::Client;

pub fn client() -> reqwest::Result<Client> {
    /* é😀 */ Client::builder().danger_accept_invalid_certs(true).build()
}
"""
RUST_SPAN = re.compile(r"\.?danger_accept_invalid_certs(\(true\))?|true")
RUST_FLAW, RUST_FIXED = "danger_accept_invalid_certs(true)", "danger_accept_invalid_certs(false)"

LANGUAGES = {
    "typescript": ("report.ts", "typescript", TYPESCRIPT, TYPESCRIPT_SPAN, TYPESCRIPT_FLAW, TYPESCRIPT_FIXED),
    "rust": ("client.rs", "rust", RUST, RUST_SPAN, RUST_FLAW, RUST_FIXED),
}
